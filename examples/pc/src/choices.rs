//! The words of the command line for the choices that the library leaves open.

use causal_pc::ci::{Correlation, DegreesOfFreedom, Singular, TooFew};
use causal_pc::data::Missing;
use causal_pc::{
    ColliderConflict, ColliderRule, Evidence, Failures, FdrControl, Independent, MeekRules,
    SetSearch, SkeletonSearch, Ties, UndefinedP, Validity,
};
use clap::ValueEnum;

/// Declares words that stand for the variants of a library's enum with the same names.
macro_rules! choices {
    ($($(#[$about:meta])* $name:ident for $choice:ty {
        $($(#[$help:meta])* $variant:ident,)+
    })+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub enum $name {
            $($(#[$help])* $variant,)+
        }

        impl From<$name> for $choice {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }
    )+};
}

choices! {
    /// What to do about missing cells.
    MissingChoice for Missing {
        /// An error that names line and column.
        Refuse,
        /// Each test uses the rows that are complete in its variables.
        TestwiseDeletion,
    }

    /// What singular correlations count as.
    SingularChoice for Singular {
        /// An error that names the variables.
        Refuse,
        /// Dependence.
        KeepEdge,
        /// Independence.
        DropEdge,
        /// The Moore-Penrose inverse.
        PseudoInverse,
    }

    /// What too few samples count as.
    TooFewChoice for TooFew {
        /// An error that names the variables.
        Refuse,
        /// Dependence.
        KeepEdge,
        /// Independence.
        DropEdge,
    }

    /// What degrees of freedom are counted from.
    DofChoice for DegreesOfFreedom {
        /// Rows and columns that hold a sample, stratum by stratum.
        NonEmpty,
        /// All that the levels span.
        AllCells,
    }

    /// When edges leave the graph.
    SkeletonChoice for SkeletonSearch {
        /// At the end of each depth.
        Stable,
        /// At once.
        Original,
    }

    /// How far a pair is tested.
    SetsChoice for SetSearch {
        /// To the first set that separates it.
        FirstHit,
        /// With all sets of that size.
        All,
    }

    /// Which p-values count as independence.
    IndependentChoice for Independent {
        /// p > alpha.
        Above,
        /// p >= alpha.
        AtLeast,
    }

    /// What an undefined p-value counts as.
    UndefinedChoice for UndefinedP {
        /// An error that names the test.
        Refuse,
        /// Dependence.
        Dependent,
        /// Independence.
        Independent,
    }

    /// How false edges are held down.
    FdrChoice for FdrControl {
        /// Each test has the level alpha.
        EachTest,
        /// The share of false edges, by Benjamini and Hochberg's procedure.
        BenjaminiHochberg,
        /// The same under any dependence, by Benjamini and Yekutieli's.
        BenjaminiYekutieli,
    }

    /// When a triple is a collider.
    ColliderChoice for ColliderRule {
        /// If its middle is not in the set that separated its ends.
        SeparatingSet,
        /// If its middle is in no set that separates its ends.
        Conservative,
        /// If its middle is in the minority of the sets that do.
        Majority,
        /// If the largest p-value is that of a set without its middle.
        MaxP,
        /// Conservative where the sets agree, max-p where none separates.
        DefiniteMaxP,
    }

    /// What happens where two colliders want an edge in opposite directions.
    ConflictChoice for ColliderConflict {
        /// The later one turns the edge.
        Overwrite,
        /// The earlier one stays.
        KeepFirst,
        /// The edge becomes bidirected.
        Bidirected,
        /// The one with the stronger evidence stays.
        StrongerEvidence,
    }

    /// How the evidence for a collider is measured.
    EvidenceChoice for Evidence {
        /// The largest p-value without the middle over that with it.
        Ratio,
        /// A small largest p-value over sets with the middle.
        SmallWithMiddle,
        /// A large largest p-value over sets without it.
        LargeWithoutMiddle,
    }

    /// What settles exact ties between colliders.
    TiesChoice for Ties {
        /// The names of the columns.
        ByName,
        /// Nothing: what would need a choice is left undirected.
        Open,
    }

    /// Meek's rules.
    MeekChoice for MeekRules {
        /// R1 to R4.
        All,
        /// R1 to R3.
        WithoutR4,
    }

    /// What happens when a resample cannot be searched.
    FailuresChoice for Failures {
        /// An error that names the resample.
        Stop,
        /// It is left out and counted.
        Skip,
    }

    /// What is asked of the graph.
    ValidityChoice for Validity {
        /// A directed acyclic graph extends it.
        Extendable,
        /// Nothing; it may hold directed cycles.
        AsFound,
    }
}

/// Programs to behave like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// causal-learn's `pc()` with its defaults.
    CausalLearn,
    /// pcalg's `pc()` with skel.method "stable.fast" and u2pd "relaxed".
    Pcalg,
}

/// The tests of independence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestKind {
    /// Fisher's z of partial correlations.
    Fisherz,
    /// Fisher's z of rank correlations, for ordinal data.
    Spearman,
    /// Fisher's z of correlations of normal scores, for monotone transforms of normal data.
    Nonparanormal,
    /// Likelihood ratio (G squared) of contingency tables, for categories.
    Gsq,
    /// Pearson's chi-squared of contingency tables, for categories.
    Chisq,
    /// Likelihood ratios of regressions, for numbers and categories together.
    Mixed,
    /// Kernels, for numbers that depend on each other in any way; slow.
    #[cfg(feature = "lapack")]
    Kci,
}

impl TestKind {
    /// The correlation that a Fisher-Z test is made on; none for other tests.
    pub fn correlation(self) -> Option<Correlation> {
        match self {
            Self::Fisherz => Some(Correlation::Pearson),
            Self::Spearman => Some(Correlation::Spearman),
            Self::Nonparanormal => Some(Correlation::Nonparanormal),
            _ => None,
        }
    }
}
