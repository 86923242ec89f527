//! What a search is told: the level of its tests, and every choice that PC leaves open.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::knowledge::Knowledge;

/// A significance level, strictly between 0 and 1.
///
/// ```
/// use causal_pc::Alpha;
///
/// assert_eq!(Alpha::new(0.05)?.value(), 0.05);
/// assert!(Alpha::new(1.0).is_err());
/// # Ok::<(), causal_pc::AlphaError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

/// A number that is no significance level.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("a significance level lies strictly between 0 and 1; found {found}")]
pub struct AlphaError {
    /// The number given.
    pub found: f64,
}

impl Alpha {
    /// Checks a level.
    ///
    /// # Errors
    ///
    /// [`AlphaError`] unless `0 < level < 1`.
    pub fn new(level: f64) -> Result<Self, AlphaError> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(AlphaError { found: level })
        }
    }

    /// The level.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Alpha {
    type Error = AlphaError;

    fn try_from(level: f64) -> Result<Self, AlphaError> {
        Self::new(level)
    }
}

impl From<Alpha> for f64 {
    fn from(alpha: Alpha) -> Self {
        alpha.value()
    }
}

/// Which p-values count as independence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Independent {
    /// `p > alpha`, as in causal-learn.
    #[default]
    Above,
    /// `p >= alpha`, as in pcalg.
    AtLeast,
}

/// What a p-value that is NaN counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UndefinedP {
    /// The search stops with an error that names the test.
    #[default]
    Refuse,
    /// Dependence: the edge stays, as far as this test is concerned.
    Dependent,
    /// Independence: the edge goes.
    Independent,
}

/// When edges leave the graph while the skeleton is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkeletonSearch {
    /// At the end of each depth, so that the skeleton does not depend on the variables' order
    /// (D. Colombo and M. H. Maathuis, "Order-independent constraint-based causal structure
    /// learning", JMLR 15, 2014).
    #[default]
    Stable,
    /// At once (P. Spirtes, C. Glymour and R. Scheines, *Causation, Prediction, and Search*,
    /// section 5.4.2). Fewer tests; the result depends on the variables' order, and one thread
    /// does all the work.
    Original,
}

/// How far a pair is tested at one depth once it has been found independent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SetSearch {
    /// No further: the first set separates the pair.
    #[default]
    FirstHit,
    /// With all sets of that depth, on both sides; those found independent are united, one union
    /// for each side, as causal-learn does. Not with [`SkeletonSearch::Original`], which stops at
    /// the first set in causal-learn too.
    All,
}

/// Control of the false discovery rate among the skeleton's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FdrControl {
    /// Each test at the level alpha.
    #[default]
    EachTest,
    /// The expected share of false edges at most alpha, if the tests of different pairs are
    /// independent or positively dependent: an edge stays while the largest p-value met for its
    /// pair is rejected by Benjamini and Hochberg's procedure over all pairs (J. Li and
    /// Z. J. Wang, "Controlling the false discovery rate of the association/causality structure
    /// learned with the PC algorithm", JMLR 10, 2009; applied at the end of each depth).
    BenjaminiHochberg,
    /// The same under any dependence, with Benjamini and Yekutieli's harmonic factor.
    BenjaminiYekutieli,
}

/// When an unshielded triple x - y - z is a collider.
///
/// Triples are the paths x - y - z of the skeleton with x and z not adjacent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColliderRule {
    /// If y is in none of the sets that separated x and z in the search. No test more.
    SeparatingSet,
    /// If y is in none of the subsets of x's neighbours and of z's neighbours that make x and z
    /// independent, and no collider if it is in all of them; else the triple is ambiguous, and
    /// keeps out of R1, R3 and R4 (J. Ramsey, J. Zhang and P. Spirtes, "Adjacency-faithfulness
    /// and conservative causal inference", UAI 2006).
    Conservative,
    /// If y is in fewer than half of those sets, and no collider if in more than half; else
    /// ambiguous (Colombo and Maathuis 2014).
    #[default]
    Majority,
    /// If the largest p-value over those subsets without y exceeds that over those with y
    /// (J. Ramsey, "Improving accuracy and scalability of the PC algorithm by maximizing p-value",
    /// arXiv:1610.00378). Never ambiguous.
    MaxP,
    /// [`ColliderRule::Conservative`] where the sets found independent agree,
    /// [`ColliderRule::MaxP`] where there are none: causal-learn's "definite" rule.
    DefiniteMaxP,
}

