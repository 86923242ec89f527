//! One method of a comparison: what is done, where, and how far.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use value_causal::bench::Prompt;
use value_causal::lens::{Passes, Steer};

/// A method.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Its name in tables and pictures.
    pub name: String,
    /// What is done.
    pub how: How,
    /// How far, in the method's own measure. See [`How`].
    #[serde(default)]
    pub doses: Vec<f64>,
    /// Where in the prompt.
    #[serde(default)]
    pub place: Place,
    /// In which passes.
    #[serde(default)]
    pub passes: In,
}

/// Where in the prompt a steer acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At the study's steered phrase only.
    #[default]
    Phrase,
    /// From the phrase on.
    FromPhrase,
    /// At every token.
    Everywhere,
    /// At the last token of each pass.
    Last,
}

/// In which passes a steer acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum In {
    /// The prompt's.
    #[default]
    Prompt,
    /// All: new tokens, too.
    Every,
}

/// One hook point, or some, by TransformerLens's names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "expected the name of a hook point, or a list of such names"
)]
pub enum Points {
    /// One.
    One(String),
    /// Some.
    Some(Vec<String>),
}

impl Points {
    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Some(names) => names,
        }
    }
}

/// What is taken off before a principal direction is found. See `tch_lens::contrast::Centring`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centred {
    /// Each pair's middle.
    #[default]
    Pairs,
    /// The mean difference, off the differences: the released default of repeng, which loses what all pairs share.
    Differences,
    /// The mean of all rows.
    Global,
}

/// What heads are chosen by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Best {
    /// The accuracy of a probe, as published: 70% of the pairs fit it and give the direction, the others choose.
    #[default]
    Probe,
    /// The difference of the two kinds' means in standard deviations within them, over all pairs. It still tells heads
    /// apart where every probe is right.
    Separation,
}

impl Best {
    fn is_probe(&self) -> bool {
        *self == Self::Probe
    }
}

/// What is done to a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Its direction is added, so many times.
    #[default]
    Add,
    /// Its activation is set to so many times its greatest one in the contrast.
    Clamp,
    /// The same where it is less.
    Floor,
}

/// What a method does. To lower a value, the same is done the other way round.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum How {
    /// The study's instruction in the prompt. No dose.
    Instruction {},
    /// The difference of two prompts, token by token, from the first token on (Turner et al. 2023). Doses are multiples.
    ActivationAddition {
        /// The prompt for the value, then the one against it; `{value}` is the value's name.
        prompts: [String; 2],
        /// Where.
        at: String,
    },
    /// The difference of means (Rimsky et al. 2024). Doses are multiples of it, or lengths.
    MeanDifference {
        /// Of these pairs.
        contrast: String,
        /// Where; each point has its own.
        at: Points,
        /// Whether doses are lengths.
        #[serde(default)]
        unit: bool,
    },
    /// The direction of most variance (Zou et al. 2023). Doses are lengths.
    Principal {
        /// Of these pairs.
        contrast: String,
        /// Where; each point has its own.
        at: Points,
        /// What is taken off first.
        #[serde(default)]
        centred: Centred,
    },
    /// The weights of a logistic regression. Doses are lengths.
    Probe {
        /// Of these pairs.
        contrast: String,
        /// Where; each point has its own.
        at: Points,
    },
    /// Raises a probe's probability to the dose where it is lower, or lowers it to 1 less the dose where it is higher (ConVA,
    /// Jin et al. 2025). Doses are probabilities.
    Probability {
        /// Of these pairs.
        contrast: String,
        /// Where; each point has its own.
        at: Points,
        /// Whether it is measured at the prompt's last token for all positions, as released, or at each position.
        #[serde(default)]
        once: bool,
    },
    /// The heads that tell the two kinds apart best (ITI, Li et al. 2023). Doses are standard deviations.
    Heads {
        /// Of these pairs.
        contrast: String,
        /// How many.
        heads: usize,
        /// What counts as best.
        #[serde(default, skip_serializing_if = "Best::is_probe")]
        best: Best,
    },
    /// A feature of an autoencoder. Doses are multiples: see [`Action`].
    Feature {
        /// The autoencoder; the study's unless set.
        sae: Option<PathBuf>,
        /// Where; the autoencoder's own hook point unless set.
        at: Option<String>,
        /// What is done.
        #[serde(default)]
        action: Action,
        /// The features of each value, to raise and to lower it; unless set those that the contrast tells most.
        features: Option<BTreeMap<String, [usize; 2]>>,
        /// Pairs by which features are chosen, and their greatest activations.
        contrast: String,
    },
    /// Neurons that one side of the pairs activates more often are raised, those of the other muted (NPTI, Deng et al.
    /// 2024; ValueLocate). Doses are multiples of their 95% quantiles.
    Neurons {
        /// Of these pairs.
        contrast: String,
        /// By how much the shares of tokens at which a neuron is active must differ.
        #[serde(default = "tenth")]
        least: f64,
    },
    /// A rotation in the plane of mean difference and global principal direction (Vu and Nguyen 2025). Doses are degrees
    /// from right across the difference towards it.
    Rotation {
        /// Of these pairs.
        contrast: String,
        /// Where; each point has its own.
        at: Points,
        /// Whether only positions that lie along the difference are turned.
        #[serde(default)]
        adaptive: bool,
    },
    /// Directions of a file: safetensors with a vector for each value, or JSON as `grow_organism` writes it. Doses are
    /// multiples.
    Direction {
        /// The file.
        file: PathBuf,
        /// Where.
        at: String,
    },
    /// Random directions, the control of all others. Doses are lengths.
    Random {
        /// How many, at least 20 for a band.
        draws: usize,
        /// Where.
        at: String,
        /// From this seed on.
        #[serde(default)]
        seed: u64,
    },
}

