/// One comparison: which of two options was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// The number of the option that was chosen.
    pub winner: usize,
    /// The number of the other.
    pub loser: usize,
}

/// How often a choice was kept where it stood again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Choices of what was chosen just before.
    pub kept: usize,
    /// Choices in which that stood to be chosen again.
    pub could: usize,
}

impl Kept {
    /// The share that was kept; `None` where nothing stood to be chosen again.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.could > 0).then(|| self.kept as f64 / self.could as f64)
    }
}

/// How often sequences of choices go on with the option just chosen, where it stands to be chosen.
///
/// # Example
/// ```
/// use psychometrics::comparisons::{Choice, kept_choices};
///
/// let choice = |winner, loser| Choice { winner, loser };
/// // 0 is kept once; then it is given up for 2; then it does not stand to be chosen.
/// let steps = [choice(0, 1), choice(0, 2), choice(2, 0), choice(1, 0)];
/// let found = kept_choices([&steps[..]]);
/// assert_eq!((found.kept, found.could), (1, 2));
/// ```
pub fn kept_choices<'a>(sequences: impl IntoIterator<Item = &'a [Choice]>) -> Kept {
    let mut found = Kept::default();
    for steps in sequences {
        for pair in steps.windows(2) {
            let (before, now) = (pair[0].winner, pair[1]);
            found.kept += usize::from(now.winner == before);
            found.could += usize::from(now.winner == before || now.loser == before);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Wins;

    #[test]
    fn nothing_is_kept_where_nothing_stands_again() {
        let choice = |winner, loser| Choice { winner, loser };
        assert_eq!(kept_choices([]).share(), None);
        let apart = [choice(0, 1), choice(2, 3)];
        assert_eq!(kept_choices([&apart[..]]).share(), None);
        // The end of one sequence is not the beginning of the next.
        let again = [choice(2, 0)];
        assert_eq!(kept_choices([&apart[..], &again[..]]).could, 0);
    }

    #[test]
    fn choices_are_counted_and_what_is_no_option_is_refused() {
        let choice = |winner, loser| Choice { winner, loser };
        let early = Wins::of_choices(["a", "b", "c"], [choice(0, 1), choice(1, 0)]).unwrap();
        let late = Wins::of_choices(["a", "b", "c"], [choice(0, 1), choice(0, 2)]).unwrap();
        let shift = early.win_rate_shift(&late).unwrap();
        assert_eq!(shift, [Some(0.5), Some(-0.5), None]);
        let message = |choice| {
            Wins::of_choices(["a", "b"], [choice])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(choice(2, 0)),
            "a choice of option 2; there are 2, numbered from 0"
        );
        assert!(message(choice(1, 1)).starts_with("variable 1 (b) won 1 times against variable 1"));
        let two = Wins::of_choices(["a", "b"], [choice(0, 1)]).unwrap();
        assert!(early.win_rate_shift(&two).is_err());
    }
}
