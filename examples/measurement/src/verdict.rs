//! What follows from the measurements: is there a graph to be seen?
//!
//! A graph is claimed if both of these hold.
//!
//! 1. **There is more than chance.** The search by a test that knows the clusters finds more edges than it finds with
//!    clusters mixed up, each value by itself (one-sided, p at most .05). Rows of a role are one cluster. Rows of a feature
//!    are another, where features are 20 or more; where they are fewer, each row is taken less its feature's mean, and what
//!    is said holds for these features. Mixing is exact where clusters are exchangeable: without any structure a graph is
//!    claimed in at most 5 % of studies, whatever rows of a cluster have in common.
//! 2. **There is more than common factors.** Arrows describe the correlations better, for the number of their parameters
//!    (AIC), than no common factor, one, and two, each time by more than they do in data that have just these factors, the
//!    same clusters and no arrow ([`AgainstFactors`]; p at most .05). One or two factors that join all values (scale use,
//!    saying yes to everything, wanting to be liked) are no graph. Three and more factors of a few values each can hardly be
//!    told from arrows among these values by so few rows, and are often claimed as a graph.
//!
//! Otherwise no graph can be seen, unless the design could hardly have shown one, which is said instead: fewer than 20
//! clusters, fewer than three values, more than a tenth of the clusters with rows where no other has just these (nothing can
//! take their place), or a correlation of .5 too small to be seen in four cases of five.
//!
//! A claim says that arrows are needed, not that each arrow is right. And neither rule sees what two values share for
//! other reasons than cause: an item that measures both, say.

use std::fmt;

use serde::Serialize;

use crate::against_chance::AgainstChance;
use crate::against_factors::AgainstFactors;
use crate::reliability::{Drawn, Items, Reliabilities};
use crate::rows::Rows;
use crate::spectrum::Spectrum;
use crate::{Failure, Settings};

/// Level of both conditions.
pub const LEVEL: f64 = 0.05;
/// With fewer clusters a test by clusters sees little and is only roughly right.
pub const LEAST_CLUSTERS: usize = 20;
/// A design that does not see a correlation of this size cannot tell.
pub const LARGE_CORRELATION: f64 = 0.5;
/// Fewer values have no graph that a search could find.
const LEAST_VALUES: usize = 3;

/// What follows from the measurements.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Verdict {
    /// No graph can be seen.
    NoGraph {
        /// Why not.
        because: Because,
    },
    /// A graph can be seen.
    Graph {
        /// The pairs of values that it joins.
        edges: Vec<(String, String)>,
    },
    /// The design cannot tell.
    CannotTell {
        /// Why not, as a clause.
        why: String,
    },
}

/// Why no graph can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// As many edges are found where nothing hangs together.
    Chance,
    /// Common factors alone give such correlations.
    CommonFactors,
}

/// What the verdict rests on.
pub(crate) struct Evidence<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) search: &'a AgainstChance,
    pub(crate) against_factors: Option<&'a AgainstFactors>,
    pub(crate) spectrum: &'a Spectrum,
}

impl Verdict {
    /// Why rows like these cannot be judged at all.
    pub(crate) fn impossible(rows: &Rows) -> Option<Self> {
        let (values, clusters) = (rows.values.len(), rows.n_clusters(rows.honest()));
        let why = if values < LEAST_VALUES {
            format!("{values} of the values vary, and a graph needs at least {LEAST_VALUES}")
        } else if clusters < LEAST_CLUSTERS {
            format!(
                "the rows are those of {clusters} roles, and fewer than {LEAST_CLUSTERS} are too few to tell anything"
            )
        } else {
            rows.unlike(rows.honest())?
        };
        Some(Self::CannotTell { why })
    }

    pub(crate) fn of(evidence: &Evidence<'_>) -> Self {
        let Some(against_factors) = evidence.against_factors else {
            let why = "no model of common factors can be fitted to so few values, or values that follow from one another";
            return Self::CannotTell {
                why: why.to_owned(),
            };
        };
        let more_than_chance = evidence.search.p_value <= LEVEL;
        let more_than_factors = against_factors.arrows_are_needed();
        let visible = evidence.spectrum.visible_correlation;
        if more_than_chance && more_than_factors {
            Self::Graph {
                edges: evidence.search.edges.clone(),
            }
        } else if visible > LARGE_CORRELATION {
            Self::CannotTell {
                why: format!(
                    "its {} rows tell no more than {:.0} independent ones would, so that correlations below {visible:.2} are easily missed",
                    evidence.rows.n(),
                    evidence.spectrum.effective_rows,
                ),
            }
        } else {
            Self::NoGraph {
                because: match more_than_chance {
                    true => Because::CommonFactors,
                    false => Because::Chance,
                },
            }
        }
    }

