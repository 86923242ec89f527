//! The answers of other packages, and the check that options agree with each other and with them.

use thiserror::Error;

use crate::options::{
    Alpha, ColliderConflict, ColliderRule, FdrControl, Independent, Manner, MeekRules, PcOptions,
    RetestedSets, SetSearch, SkeletonSearch, UndefinedP, Validity,
};

/// Two options that exclude each other, or one that a preset cannot honour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{first} cannot be combined with {second}{}", hint(self))]
#[non_exhaustive]
pub struct OptionsError {
    /// One option, or the preset.
    pub first: &'static str,
    /// The other option.
    pub second: &'static str,
}

const LIKE_CAUSAL_LEARN: &str = "PcOptions::like_causal_learn";
const LIKE_PCALG: &str = "PcOptions::like_pcalg";

fn hint(error: &OptionsError) -> String {
    match error.first {
        LIKE_CAUSAL_LEARN => ", which causal-learn does not have; start from PcOptions::new".into(),
        LIKE_PCALG => ", which pcalg does not have; start from PcOptions::new".into(),
        _ => String::new(),
    }
}

impl PcOptions {
    /// The answers of causal-learn 0.1.4.8's `pc(data, alpha)`: the same edges, marks, separating
    /// sets and number of distinct tests. Use with
    /// [`FisherZOptions::like_causal_learn`](crate::ci::FisherZOptions::like_causal_learn).
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
    /// | `uc_priority=3` | [`ColliderConflict::StrongerEvidence`] with [`Evidence::SmallWithMiddle`](crate::Evidence::SmallWithMiddle) |
    /// | `uc_priority=4` | [`ColliderConflict::StrongerEvidence`] with [`Evidence::LargeWithoutMiddle`](crate::Evidence::LargeWithoutMiddle) |
    /// | `max_k` | [`PcOptions::max_depth`] |
    /// | `background_knowledge` | [`PcOptions::knowledge`] |
    ///
    /// An orientation that causal-learn does not have ([`ColliderRule::Conservative`] and
    /// [`Majority`](ColliderRule::Majority), sets tested again up to a size,
    /// [`Validity::Extendable`], R4) is refused by [`PcOptions::check`].
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
    /// directed cycle. What pcalg does not have, knowledge among it, is refused by
    /// [`PcOptions::check`].
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

    /// Refuses options that exclude each other, and those that a preset cannot honour. Every search
    /// begins with this check.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] names the two.
    pub fn check(&self) -> Result<(), OptionsError> {
        let found = match self.manner {
            Manner::Own => self.excluded(),
            Manner::CausalLearn => self
                .unknown_to_causal_learn()
                .map(|option| (LIKE_CAUSAL_LEARN, option)),
            Manner::Pcalg => self.unknown_to_pcalg().map(|option| (LIKE_PCALG, option)),
        };
        match found.or_else(|| self.excluded_by_order()) {
            None => Ok(()),
            Some((first, second)) => Err(OptionsError { first, second }),
        }
    }

    fn excluded(&self) -> Option<(&'static str, &'static str)> {
        let both = self.is_original() && self.set_search == SetSearch::All;
        both.then_some(("SkeletonSearch::Original", "SetSearch::All"))
    }

    /// The false discovery rate is controlled at the end of a depth, which the original search has
    /// not.
    fn excluded_by_order(&self) -> Option<(&'static str, &'static str)> {
        let both = self.is_original() && self.fdr_control != FdrControl::EachTest;
        both.then_some(("SkeletonSearch::Original", "FdrControl"))
    }

    fn is_original(&self) -> bool {
        self.skeleton == SkeletonSearch::Original
    }

    fn unknown_to_causal_learn(&self) -> Option<&'static str> {
        match self.collider_rule {
            ColliderRule::Conservative => Some("ColliderRule::Conservative"),
            ColliderRule::Majority => Some("ColliderRule::Majority"),
            _ => self.unknown_to_both(),
        }
    }

    fn unknown_to_pcalg(&self) -> Option<&'static str> {
        match (self.collider_rule, self.conflict) {
            (ColliderRule::MaxP, _) => Some("ColliderRule::MaxP"),
            (ColliderRule::DefiniteMaxP, _) => Some("ColliderRule::DefiniteMaxP"),
            (_, ColliderConflict::KeepFirst) => Some("ColliderConflict::KeepFirst"),
            (_, ColliderConflict::StrongerEvidence) => Some("ColliderConflict::StrongerEvidence"),
            _ if !self.knowledge.is_empty() => Some("background knowledge"),
            _ => self.unknown_to_both(),
        }
    }

    fn unknown_to_both(&self) -> Option<&'static str> {
        let retests = self.collider_rule != ColliderRule::SeparatingSet;
        if retests && self.retested_sets != RetestedSets::All {
            Some("RetestedSets::UpTo")
        } else if self.meek == MeekRules::All {
            Some("MeekRules::All")
        } else if self.validity == Validity::Extendable {
            Some("Validity::Extendable")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;

    fn level() -> Alpha {
        Alpha::new(0.05).unwrap()
    }

    #[test]
    fn presets_refuse_what_their_packages_do_not_have() {
        type Change = fn(PcOptions) -> PcOptions;
        let of_both: [Change; 3] = [
            |o| o.validity(Validity::Extendable),
            |o| o.meek_rules(MeekRules::All),
            |o| {
                o.skeleton_search(SkeletonSearch::Original)
                    .fdr_control(FdrControl::BenjaminiHochberg)
            },
        ];
        let of_causal_learn: [Change; 3] = [
            |o| o.collider_rule(ColliderRule::Majority),
            |o| o.collider_rule(ColliderRule::Conservative),
            |o| {
                o.collider_rule(ColliderRule::MaxP)
                    .retested_sets(RetestedSets::UpTo(2))
            },
        ];
        let of_pcalg: [Change; 6] = [
            |o| o.collider_rule(ColliderRule::MaxP),
            |o| o.collider_rule(ColliderRule::DefiniteMaxP),
            |o| o.collider_conflict(ColliderConflict::KeepFirst),
            |o| o.collider_conflict(ColliderConflict::StrongerEvidence),
            |o| o.knowledge(Knowledge::new().forbid(0, 1)),
            |o| {
                o.collider_rule(ColliderRule::Majority)
                    .retested_sets(RetestedSets::UpTo(2))
            },
        ];
        for change in of_both.iter().chain(&of_causal_learn) {
            change(PcOptions::like_causal_learn(level()))
                .check()
                .unwrap_err();
        }
        for change in of_both.iter().chain(&of_pcalg) {
            change(PcOptions::like_pcalg(level())).check().unwrap_err();
        }
        PcOptions::like_causal_learn(level()).check().unwrap();
        PcOptions::like_pcalg(level()).check().unwrap();
        let error = PcOptions::like_pcalg(level())
            .validity(Validity::Extendable)
            .check();
        assert_eq!(
            error.unwrap_err().to_string(),
            "PcOptions::like_pcalg cannot be combined with Validity::Extendable, which pcalg does \
             not have; start from PcOptions::new"
        );
    }

    #[test]
    fn a_search_that_removes_edges_at_once_stops_at_the_first_set() {
        let original = PcOptions::new(level()).skeleton_search(SkeletonSearch::Original);
        original.check().unwrap();
        original
            .clone()
            .set_search(SetSearch::All)
            .check()
            .unwrap_err();
        let causal_learn = PcOptions::like_causal_learn(level());
        causal_learn
            .skeleton_search(SkeletonSearch::Original)
            .check()
            .unwrap();
    }
}
