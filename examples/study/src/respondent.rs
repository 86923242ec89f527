use value_causal::bench::journal::Question;
use value_causal::bench::{Prompt, Scale};

use program::Failure;

/// A question on its way to a respondent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which.
    pub question: Question,
    /// Whether its answer is read off, not written.
    pub read_off: bool,
    /// In these words.
    pub prompt: Prompt,
    /// And in these, where an answer is read off in two forms.
    pub turned: Option<Prompt>,
    /// With this feature steered.
    pub feature: Option<u64>,
    /// How it is to be answered.
    pub scale: Scale,
}

/// A respondent's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// To which question.
    pub question: Question,
    /// The hash of the prompt, or of both, one after the other.
    pub prompt_hash: [u8; 32],
    /// All that was written after the prompt, or the likelihoods that were read off.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub new_tokens: u64,
    /// From being taken up until being there.
    pub seconds: f64,
}

/// A question that got no answer, where others may get theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Which.
    pub question: Question,
    /// What was wrong.
    pub reason: String,
}

/// What comes of a question.
pub type Outcome = Result<Answered, Unanswered>;

/// Whoever answers questions: a model in this process, or one that is served elsewhere.
pub trait Respondent {
    /// Refuses a question to which there cannot be an answer, because its prompt and the longest answer do not fit into the
    /// model's context; of a served model that is not known.
    ///
    /// # Errors
    /// How long they are.
    fn check(&self, _asked: &Asked) -> Result<(), Failure> {
        Ok(())
    }

    /// Answers every question, in any order, and hands each answer to `each` as it is there, or why this question alone has
    /// none. Questions are taken as they are needed.
    ///
    /// # Errors
    /// A question cannot be had; no question can be answered any more; `each` fails, whose error comes back as it is.
    /// Answers handed over before stay valid.
    fn answer(
        &mut self,
        questions: &mut dyn Iterator<Item = Result<Asked, Failure>>,
        each: &mut dyn FnMut(Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure>;
}
