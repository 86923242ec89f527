use super::DecisionError;

/// How far a difference on a criterion makes one action preferred to another, from 0 to 1: the six
/// functions of Brans and Vincke. Differences of at most 0 make none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preference {
    /// Any difference counts in full.
    Usual,
    /// In full above `indifference`.
    UShape {
        /// The greatest difference that does not count.
        indifference: f64,
    },
    /// In proportion, in full from `strict` on.
    VShape {
        /// The least difference that counts in full.
        strict: f64,
    },
    /// By half above `indifference`, in full above `strict`.
    Level {
        /// The greatest difference that does not count.
        indifference: f64,
        /// The greatest difference that counts by half.
        strict: f64,
    },
    /// In proportion between `indifference` and `strict`.
    Linear {
        /// The greatest difference that does not count.
        indifference: f64,
        /// The least difference that counts in full.
        strict: f64,
    },
    /// `1 - exp(-d² / 2 s²)`.
    Gaussian {
        /// The difference `s` at which the curve bends.
        inflection: f64,
    },
}

impl Preference {
    /// Of a difference of this size.
    pub fn degree(self, difference: f64) -> f64 {
        let step = |from: f64| f64::from(u8::from(difference > from));
        match self {
            Self::Usual => step(0.0),
            Self::UShape { indifference } => step(indifference),
            Self::VShape { strict } => (difference / strict).clamp(0.0, 1.0),
            Self::Level {
                indifference,
                strict,
            } => f64::midpoint(step(indifference), step(strict)),
            Self::Linear {
                indifference,
                strict,
            } => ((difference - indifference) / (strict - indifference)).clamp(0.0, 1.0),
            Self::Gaussian { inflection } => {
                let scaled = difference.max(0.0) / inflection;
                -(-scaled * scaled / 2.0).exp_m1()
            }
        }
    }

    /// Refuses thresholds that are no finite numbers of the right order.
    pub(super) fn check(self, criterion: usize) -> Result<(), DecisionError> {
        let refuse = |what, expected, found: f64, is_fine: bool| match is_fine && found.is_finite()
        {
            true => Ok(()),
            false => Err(DecisionError::Number {
                what,
                place: criterion,
                expected,
                found,
            }),
        };
        let indifference = |q: f64| {
            let what = "the threshold of indifference of criterion";
            refuse(what, "a number of at least 0", q, q >= 0.0)
        };
        let above = |p: f64, least: f64| {
            let what = "the threshold of strict preference of criterion";
            refuse(what, "a number above that of indifference", p, p > least)
        };
        match self {
            Self::Usual => Ok(()),
            Self::UShape { indifference: q } => indifference(q),
            Self::VShape { strict } => above(strict, 0.0),
            Self::Level {
                indifference: q,
                strict,
            }
            | Self::Linear {
                indifference: q,
                strict,
            } => indifference(q).and_then(|()| above(strict, q)),
            Self::Gaussian { inflection } => {
                let what = "the inflection of criterion";
                refuse(what, "a number above 0", inflection, inflection > 0.0)
            }
        }
    }
}
