//! The answers of a journal: what was said under each steer.

use std::collections::HashMap;

use value_causal::bench::Stance;
use value_causal::bench::journal::{Journal, JournalError, Likelihoods, Verdict};

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// What it says; unsure where nobody judged it.
    pub stance: Stance,
    /// From -1, no, to 1, yes: by how much the yes is likelier where that was read off, else the stance.
    pub lean: f64,
}

/// All answers, by part of the journal, role and item.
pub struct Answers {
    /// By part: `[role][item]`, in the order of the design.
    parts: HashMap<String, Vec<Vec<Answer>>>,
}

impl Answer {
    const NONE: Self = Self {
        stance: Stance::Unsure,
        lean: 0.0,
    };

    fn of(text: &str, verdict: &Verdict) -> Self {
        let stance = match verdict {
            Verdict::Judged { stance, .. } => *stance,
            // Ratings are refused before anybody is asked.
            Verdict::Rated { .. } | Verdict::Unjudged { .. } => Stance::Unsure,
        };
        let lean = match stance {
            Stance::Yes => 1.0,
            Stance::No => -1.0,
            Stance::Unsure => 0.0,
        };
        Self {
            stance,
            lean: Likelihoods::parse(text).map_or(lean, |found| found.lean()),
        }
    }

    /// Yes 1, no -1, neither 0.
    #[must_use]
    pub fn said(self) -> f64 {
        match self.stance {
            Stance::Yes => 1.0,
            Stance::No => -1.0,
            Stance::Unsure => 0.0,
        }
    }
}

impl Answers {
    /// Of a complete journal all of whose rows ask the same items in one order.
    ///
    /// # Errors
    /// The journal is damaged, or lacks an answer.
    pub fn of(journal: &Journal) -> Result<Self, JournalError> {
        journal.complete()?;
        let design = journal.design();
        let mut parts: HashMap<String, Vec<Vec<Answer>>> = HashMap::new();
        let mut place = Vec::with_capacity(design.rows().len());
        for row in design.rows() {
            let part = parts.entry(row.part.clone()).or_default();
            place.push(part.len());
            part.push(vec![Answer::NONE; row.items.len()]);
        }
        let order: HashMap<usize, usize> = match design.rows().first() {
            Some(row) => row.items.iter().copied().zip(0..).collect(),
            None => HashMap::new(),
        };
        journal.for_each(|recorded| {
            let (question, response) = (recorded.response.question, &recorded.response);
            let part = parts.get_mut(&design.rows()[question.row].part);
            if let (Some(part), Some(&item)) = (part, order.get(&question.item)) {
                let row = &mut part[place[question.row]];
                row[item] = Answer::of(&response.text, &response.verdict);
            }
            Ok::<_, JournalError>(())
        })?;
        Ok(Self { parts })
    }

    /// The answers of a part, `[role][item]`; nothing for one that there is not.
    #[must_use]
    pub fn part(&self, name: &str) -> &[Vec<Answer>] {
        self.parts.get(name).map_or(&[], Vec::as_slice)
    }
}