/// Which sets the collider rules test again, other than [`ColliderRule::SeparatingSet`]: subsets of
/// either end's neighbours, up to a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetestedSets {
    /// Up to this size, or that of the set which separated the pair if it is larger. Where none of
    /// these makes the pair independent, sets grow until one does, as long as there are at most a
    /// million of a size.
    UpTo(usize),
    /// All: their number is exponential in the degree.
    All,
}

impl Default for RetestedSets {
    fn default() -> Self {
        Self::UpTo(2)
    }
}

/// What happens where two colliders want the same edge in opposite directions.
///
/// Which of two is earlier the names of their variables say, the middle first, if the test knows them and
/// [`Ties::ByName`] holds, else their numbers: then [`Overwrite`](Self::Overwrite) and
/// [`KeepFirst`](Self::KeepFirst) depend on the order of the variables, as their names say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColliderConflict {
    /// The later one turns the edge.
    Overwrite,
    /// The earlier one stays, the later one is left out.
    KeepFirst,
    /// The edge becomes bidirected.
    Bidirected,
    /// As [`ColliderConflict::KeepFirst`], from the strongest collider to the weakest.
    #[default]
    StrongerEvidence,
}

/// How evidence for a collider x -> y <- z is measured, to order colliders from the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// By the ratio of the largest p-value over sets without y to that over sets with y: large
    /// first.
    #[default]
    Ratio,
    /// By the largest p-value over sets with y: small first.
    SmallWithMiddle,
    /// By the largest p-value over sets without y: large first.
    LargeWithoutMiddle,
}

/// What settles exact ties between colliders, where evidence does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ties {
    /// The names of the variables, if the test knows them ([`CiTest::names`](crate::CiTest::names));
    /// else as [`Ties::Open`].
    #[default]
    ByName,
    /// Nothing: colliders that only a name or a number would prefer to others are left out, so that
    /// reordered variables give the reordered graph. A complete tie leaves edges undirected. It may
    /// also leave a graph that no directed acyclic graph extends, in spite of
    /// [`Validity::Extendable`]: a ring of four variables with the same evidence everywhere stays
    /// undirected, while every DAG over it has a collider somewhere.
    /// [`MixedGraph::is_extendable`](crate::MixedGraph::is_extendable) tells. There is no directed
    /// cycle all the same.
    Open,
}

/// Which of Meek's rules complete the orientation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MeekRules {
    /// R1 to R4. R4 finds work only where background knowledge oriented edges.
    #[default]
    All,
    /// R1 to R3.
    WithoutR4,
}

/// What is asked of the graph that a search returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Validity {
    /// A directed acyclic graph extends it: same adjacencies, same arrows, no further unshielded
    /// collider. Colliders that stand in the way are given up, and reported. Only a complete tie
    /// under [`Ties::Open`] can stand against it.
    #[default]
    Extendable,
    /// Nothing: every rule is applied as it stands, and the result may hold directed cycles.
    AsFound,
}

/// Whose way of orienting edges is followed to the letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Manner {
    #[default]
    Own,
    CausalLearn,
    Pcalg,
}

/// Everything a search is told.
///
/// [`PcOptions::new`] gives the defaults, which each setter names. By default the graph has no
/// directed cycle, and reordered variables give the reordered graph.
///
/// ```
/// use causal_pc::{Alpha, ColliderRule, PcOptions};
///
/// let options = PcOptions::new(Alpha::new(0.01)?)
///     .collider_rule(ColliderRule::Majority)
///     .max_depth(3);
/// assert_eq!(options.alpha().value(), 0.01);
/// # Ok::<(), causal_pc::AlphaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct PcOptions {
    pub(crate) alpha: Alpha,
    pub(crate) independent: Independent,
    pub(crate) undefined_p: UndefinedP,
    pub(crate) skeleton: SkeletonSearch,
    pub(crate) set_search: SetSearch,
    pub(crate) fdr_control: FdrControl,
    pub(crate) max_depth: Option<usize>,
    pub(crate) collider_rule: ColliderRule,
    pub(crate) retested_sets: RetestedSets,
    pub(crate) conflict: ColliderConflict,
    pub(crate) evidence: Evidence,
    #[serde(default)]
    pub(crate) ties: Ties,
    pub(crate) meek: MeekRules,
    pub(crate) validity: Validity,
    pub(crate) knowledge: Knowledge,
    pub(crate) threads: Option<usize>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) manner: Manner,
}