    /// Its word in files: `graph`, `no_graph` or `cannot_tell`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoGraph { .. } => "no_graph",
            Self::Graph { .. } => "graph",
            Self::CannotTell { .. } => "cannot_tell",
        }
    }

    /// Whether a graph is claimed.
    #[must_use]
    pub fn is_graph(&self) -> bool {
        matches!(self, Self::Graph { .. })
    }
}

/// In one plain sentence.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGraph {
                because: Because::Chance,
            } => write!(
                f,
                "No graph can be seen in these measurements: a search that knows which rows belong together does not find \
                 clearly more edges than where every relation between values is destroyed."
            ),
            Self::NoGraph {
                because: Because::CommonFactors,
            } => write!(
                f,
                "No graph can be told from common factors in these measurements: values hang together, but common factors \
                 without any arrow give such correlations, too."
            ),
            Self::Graph { edges } => write!(
                f,
                "A graph can be seen in these measurements, with {} edge{}: more than chance gives, and more than common \
                 factors do.",
                edges.len(),
                if edges.len() == 1 { "" } else { "s" }
            ),
            Self::CannotTell { why } => {
                write!(f, "The design cannot tell whether there is a graph: {why}.")
            }
        }
    }
}

/// Whether a graph is claimed, and no more: what [`Measurement`](crate::Measurement) says with the same settings, for less
/// work, since the second condition is quickly told and the first one not asked where that fails.
///
/// # Errors
/// If the rows cannot be searched.
pub fn claims_a_graph(rows: &Rows, settings: &Settings) -> Result<bool, Failure> {
    if Verdict::impossible(rows).is_some() {
        return Ok(false);
    }
    let clustering = rows.honest();
    let spectrum = Spectrum::compute(rows, clustering, settings)?;
    let against_factors =
        AgainstFactors::compute(rows, clustering, spectrum.effective_rows, true, settings)?;
    if against_factors.is_none_or(|against| !against.arrows_are_needed()) {
        return Ok(false);
    }
    let (search, _) = AgainstChance::compute(rows, clustering, settings)?;
    Ok(search.p_value <= LEVEL)
}

/// What to do next, a sentence each.
pub(crate) fn advice(
    verdict: &Verdict,
    rows: &Rows,
    reliability: &Reliabilities,
    items: Option<&Items>,
) -> Vec<String> {
    let mut advice = Vec::new();
    let mut say = |text: &str| advice.push(text.to_owned());
    if verdict.is_graph() {
        say("Draw and use the graph of the test that knows the clusters, not that of Fisher's z.");
    } else {
        say(
            "Do not draw a graph from these measurements, and read no cause into one that was drawn.",
        );
    }
    if items.is_some_and(|items| items.drawn == Drawn::OfItsOwn) {
        let share = reliability.between_roles.draw_share;
        let share = share.map_or(String::new(), |share| {
            format!(
                ": the draw makes {:.0} % of what roles differ by",
                100.0 * share
            )
        });
        say(&format!("Ask all roles the same items{share}."));
    }
    if matches!(
        verdict,
        Verdict::NoGraph {
            because: Because::CommonFactors
        }
    ) {
        say(
            "Look for what all values share: hold plain items against reverse-keyed ones, balance the order of the examples in \
             the prompt, and ask more items and roles, for only close correlations tell arrows from common factors.",
        );
    }
    if !verdict.is_graph() && rows.n_roles() < MANY_ROLES {
        say("Ask more roles: rows of the same role say little that is new.");
    }
    if reliability.mean.is_some_and(|mean| mean < GOOD_RELIABILITY) {
        say("Ask more items of each value, until reliabilities are .7 or better.");
    }
    advice
}

/// With so many roles it is not for want of roles.
const MANY_ROLES: usize = 300;
/// The usual least reliability of a scale that correlations are computed from (Nunnally).
const GOOD_RELIABILITY: f64 = 0.7;
