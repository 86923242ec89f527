use thiserror::Error;

/// A question that no test of independence can answer: variables that do not exist or repeat.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A variable's index is too large.
    #[error("variable {variable} does not exist: there are {n_variables}, numbered from 0")]
    UnknownVariable {
        /// The index asked for.
        variable: usize,
        /// Variables there are.
        n_variables: usize,
    },
    /// A variable stands twice among the two tested and those given.
    #[error("variable {variable} stands twice in the test of {x} and {y} given {given:?}")]
    RepeatedVariable {
        /// The variable.
        variable: usize,
        /// The first variable tested.
        x: usize,
        /// The second variable tested.
        y: usize,
        /// The conditioning set.
        given: Vec<usize>,
    },
}

impl QueryError {
    /// Refuses a query with unknown or repeated variables. O(|given|^2), without allocating.
    pub(crate) fn check(
        n_variables: usize,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Result<(), Self> {
        let all = || [x, y].into_iter().chain(given.iter().copied());
        if let Some(variable) = all().find(|&v| v >= n_variables) {
            return Err(Self::UnknownVariable {
                variable,
                n_variables,
            });
        }
        match all()
            .enumerate()
            .find(|&(at, v)| all().skip(at + 1).any(|other| other == v))
        {
            None => Ok(()),
            Some((_, variable)) => Err(Self::RepeatedVariable {
                variable,
                x,
                y,
                given: given.to_vec(),
            }),
        }
    }
}
