//! In which order a prompt has its examples.

/// Which of the two worked examples in a prompt comes first; of the options of a rated item, whether
/// the highest does.
///
/// A model may lean to the answer that it has read first or last, whatever it is asked. Half of the
/// prompts in either order cancel that out, and what it was can be seen between the halves: see
/// [`balanced`](Self::balanced).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExampleOrder {
    /// The one that ends in yes, as in the released templates; the highest rating.
    #[default]
    YesFirst,
    /// The one that ends in no; the lowest rating.
    NoFirst,
}

impl ExampleOrder {
    /// The order for a role and an item, by their places: roles take turns on each item, and items
    /// on each role, so that every item is asked in both orders equally often (or once more in one)
    /// and so is every role. It does not depend on what steers the model, whose effect is the
    /// difference of two answers to the same prompt.
    ///
    /// ```
    /// use valuebench::ExampleOrder::{self, NoFirst, YesFirst};
    ///
    /// let orders = |role| [0, 1, 2, 3].map(|item| ExampleOrder::balanced(role, item));
    /// assert_eq!(orders(0), [YesFirst, NoFirst, YesFirst, NoFirst]);
    /// assert_eq!(orders(1), [NoFirst, YesFirst, NoFirst, YesFirst]);
    /// ```
    pub fn balanced(role: usize, item: usize) -> Self {
        match (role ^ item) & 1 {
            0 => Self::YesFirst,
            _ => Self::NoFirst,
        }
    }
}