/// The fewest random directions that make a band.
pub const LEAST_DRAWS: usize = 20;

impl How {
    /// The pairs that it learns from.
    #[must_use]
    pub fn contrast(&self) -> Option<&str> {
        match self {
            Self::Instruction {}
            | Self::ActivationAddition { .. }
            | Self::Direction { .. }
            | Self::Random { .. } => None,
            Self::MeanDifference { contrast, .. }
            | Self::Principal { contrast, .. }
            | Self::Probe { contrast, .. }
            | Self::Probability { contrast, .. }
            | Self::Heads { contrast, .. }
            | Self::Feature { contrast, .. }
            | Self::Neurons { contrast, .. }
            | Self::Rotation { contrast, .. } => Some(contrast),
        }
    }

    /// What is wrong with it at these doses.
    pub(crate) fn fault(&self, doses: &[f64]) -> Option<String> {
        match self {
            Self::Probability { .. } => {
                let off = doses.iter().find(|p| !(**p > 0.0 && **p < 1.0))?;
                Some(format!(
                    "doses: expected a probability between 0 and 1, found {off}"
                ))
            }
            Self::Random { draws, .. } if *draws < LEAST_DRAWS => Some(format!(
                "how.random.draws: expected at least {LEAST_DRAWS}, so that there is a band, found {draws}"
            )),
            Self::Random { .. } if doses.iter().any(|dose| *dose <= 0.0) => {
                let found = doses.iter().find(|dose| **dose <= 0.0)?;
                Some(format!("doses: expected lengths above 0, found {found}"))
            }
            Self::Neurons { least, .. } if !(*least > 0.0 && *least <= 1.0) => Some(format!(
                "how.neurons.least: expected a share above 0 and at most 1, found {least}"
            )),
            Self::Heads { heads: 0, .. } => {
                Some("how.heads.heads: expected at least 1, found 0".to_owned())
            }
            _ => None,
        }
    }
}

impl Method {
    /// Where it acts, in words.
    #[must_use]
    pub fn acts(&self) -> &'static str {
        match (&self.how, self.place) {
            (How::Instruction {}, _) => "in the prompt's words",
            (How::ActivationAddition { .. }, _) => "at the prompt's first tokens only",
            (_, Place::Phrase) => "at the steered phrase of the prompt only, and nowhere else",
            (_, Place::FromPhrase) => "from the steered phrase on",
            (_, Place::Everywhere) => "at every token",
            (_, Place::Last) => "at the last token of each pass only",
        }
    }

    /// A steer at its place in a prompt.
    pub(crate) fn placed(&self, steer: &Steer, prompt: &Prompt) -> Steer {
        let steer = steer.clone();
        if matches!(self.how, How::ActivationAddition { .. }) {
            return steer;
        }
        let steer = match self.place {
            // The span lies in the prompt: no pass of new tokens has it.
            Place::Phrase => return steer.at_bytes(prompt.steered.clone()),
            Place::FromPhrase => steer.from_byte(prompt.steered.start),
            Place::Everywhere => steer,
            Place::Last => steer.at_last(),
        };
        steer.passes(match self.passes {
            In::Prompt => Passes::Prompt,
            In::Every => Passes::Every,
        })
    }
}

fn tenth() -> f64 {
    0.1
}
