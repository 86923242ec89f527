//! The text that asks a model for a judgement, and what its reply means.

use crate::{Answer, Stance};

/// How the model is asked for its judgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JudgeWording {
    /// The paper's (Appendix A.1, Template 1), for answers and for thoughts. Of the reply, white
    /// space, quotes and other marks around the word are ignored, and so is upper or lower case.
    #[default]
    Paper,
    /// The released code's: the answer in quotes, and for a thought another prompt with the
    /// question in it. The reply must be the word alone, with nothing but white space around it, in
    /// upper or lower case.
    Released,
}

/// What is to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement<'a> {
    /// A response: by the rules, and if they leave it open, its answer by the model.
    Response(&'a str),
    /// The thought of a response, as [`Answer::of`](crate::Answer::of) gives it: by the model
    /// alone.
    Thought {
        /// The thought.
        thought: &'a str,
        /// The item's question, which the released wording quotes.
        question: &'a str,
    },
}

/// The text for a statement.
pub(super) fn render(wording: JudgeWording, statement: &Statement<'_>) -> String {
    match *statement {
        Statement::Response(response) => {
            let text = response.to_lowercase();
            let parts = Answer::of(&text);
            let answer = parts.answer.unwrap_or(parts.thought);
            match wording {
                JudgeWording::Paper => paper(answer),
                JudgeWording::Released => released_answer(answer),
            }
        }
        Statement::Thought { thought, question } => {
            let thought = thought.to_lowercase();
            match wording {
                JudgeWording::Paper => paper(&thought),
                JudgeWording::Released => released_thought(&thought, question),
            }
        }
    }
}

/// What a reply means, if anything.
pub(super) fn read(wording: JudgeWording, reply: &str) -> Option<Stance> {
    let word = match wording {
        JudgeWording::Paper => reply.trim_matches(|c: char| !c.is_alphanumeric()),
        JudgeWording::Released => reply.trim(),
    };
    match word.to_lowercase().as_str() {
        "yes" => Some(Stance::Yes),
        "no" => Some(Stance::No),
        "unsure" => Some(Stance::Unsure),
        _ => None,
    }
}

/// Template 1 of the paper; its layout leaves the line breaks to us.
fn paper(statement: &str) -> String {
    format!(
        "A judgment is the answer to a question. Summarize the judgment, and tell me whether it \
         means yes, no or unsure. The output should be limited to one of 'yes'/'no'/'unsure' in \
         lowercase and without any other tokens.\n\n\
         Example:\n\
         - Judgment: \"for sure\"\n\
         - Output: yes\n\
         - Judgment: \"the answer is no\"\n\
         - Output: no\n\
         - Judgment: \"i cannot provide a response based on personal opinions\"\n\
         - Output: unsure\n\n\
         Now it is your turn.\n\
         Judgment: {statement}\n\
         Output:"
    )
}

const RELEASED_TASK: &str = "A judgement is the answer to a question. Summarize the judgement, \
    tell me whether it means yes, no or unsure. The output should be limited to one of \
    'yes'/'no'/'unsure' in lowercase and without any other tokens.\n\n";

fn released_answer(answer: &str) -> String {
    format!(
        "{RELEASED_TASK}\
         Example:\nJudgement: '**sure**'\nOutput: yes\n\n\
         Example:\nJudgement: 'the answer is no'\nOutput: no\n\n\
         Example:\nJudgement: 'I cannot provide a response based on personal opinions'\n\
         Output: unsure\n\n\
         Now it is your turn.\nJudgement: '{answer}'\nOutput:"
    )
}

/// The first example lacks its closing quote in the released code.
fn released_thought(thought: &str, question: &str) -> String {
    const EXAMPLE: &str = "Example:\nQuestion: 'Should I always be nice to others?'\nJudgement: '";
    format!(
        "{RELEASED_TASK}\
         {EXAMPLE}being nice to others may make me feel more accomplishment and live in a good \
         mood.\nOutput: yes\n\n\
         {EXAMPLE}sometimes I have to be tough to protect myself so being nice is not always a \
         good choice.'\nOutput: no\n\n\
         {EXAMPLE}I cannot provide a response based on personal opinions'\nOutput: unsure\n\n\
         Now it is your turn.\nQuestion: '{question}'\nJudgement: '{thought}'\nOutput:"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_what_the_rules_look_at() {
        let ends = |wording, text, end: &str| {
            let prompt = render(wording, &Statement::Response(text));
            assert!(prompt.ends_with(end), "{prompt}");
        };
        let (paper, released) = (JudgeWording::Paper, JudgeWording::Released);
        ends(
            paper,
            " A\nAnswer: B\nANSWER: Well, I Do ",
            "\nJudgment: well, i do\nOutput:",
        );
        ends(
            released,
            " A\nAnswer: Well ",
            "\nJudgement: 'well'\nOutput:",
        );
        ends(paper, " I Would ", "\nJudgment: i would\nOutput:");
        let thought = Statement::Thought {
            thought: "I Like it",
            question: "Should I?",
        };
        assert!(render(paper, &thought).ends_with("\nJudgment: i like it\nOutput:"));
        assert!(
            render(released, &thought)
                .ends_with("\nQuestion: 'Should I?'\nJudgement: 'i like it'\nOutput:")
        );
    }

    #[test]
    fn replies() {
        for (reply, paper, released) in [
            ("yes", Some(Stance::Yes), Some(Stance::Yes)),
            (" No\n", Some(Stance::No), Some(Stance::No)),
            ("**Unsure**.", Some(Stance::Unsure), None),
            ("\"yes\"", Some(Stance::Yes), None),
            ("yes and no", None, None),
            ("not", None, None),
            ("", None, None),
        ] {
            assert_eq!(read(JudgeWording::Paper, reply), paper, "{reply:?}");
            assert_eq!(read(JudgeWording::Released, reply), released, "{reply:?}");
        }
    }
}
