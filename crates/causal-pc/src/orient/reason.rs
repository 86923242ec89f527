//! Why an arrow is where it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An unshielded triple `x - y - z`: x and z are adjacent to y and not to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Triple {
    /// One end, the smaller.
    pub x: usize,
    /// The middle.
    pub y: usize,
    /// The other end.
    pub z: usize,
}

impl Triple {
    /// The triple with its ends in order.
    pub fn new(x: usize, y: usize, z: usize) -> Self {
        Self {
            x: x.min(z),
            y,
            z: x.max(z),
        }
    }
}

/// Printed as `x - y - z`.
impl fmt::Display for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} - {} - {}", self.x, self.y, self.z)
    }
}

/// Why an edge has an arrowhead: for `from -> to`, or one end of `from <-> to`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// `from` and another variable meet in `to`.
    Collider(Triple),
    /// Background knowledge leaves no other direction.
    Knowledge,
    /// Meek's R1: `a -> from`, a and `to` not adjacent; else `from` would be a collider.
    MeekR1 {
        /// The variable that points at `from`.
        a: usize,
    },
    /// Meek's R2: `from -> b -> to`; else there would be a cycle.
    MeekR2 {
        /// The variable between.
        b: usize,
    },
    /// Meek's R3: `from - b -> to` and `from - c -> to`, b and c not adjacent; else one of them
    /// would close a cycle or meet the other in `from`.
    MeekR3 {
        /// One variable that points at `to`.
        b: usize,
        /// The other.
        c: usize,
    },
    /// Meek's R4: `from - b -> c -> to`, b and `to` not adjacent, `from` and c adjacent.
    MeekR4 {
        /// The variable that is not adjacent to `to`.
        b: usize,
        /// The variable that points at `to`.
        c: usize,
    },
}

/// What a triple was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripleVerdict {
    /// `x -> y <- z`.
    Collider,
    /// Anything else.
    NonCollider,
    /// The tests disagree, or say nothing.
    Ambiguous,
}

/// What the tests said of an unshielded triple, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TripleFinding {
    /// The triple.
    pub triple: Triple,
    /// What the collider rule made of the tests.
    pub verdict: TripleVerdict,
    /// How much speaks for a collider, from -1 (all against) to 1 (all for).
    pub support: f64,
    /// How many sets with the middle made the ends independent, where the rule counts them.
    pub n_with: Option<u64>,
    /// How many sets without the middle made the ends independent, where the rule counts them.
    pub n_without: Option<u64>,
    /// The natural logarithm of the largest p-value over sets with the middle, where it was sought.
    /// As serde data minus infinity is the text "-inf".
    #[serde(with = "log_p")]
    pub log_p_with: Option<f64>,
    /// The natural logarithm of the largest p-value over sets without the middle, where it was
    /// sought.
    #[serde(with = "log_p")]
    pub log_p_without: Option<f64>,
    /// Whether both ends point at the middle in the graph.
    pub is_collider: bool,
}

/// JSON has no infinity, and a p-value that is 0 is not one that was never sought.
mod log_p {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const OF_ZERO: &str = "-inf";

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Number(f64),
        OfZero(String),
    }

    pub(super) fn serialize<S: Serializer>(
        log_p: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if *log_p == Some(f64::NEG_INFINITY) {
            return OF_ZERO.serialize(serializer);
        }
        log_p.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        match Option::deserialize(deserializer)? {
            None => Ok(None),
            Some(Stored::Number(log_p)) => Ok(Some(log_p)),
            Some(Stored::OfZero(text)) if text == OF_ZERO => Ok(Some(f64::NEG_INFINITY)),
            Some(Stored::OfZero(text)) => Err(serde::de::Error::custom(format!(
                "expected a number, null or {OF_ZERO:?}, found {text:?}"
            ))),
        }
    }
}

impl TripleFinding {
    /// A finding without evidence.
    pub(crate) fn new(triple: Triple, verdict: TripleVerdict, support: f64) -> Self {
        Self {
            triple,
            verdict,
            support,
            n_with: None,
            n_without: None,
            log_p_with: None,
            log_p_without: None,
            is_collider: false,
        }
    }

    /// Whether the graph is not what the verdict says: the triple was given up for others with
    /// stronger evidence, for knowledge, or for a graph without cycles.
    pub fn is_given_up(&self) -> bool {
        match self.verdict {
            TripleVerdict::Collider => !self.is_collider,
            TripleVerdict::NonCollider => self.is_collider,
            TripleVerdict::Ambiguous => false,
        }
    }
}
