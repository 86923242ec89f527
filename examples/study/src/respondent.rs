use std::fmt;
use std::sync::Arc;

use value_causal::bench::journal::{Design, Question};
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
    /// How it is to be answered.
    pub scale: Scale,
    /// With these pushes in the model, all at once.
    pub pushes: Vec<Push>,
}

/// A way to go in the model, and how far.
#[derive(Clone, Debug, PartialEq)]
pub enum Push {
    /// What the study's steering does to a feature.
    Feature {
        /// The feature.
        feature: u64,
        /// Its dose, unless it is the study's.
        dose: Option<f64>,
    },
    /// Along what tells two sets of prompts apart, added where the study steers.
    Contrast {
        /// The prompts.
        contrast: Arc<Contrast>,
        /// How many times the difference of their means.
        dose: f64,
    },
}

/// Prompts on two sides, each with its steered phrase, over which they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// What tells them apart; no two contrasts of a run have one name.
    pub name: String,
    /// The side that a dose above 0 goes to.
    pub toward: Vec<Prompt>,
    /// The other.
    pub away: Vec<Prompt>,
}

impl Push {
    /// Of a feature, as the study steers it.
    #[must_use]
    pub fn of_feature(feature: u64) -> Self {
        Self::Feature {
            feature,
            dose: None,
        }
    }
}

impl fmt::Display for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature {
                feature,
                dose: None,
            } => write!(f, "feature {feature}"),
            Self::Feature {
                feature,
                dose: Some(dose),
            } => write!(f, "feature {feature} by {dose}"),
            Self::Contrast { contrast, dose } => write!(f, "{} by {dose}", contrast.name),
        }
    }
}

/// Questions with their prompts: those of a study's plan, or of whoever asks otherwise.
pub trait Questions {
    /// The questions.
    fn design(&self) -> &Design;

    /// Whether an answer is read off, not written.
    fn is_read_off(&self, question: Question) -> bool;

    /// A question as a respondent wants it.
    ///
    /// # Errors
    /// The template fails or lacks the steered phrase.
    fn asked(&self, question: Question) -> Result<Asked, Failure>;

    /// That `respondent` can answer every question. Steered ones have the prompts of those that are not.
    ///
    /// # Errors
    /// The first question that it cannot, and why; a template fails.
    fn check(&self, respondent: &dyn Respondent) -> Result<(), Failure> {
        for (row, planned) in self.design().rows().iter().enumerate() {
            if planned.setting.feature().is_some() {
                continue;
            }
            for &item in planned.items.iter() {
                let question = Question { row, item };
                respondent.check(&self.asked(question)?).map_err(|why| {
                    let (text, setting) =
                        (&self.design().item(question).question, &planned.setting);
                    format!("{why} ({text:?}, {setting})")
                })?;
            }
        }
        Ok(())
    }
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
