//! Background knowledge: which edges there can be, and which there must be.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::data::{Variable, listed, owned};

/// Edges that are forbidden or required, and tiers.
///
/// `forbid(a, b)` forbids `a -> b`; the edge may still be `b -> a`. Where both are forbidden the
/// pair is not adjacent, and is never tested. `require(a, b)` puts `a -> b` into the graph; that
/// pair is never tested either. No edge leads from a later tier to an earlier one.
///
/// The search obeys strictly: an edge that remains between a and b with `a -> b` forbidden becomes
/// `b -> a`, whatever the tests say of colliders.
///
/// ```
/// use causal_pc::Knowledge;
///
/// // 0 and 1 are measured first, 2 and 3 later; 3 does not cause 2.
/// let knowledge = Knowledge::new().tiers([vec![0, 1], vec![2, 3]]).forbid(3, 2);
/// assert!(knowledge.forbids(2, 0) && knowledge.forbids(3, 2));
/// assert!(!knowledge.forbids(0, 2));
///
/// let names = ["dose", "weight", "outcome"].map(String::from);
/// let knowledge = Knowledge::new().require_named(&names, "dose", "outcome")?;
/// assert!(knowledge.requires(0, 2));
/// # Ok::<(), causal_pc::KnowledgeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Knowledge {
    forbidden: BTreeSet<(usize, usize)>,
    required: BTreeSet<(usize, usize)>,
    tiers: BTreeMap<usize, usize>,
    /// Variables put into a second tier, and that tier: a contradiction.
    second_tiers: BTreeMap<usize, usize>,
    unlinked_tiers: BTreeSet<usize>,
}

/// Knowledge that contradicts itself, the variables or the data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KnowledgeError {
    /// An edge or tier names a variable that does not exist.
    #[error("knowledge names variable {variable}; there are {n_variables}, numbered from 0")]
    UnknownVariable {
        /// The number.
        variable: usize,
        /// Variables there are.
        n_variables: usize,
    },
    /// No variable has this name.
    #[error("knowledge names variable {name:?}, which is not among {}", names.join(", "))]
    UnknownName {
        /// The name.
        name: String,
        /// The variables' names.
        names: Vec<String>,
    },
    /// An edge leads from a variable to itself.
    #[error("knowledge requires {variable} -> {variable}")]
    SelfLoop {
        /// The variable.
        variable: Variable,
    },
    /// An edge is both required and forbidden, itself or by tiers.
    #[error("{from} -> {to} is both required and forbidden{}", by_tiers(*tiers))]
    RequiredAndForbidden {
        /// Where the edge begins.
        from: Variable,
        /// Where it ends.
        to: Variable,
        /// The tiers of both, if it is they that forbid it.
        tiers: Option<(usize, usize)>,
    },
    /// A variable is in two tiers.
    #[error("{variable} is in tier {first} and in tier {second}")]
    TwoTiers {
        /// The variable.
        variable: Variable,
        /// The tier it was put into first.
        first: usize,
        /// The other.
        second: usize,
    },
    /// Edges within a tier are forbidden, but no variable is in that tier.
    #[error("edges within tier {tier} are forbidden, but no variable is in that tier")]
    UnknownTier {
        /// The tier.
        tier: usize,
    },
    /// Required edges form a directed cycle.
    #[error("the required edges {} form a directed cycle", path(cycle))]
    RequiredCycle {
        /// The variables, in the order of the arrows; the last points to the first.
        cycle: Vec<Variable>,
    },
    /// The pairs of a cycle are all adjacent, and what is forbidden leaves only the directed cycle.
    #[error(
        "the data make {} adjacent in a ring, and knowledge leaves only the directed cycle {}",
        listed(cycle),
        path(cycle)
    )]
    OnlyACycle {
        /// The variables, in the order of the arrows; the last points to the first.
        cycle: Vec<Variable>,
    },
}

impl Knowledge {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forbids `from -> to`.
    pub fn forbid(mut self, from: usize, to: usize) -> Self {
        self.forbidden.insert((from, to));
        self
    }

    /// Forbids any edge between `a` and `b`.
    pub fn forbid_pair(self, a: usize, b: usize) -> Self {
        self.forbid(a, b).forbid(b, a)
    }

