//! Judging by a language model.

use std::sync::atomic::AtomicBool;

use super::judge_prompt;
use super::{ChatClient, ChatError, Message, Question, Reply, Sampling};
use crate::{Judge, Judgement, RuleJudge, Stance};

/// Asks a language model what an answer or a thought means.
///
/// Alone it is a [`Judge`], for what another one leaves open: `RuleJudge.then(judge)`. For many
/// there is [`judge_all`](Self::judge_all), which applies the [rules](RuleJudge) first and asks
/// about the rest, several at a time.
///
/// What fails stays [unjudged](Verdict::Unjudged), with the reason, and can be given again; it is
/// never taken as unsure, unless one [asks for it](FailuresAre::Unsure).
///
/// ```no_run
/// use std::sync::atomic::AtomicBool;
/// use valuebench::chat::{ChatClient, ChatJudge, Statement, Verdict};
///
/// let judge = ChatJudge::new(ChatClient::from_env()?);
/// let statements = [
///     Statement::Response(" I like people.\nAnswer: yes"),
///     Statement::Response(" I think I would rather have them around"),
/// ];
/// let verdicts = judge.judge_all(&statements, &AtomicBool::new(false), |number, verdict| {
///     println!("{number}: {verdict:?}");
/// });
/// let again = verdicts.iter().filter(|verdict| verdict.stance().is_none()).count();
/// println!("{again} are left to be judged");
/// # Ok::<(), valuebench::chat::ChatSetupError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChatJudge {
    client: ChatClient,
    wording: JudgeWording,
    failures: FailuresAre,
    sampling: Sampling,
}

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

/// What becomes of an answer whose judging fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailuresAre {
    /// It stays unjudged.
    #[default]
    Unjudged,
    /// It counts as unsure, as in the released code; [`JudgedBy::Failure`] tells which.
    Unsure,
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

/// What came of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is a judgement.
    Judged {
        /// The position taken.
        stance: Stance,
        /// Who found it.
        by: JudgedBy,
    },
    /// There is none yet.
    Unjudged(JudgeFailure),
}

/// Who judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedBy {
    /// The rules.
    Rules,
    /// The model, with these words.
    Model(Reply),
    /// Nobody: [`FailuresAre::Unsure`] made it unsure.
    Failure(JudgeFailure),
}

/// Why there is no judgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeFailure {
    /// The model was not reached, or gave no reply.
    #[error("no judgement: {0}")]
    Chat(#[from] ChatError),
    /// The model replied something else.
    #[error("expected the judgement yes, no or unsure, found {:?}", reply.text)]
    Unclear {
        /// What it replied.
        reply: Box<Reply>,
    },
}

impl Verdict {
    /// The position, if it was judged.
    pub fn stance(&self) -> Option<Stance> {
        match self {
            Self::Judged { stance, .. } => Some(*stance),
            Self::Unjudged(_) => None,
        }
    }
}

impl ChatJudge {
    /// A judge with the paper's wording, whose failures stay unjudged. It takes the likeliest
    /// reply of at most 16 tokens.
    pub fn new(client: ChatClient) -> Self {
        Self {
            client,
            wording: JudgeWording::Paper,
            failures: FailuresAre::Unjudged,
            sampling: Sampling::greedy(16),
        }
    }

    /// A judge that does what the released code does: its wording, the server's own sampling, and
    /// unsure for all that fails.
    pub fn like_released(client: ChatClient) -> Self {
        Self {
            client,
            wording: JudgeWording::Released,
            failures: FailuresAre::Unsure,
            sampling: Sampling::default(),
        }
    }

    /// The wording; [`JudgeWording::Paper`] unless set.
    pub fn with_wording(mut self, wording: JudgeWording) -> Self {
        self.wording = wording;
        self
    }

    /// What becomes of failures; [`FailuresAre::Unjudged`] unless set.
    pub fn with_failures(mut self, failures: FailuresAre) -> Self {
        self.failures = failures;
        self
    }

    /// How the model draws its tokens; `Sampling::greedy(16)` unless set. Models that think before
    /// they reply need more tokens.
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// The text that the model is asked with. Answers and thoughts are in lower case, as in the
    /// paper.
    pub fn prompt(&self, statement: &Statement<'_>) -> String {
        judge_prompt::render(self.wording, statement)
    }

    /// Judges many, as many at a time as the client may ask. Verdicts are in the order of the
    /// statements and depend on neither number nor speed.
    ///
    /// `ended` is called on this thread for each as it ends, in any order. When `stop` becomes
    /// true, what has not been asked is unjudged, with [`ChatError::Stopped`]; that holds for
    /// [`FailuresAre::Unsure`] as well.
    pub fn judge_all(
        &self,
        statements: &[Statement<'_>],
        stop: &AtomicBool,
        ended: impl FnMut(usize, &Verdict),
    ) -> Vec<Verdict> {
        let work = |number: usize| self.verdict(&statements[number], stop);
        let verdicts = self.client.for_each(statements.len(), stop, work, ended);
        let stopped = || Verdict::Unjudged(ChatError::Stopped.into());
        let verdicts = verdicts.into_iter();
        verdicts
            .map(|verdict| verdict.unwrap_or_else(stopped))
            .collect()
    }

    fn verdict(&self, statement: &Statement<'_>, stop: &AtomicBool) -> Verdict {
        if let Some(stance) = by_rules(statement) {
            let by = JudgedBy::Rules;
            return Verdict::Judged { stance, by };
        }
        match self.ask(statement, stop) {
            Ok((stance, reply)) => Verdict::Judged {
                stance,
                by: JudgedBy::Model(reply),
            },
            Err(failure) if self.counts_as_unsure(&failure) => Verdict::Judged {
                stance: Stance::Unsure,
                by: JudgedBy::Failure(failure),
            },
            Err(failure) => Verdict::Unjudged(failure),
        }
    }

    fn ask(
        &self,
        statement: &Statement<'_>,
        stop: &AtomicBool,
    ) -> Result<(Stance, Reply), JudgeFailure> {
        let question = [Message::user(self.prompt(statement))];
        let question = Question::Chat(&question);
        let reply = self.client.ask_unless(stop, &question, &self.sampling)?;
        match judge_prompt::read(self.wording, &reply.text) {
            Some(stance) => Ok((stance, reply)),
            None => Err(JudgeFailure::Unclear {
                reply: Box::new(reply),
            }),
        }
    }

    fn counts_as_unsure(&self, failure: &JudgeFailure) -> bool {
        let stopped = *failure == JudgeFailure::Chat(ChatError::Stopped);
        self.failures == FailuresAre::Unsure && !stopped
    }
}

impl Judge for ChatJudge {
    type Error = JudgeFailure;

    /// Asks the model about the response's answer, without the rules.
    fn judge(&self, response: &str) -> Result<Judgement, JudgeFailure> {
        let asked = self.ask(&Statement::Response(response), &AtomicBool::new(false));
        match asked {
            Ok((stance, _)) => Ok(Judgement::Decided(stance)),
            Err(failure) if self.counts_as_unsure(&failure) => {
                Ok(Judgement::Decided(Stance::Unsure))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn by_rules(statement: &Statement<'_>) -> Option<Stance> {
    let Statement::Response(response) = statement else {
        return None;
    };
    let Ok(judgement) = RuleJudge.judge(response);
    match judgement {
        Judgement::Decided(stance) => Some(stance),
        Judgement::Open => None,
    }
}
