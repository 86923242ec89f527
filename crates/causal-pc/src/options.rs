//! What a search is told: the level of its tests, and every choice that PC leaves open.

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
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
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

/// Which p-values count as independence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Independent {
    /// `p > alpha`, as in causal-learn.
    #[default]
    Above,
    /// `p >= alpha`, as in pcalg.
    AtLeast,
}

/// What a p-value that is NaN counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// How the false discoveries among the skeleton's edges are held down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Discoveries {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// Which of Meek's rules complete the orientation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MeekRules {
    /// R1 to R4. R4 finds work only where background knowledge oriented edges.
    #[default]
    All,
    /// R1 to R3.
    WithoutR4,
}

/// What is asked of the graph that a search returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Validity {
    /// A directed acyclic graph extends it: same adjacencies, same arrows, no further unshielded
    /// collider. Colliders that stand in the way are given up, and reported.
    #[default]
    Extendable,
    /// Nothing: every rule is applied as it stands, and the result may hold directed cycles.
    AsFound,
}

/// Whose ways of orienting edges are followed to the letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    #[default]
    Own,
    CausalLearn,
    Pcalg,
}

/// Everything a search is told.
///
/// [`PcOptions::new`] gives the defaults, which each setter names. The defaults never give a
/// directed cycle and do not depend on the order of the variables.
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
#[derive(Clone, Debug, PartialEq)]
pub struct PcOptions {
    pub(crate) alpha: Alpha,
    pub(crate) independent: Independent,
    pub(crate) undefined_p: UndefinedP,
    pub(crate) skeleton: SkeletonSearch,
    pub(crate) set_search: SetSearch,
    pub(crate) discoveries: Discoveries,
    pub(crate) max_depth: Option<usize>,
    pub(crate) collider_rule: ColliderRule,
    pub(crate) retested_sets: RetestedSets,
    pub(crate) conflict: ColliderConflict,
    pub(crate) evidence: Evidence,
    pub(crate) meek: MeekRules,
    pub(crate) validity: Validity,
    pub(crate) knowledge: Knowledge,
    pub(crate) threads: Option<usize>,
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
            discoveries: Discoveries::default(),
            max_depth: None,
            collider_rule: ColliderRule::default(),
            retested_sets: RetestedSets::default(),
            conflict: ColliderConflict::default(),
            evidence: Evidence::default(),
            meek: MeekRules::default(),
            validity: Validity::default(),
            knowledge: Knowledge::new(),
            threads: None,
            manner: Manner::Own,
        }
    }

    /// The answers of causal-learn 0.1.4.8's `pc(data, alpha)`: the same edges, marks, separating
    /// sets and number of distinct tests.
    ///
    /// The options that causal-learn has may be changed and are followed in its way:
    ///
    /// | causal-learn | here |
    /// |---|---|
    /// | `stable=False` | [`SkeletonSearch::Original`] |
    /// | `uc_rule=0`, `1`, `2` | [`ColliderRule::SeparatingSet`], [`MaxP`](ColliderRule::MaxP), [`DefiniteMaxP`](ColliderRule::DefiniteMaxP) |
    /// | `uc_priority=0` | [`ColliderConflict::Overwrite`] |
    /// | `uc_priority=1` | [`ColliderConflict::Bidirected`] |
    /// | `uc_priority=2` | [`ColliderConflict::KeepFirst`] |
    /// | `uc_priority=3` | [`ColliderConflict::StrongerEvidence`] with [`Evidence::SmallWithMiddle`] |
    /// | `uc_priority=4` | [`ColliderConflict::StrongerEvidence`] with [`Evidence::LargeWithoutMiddle`] |
    /// | `max_k` | [`PcOptions::max_depth`] |
    /// | `background_knowledge` | [`PcOptions::knowledge`] |
    ///
    /// Where an option asks for what causal-learn does not have ([`ColliderRule::Majority`],
    /// [`Validity::Extendable`], R4, ...), the edges are oriented in this crate's own way.
    ///
    /// Meek's rules R1 to R3 are applied with causal-learn's table of ancestors, which keeps some
    /// arrows from closing a cycle but not all: the graph can hold a directed cycle.
    pub fn like_causal_learn(alpha: Alpha) -> Self {
        Self {
            set_search: SetSearch::All,
            undefined_p: UndefinedP::Dependent,
            collider_rule: ColliderRule::SeparatingSet,
            conflict: ColliderConflict::KeepFirst,
            meek: MeekRules::WithoutR4,
            retested_sets: RetestedSets::All,
            validity: Validity::AsFound,
            manner: Manner::CausalLearn,
            ..Self::new(alpha)
        }
    }

    /// The answers of pcalg 2.7's `pc(..., skel.method = "stable.fast", u2pd = "relaxed")`.
    ///
    /// Independence is `p >= alpha`, NaN counts as independence, the first set separates, colliders
    /// overwrite each other, R1 to R3 follow. Use with
    /// [`FisherZOptions::like_pcalg`](crate::ci::FisherZOptions::like_pcalg).
    /// [`ColliderRule::Conservative`] and [`ColliderRule::Majority`] stand for `conservative` and
    /// `maj.rule`, [`ColliderConflict::Bidirected`] for `solve.confl`. The graph can hold a
    /// directed cycle. Where an option asks for what pcalg does not have, knowledge among them, the
    /// edges are oriented in this crate's own way.
    pub fn like_pcalg(alpha: Alpha) -> Self {
        Self {
            independent: Independent::AtLeast,
            undefined_p: UndefinedP::Independent,
            collider_rule: ColliderRule::SeparatingSet,
            conflict: ColliderConflict::Overwrite,
            meek: MeekRules::WithoutR4,
            retested_sets: RetestedSets::All,
            validity: Validity::AsFound,
            manner: Manner::Pcalg,
            ..Self::new(alpha)
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

    /// How false discoveries are held down. Default: [`Discoveries::EachTest`].
    pub fn discoveries(mut self, discoveries: Discoveries) -> Self {
        self.discoveries = discoveries;
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

    /// Whether causal-learn can orient edges as these options say.
    pub(crate) fn is_known_to_causal_learn(&self) -> bool {
        let retested = self.collider_rule == ColliderRule::SeparatingSet
            || self.retested_sets == RetestedSets::All;
        !matches!(
            self.collider_rule,
            ColliderRule::Conservative | ColliderRule::Majority
        ) && retested
            && self.meek == MeekRules::WithoutR4
            && self.validity == Validity::AsFound
    }

    /// Whether pcalg can orient edges as these options say; it knows of no directions beforehand.
    pub(crate) fn is_known_to_pcalg(&self) -> bool {
        let retested = self.collider_rule == ColliderRule::SeparatingSet
            || self.retested_sets == RetestedSets::All;
        !matches!(
            self.collider_rule,
            ColliderRule::MaxP | ColliderRule::DefiniteMaxP
        ) && matches!(
            self.conflict,
            ColliderConflict::Overwrite | ColliderConflict::Bidirected
        ) && retested
            && self.meek == MeekRules::WithoutR4
            && self.validity == Validity::AsFound
            && self.knowledge.is_empty()
    }

    /// The significance level.
    pub fn alpha(&self) -> Alpha {
        self.alpha
    }
}