    /// Requires `from -> to`.
    pub fn require(mut self, from: usize, to: usize) -> Self {
        self.required.insert((from, to));
        self
    }

    /// Puts a variable into a tier: no edge leads from a later tier to an earlier one. A variable
    /// without a tier may cause and be caused by any; one in two tiers is refused by the search.
    pub fn tier(mut self, variable: usize, tier: usize) -> Self {
        if *self.tiers.entry(variable).or_insert(tier) != tier {
            self.second_tiers.insert(variable, tier);
        }
        self
    }

    /// Puts variables into tiers 0, 1, ...
    pub fn tiers<T: IntoIterator<Item = usize>>(
        mut self,
        tiers: impl IntoIterator<Item = T>,
    ) -> Self {
        for (tier, variables) in tiers.into_iter().enumerate() {
            self = variables.into_iter().fold(self, |all, v| all.tier(v, tier));
        }
        self
    }

    /// Forbids all edges between the variables of a tier.
    pub fn forbid_within_tier(mut self, tier: usize) -> Self {
        self.unlinked_tiers.insert(tier);
        self
    }

    /// As [`Knowledge::forbid`], by name.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::UnknownName`] if a name is not among these.
    pub fn forbid_named(
        self,
        names: &[impl AsRef<str>],
        from: &str,
        to: &str,
    ) -> Result<Self, KnowledgeError> {
        Ok(self.forbid(index_of(names, from)?, index_of(names, to)?))
    }

    /// As [`Knowledge::require`], by name.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::UnknownName`] if a name is not among these.
    pub fn require_named(
        self,
        names: &[impl AsRef<str>],
        from: &str,
        to: &str,
    ) -> Result<Self, KnowledgeError> {
        Ok(self.require(index_of(names, from)?, index_of(names, to)?))
    }

    /// As [`Knowledge::tier`], by name.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::UnknownName`] if the name is not among these.
    pub fn tier_named(
        self,
        names: &[impl AsRef<str>],
        variable: &str,
        tier: usize,
    ) -> Result<Self, KnowledgeError> {
        Ok(self.tier(index_of(names, variable)?, tier))
    }

    /// Whether `from -> to` is forbidden, itself or by tiers.
    pub fn forbids(&self, from: usize, to: usize) -> bool {
        self.forbidden.contains(&(from, to)) || self.forbidding_tiers(from, to).is_some()
    }

    /// Whether `from -> to` is required.
    pub fn requires(&self, from: usize, to: usize) -> bool {
        self.required.contains(&(from, to))
    }

    /// Whether the pair cannot be adjacent: both directions are forbidden.
    pub fn forbids_pair(&self, a: usize, b: usize) -> bool {
        self.forbids(a, b) && self.forbids(b, a)
    }

    /// Whether an edge between the pair is required, in either direction.
    pub fn requires_pair(&self, a: usize, b: usize) -> bool {
        self.requires(a, b) || self.requires(b, a)
    }

    /// Whether an edge between the pair, if there is one, must be `from -> to`.
    pub fn directs(&self, from: usize, to: usize) -> bool {
        self.requires(from, to) || (self.forbids(to, from) && !self.forbids(from, to))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.forbidden.is_empty()
            && self.required.is_empty()
            && self.tiers.is_empty()
            && self.unlinked_tiers.is_empty()
    }

    /// Refuses knowledge that names unknown variables or contradicts itself.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError`], with the edges concerned.
    pub fn check(
        &self,
        n_variables: usize,
        names: Option<&[String]>,
    ) -> Result<(), KnowledgeError> {
        let edges = self.forbidden.iter().chain(&self.required);
        let named = edges
            .flat_map(|&(a, b)| [a, b])
            .chain(self.tiers.keys().copied());
        if let Some(variable) = named.into_iter().find(|&v| v >= n_variables) {
            return Err(KnowledgeError::UnknownVariable {
                variable,
                n_variables,
            });
        }
        let variable = |index| Variable::new(index, names);
        if let Some((&index, &second)) = self.second_tiers.first_key_value() {
            return Err(KnowledgeError::TwoTiers {
                variable: variable(index),
                first: self.tiers[&index],
                second,
            });
        }
        let is_empty = |tier: &&usize| !self.tiers.values().any(|other| other == *tier);
        if let Some(&tier) = self.unlinked_tiers.iter().find(is_empty) {
            return Err(KnowledgeError::UnknownTier { tier });
        }
        for &(from, to) in &self.required {
            if from == to {
                return Err(KnowledgeError::SelfLoop {
                    variable: variable(from),
                });
            }
            if self.forbids(from, to) {
                return Err(KnowledgeError::RequiredAndForbidden {
                    from: variable(from),
                    to: variable(to),
                    tiers: self.forbidding_tiers(from, to),
                });
            }
        }
        match cycle(n_variables, self.required.iter().copied()) {
            None => Ok(()),
            Some(cycle) => Err(KnowledgeError::RequiredCycle {
                cycle: cycle.into_iter().map(variable).collect(),
            }),
        }
    }