impl PcOptions {
    /// The defaults, at this level.
    pub fn new(alpha: Alpha) -> Self {
        Self {
            alpha,
            independent: Independent::default(),
            undefined_p: UndefinedP::default(),
            skeleton: SkeletonSearch::default(),
            set_search: SetSearch::default(),
            fdr_control: FdrControl::default(),
            max_depth: None,
            collider_rule: ColliderRule::default(),
            retested_sets: RetestedSets::default(),
            conflict: ColliderConflict::default(),
            evidence: Evidence::default(),
            ties: Ties::default(),
            meek: MeekRules::default(),
            validity: Validity::default(),
            knowledge: Knowledge::new(),
            threads: None,
            time_limit: None,
            manner: Manner::Own,
        }
    }

    /// Which p-values count as independence. Default: [`Independent::Above`].
    pub fn independent(mut self, independent: Independent) -> Self {
        self.independent = independent;
        self
    }

    /// What a p-value that is NaN counts as. Default: [`UndefinedP::Refuse`].
    pub fn undefined_p(mut self, undefined_p: UndefinedP) -> Self {
        self.undefined_p = undefined_p;
        self
    }

    /// When edges leave the graph. Default: [`SkeletonSearch::Stable`].
    pub fn skeleton_search(mut self, skeleton: SkeletonSearch) -> Self {
        self.skeleton = skeleton;
        self
    }

    /// How far a pair is tested once found independent. Default: [`SetSearch::FirstHit`].
    pub fn set_search(mut self, set_search: SetSearch) -> Self {
        self.set_search = set_search;
        self
    }

    /// Control of the false discovery rate. Default: [`FdrControl::EachTest`].
    pub fn fdr_control(mut self, fdr_control: FdrControl) -> Self {
        self.fdr_control = fdr_control;
        self
    }

    /// The largest conditioning set. Default: no limit. [`PcOptions::no_max_depth`] lifts it.
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = Some(max_depth);
        self
    }

    /// Conditioning sets of any size: the default.
    pub fn no_max_depth(mut self) -> Self {
        self.max_depth = None;
        self
    }

    /// When an unshielded triple is a collider. Default: [`ColliderRule::Majority`].
    pub fn collider_rule(mut self, rule: ColliderRule) -> Self {
        self.collider_rule = rule;
        self
    }

    /// Which sets are tested again for colliders. Default: [`RetestedSets::UpTo`] 2.
    pub fn retested_sets(mut self, sets: RetestedSets) -> Self {
        self.retested_sets = sets;
        self
    }

    /// What happens where colliders conflict. Default: [`ColliderConflict::StrongerEvidence`].
    pub fn collider_conflict(mut self, conflict: ColliderConflict) -> Self {
        self.conflict = conflict;
        self
    }

    /// How evidence for a collider is measured. Default: [`Evidence::Ratio`].
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// What settles exact ties between colliders where conflicts go to the stronger evidence.
    /// Default: [`Ties::ByName`].
    pub fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Which of Meek's rules are applied. Default: [`MeekRules::All`].
    pub fn meek_rules(mut self, meek: MeekRules) -> Self {
        self.meek = meek;
        self
    }

    /// What is asked of the graph. Default: [`Validity::Extendable`].
    pub fn validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// What is known beforehand. Default: nothing.
    pub fn knowledge(mut self, knowledge: Knowledge) -> Self {
        self.knowledge = knowledge;
        self
    }

    /// The number of threads; results are the same with any. Default: those of the rayon pool that
    /// the search is called from.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Ends the search after this time and returns what is known by then: the skeleton after the last
    /// depth that was finished (in the original search, after all edges removed so far), oriented
    /// without further tests by the sets that separated pairs.
    /// [`Discovery::unfinished`](crate::Discovery) then says where the search ended. The first depth,
    /// and up to a hundred thousand sets of a pair, are always finished. In [`bootstrap`](crate::bootstrap()) and
    /// [`edge_null`](crate::edge_null()) the limit is that of all searches together. Default: no limit.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// The significance level.
    pub fn alpha(&self) -> Alpha {
        self.alpha
    }
}
