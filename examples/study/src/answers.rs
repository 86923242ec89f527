use value_causal::bench::ItemChanges;
use value_causal::bench::journal::{Journal, JournalError, Unjudged};

use super::InstructedTables;
use super::plan::TRAIN;

/// What the journal of a study tells beyond its orientation tables.
#[derive(Clone, Debug)]
pub struct Answers {
    /// What steering changed in the training part, item by item.
    pub items: ItemChanges,
    /// What every instruction does to all values, where the study asks that.
    pub instructed: Option<InstructedTables>,
}

impl Answers {
    /// Of a complete journal, whose tables under instructions are read already.
    ///
    /// # Errors
    /// What the journal says.
    pub fn of(
        journal: &Journal,
        instructed: Option<InstructedTables>,
        unjudged: Unjudged,
    ) -> Result<Self, JournalError> {
        Ok(Self {
            items: journal.item_changes(TRAIN, unjudged)?,
            instructed,
        })
    }
}