    /// The tiers that forbid `from -> to`, if they do.
    fn forbidding_tiers(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let (a, b) = (*self.tiers.get(&from)?, *self.tiers.get(&to)?);
        let forbidden = a > b || (a == b && from != to && self.unlinked_tiers.contains(&a));
        forbidden.then_some((a, b))
    }
}

/// A directed cycle among these edges, if there is one: each variable points to the next, the last
/// to the first.
pub(crate) fn cycle(
    n_variables: usize,
    edges: impl Iterator<Item = (usize, usize)>,
) -> Option<Vec<usize>> {
    let mut graph = crate::graph::MixedGraph::new(n_variables);
    for (from, to) in edges {
        if graph.is_directed(to, from) {
            return Some(vec![from, to]);
        }
        graph.add_directed(from, to);
    }
    graph.directed_cycle()
}

fn index_of(names: &[impl AsRef<str>], name: &str) -> Result<usize, KnowledgeError> {
    let found = names.iter().position(|other| other.as_ref() == name);
    found.ok_or_else(|| KnowledgeError::UnknownName {
        name: name.to_owned(),
        names: owned(names),
    })
}

fn by_tiers(tiers: Option<(usize, usize)>) -> String {
    tiers.map_or_else(String::new, |(a, b)| format!(", by tiers {a} and {b}"))
}

fn path(cycle: &[Variable]) -> String {
    let closed = cycle.iter().chain(cycle.first());
    closed
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(knowledge: &Knowledge) -> String {
        let names = ["a", "b", "c"].map(String::from);
        knowledge.check(3, Some(&names)).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_name_their_edges() {
        let both = Knowledge::new().forbid(0, 1).require(0, 1);
        assert_eq!(
            refused(&both),
            "0 (a) -> 1 (b) is both required and forbidden"
        );
        let tiers = Knowledge::new().tiers([[0], [1]]).require(1, 0);
        assert_eq!(
            refused(&tiers),
            "1 (b) -> 0 (a) is both required and forbidden, by tiers 1 and 0"
        );
        let twice = Knowledge::new().tiers([vec![0, 1], vec![1]]);
        assert_eq!(refused(&twice), "1 (b) is in tier 0 and in tier 1");
        let cycle = Knowledge::new().require(0, 1).require(1, 2).require(2, 0);
        assert!(refused(&cycle).ends_with("form a directed cycle"));
        let pair = Knowledge::new().require(0, 1).require(1, 0);
        assert!(refused(&pair).contains("0 (a)") && refused(&pair).contains("1 (b)"));
        assert!(refused(&Knowledge::new().require(2, 2)).contains("2 (c) -> 2 (c)"));
        assert!(refused(&Knowledge::new().forbid(0, 3)).contains("variable 3"));
        assert!(
            Knowledge::new()
                .forbid(0, 1)
                .require(1, 0)
                .check(2, None)
                .is_ok()
        );
    }

    #[test]
    fn tiers_forbid_backwards_and_within() {
        let knowledge = Knowledge::new()
            .tiers([vec![0, 1], vec![2]])
            .forbid_within_tier(0);
        assert!(knowledge.forbids_pair(0, 1));
        assert!(knowledge.forbids(2, 1) && !knowledge.forbids(1, 2));
        assert!(knowledge.directs(0, 2) && !knowledge.directs(2, 0));
        assert!(!knowledge.forbids(0, 7));
    }
}
