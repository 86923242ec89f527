use std::fmt;

/// The variable (column) that an error speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    /// Number of the column, from 0.
    pub index: usize,
    /// Its name, where names were given.
    pub name: Option<String>,
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "variable {}", self.index)?;
        match &self.name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

/// The names of all variables, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn variable(&self, index: usize) -> Variable {
        Variable {
            index,
            name: self.0.get(index).cloned(),
        }
    }
}
