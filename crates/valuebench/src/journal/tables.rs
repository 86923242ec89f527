//! What a study is made for: orientations, consistency, statistics of items.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::params;

use super::error::damage;
use super::said::Said;
use super::words::reading_of;
use super::{Aspect, BY_LIKELIHOOD, Journal, JournalError, PlannedRow, Question, Shard};
use crate::{
    Item, ItemChanges, ItemScores, Measurements, OrientationTable, Reading, Stance, Weight,
};

/// What an answer without a judgement counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unjudged {
    /// Nothing: a table with such answers is refused.
    #[default]
    Refuse,
    /// Unsure, as in the released code; of what is rated, the middle of the scale.
    AsUnsure,
}

/// How thoughts and answers go together, judged apart (table 2 of the paper).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Consistency {
    /// Answers whose thought says yes, no or unsure (first index) and which say so themselves
    /// (second).
    pub counts: [[usize; 3]; 3],
    /// Answers of which one or both sides are unjudged, or rated.
    pub unjudged: usize,
}

/// Answers by what was done to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Steering {
    /// All.
    #[default]
    Any,
    /// Those of the model as it is.
    Without,
    /// Those of the steered model.
    With,
}

/// How an item was answered in the rows of a part.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ItemStatistics {
    /// The place of the item in the design.
    pub item: usize,
    /// Answers that mean yes.
    pub yes: usize,
    /// Answers that mean no.
    pub no: usize,
    /// Answers that take no position.
    pub unsure: usize,
    /// Answers that give each rating, of those that are given.
    pub ratings: BTreeMap<i32, usize>,
    /// Answers without a judgement.
    pub unjudged: usize,
}

impl ItemStatistics {
    fn count(&mut self, reading: Option<Reading>) -> &mut usize {
        match reading {
            Some(Reading::Stance(Stance::Yes)) => &mut self.yes,
            Some(Reading::Stance(Stance::No)) => &mut self.no,
            Some(Reading::Stance(Stance::Unsure)) => &mut self.unsure,
            Some(Reading::Rating(rating)) => self.ratings.entry(rating).or_default(),
            None => &mut self.unjudged,
        }
    }
}

impl Consistency {
    /// Answers of which both sides are judged.
    pub fn judged(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// The share of them in which thought and answer differ; none where nothing is judged.
    pub fn disagreement(&self) -> Option<f64> {
        let same: usize = (0..3).map(|i| self.counts[i][i]).sum();
        let judged = self.judged();
        (judged > 0).then(|| (judged - same) as f64 / judged as f64)
    }
}

impl OrientationTable {
    /// The orientations that the answers of one part of a study give, a row for each of its
    /// settings; to the byte what [`Measurements`] give of the same judgements.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: no such part; answers are missing; answers are unjudged and `unjudged`
    /// refuses them; the settings do not make a table, for want of the unsteered one of a role,
    /// say.
    pub fn from_journal(
        journal: &Journal,
        part: &str,
        unjudged: Unjudged,
    ) -> Result<Self, JournalError> {
        journal
            .measurements(part, unjudged)?
            .table()
            .map_err(|source| JournalError::Table {
                file: journal.path.clone(),
                part: part.to_owned(),
                source: Box::new(source),
            })
    }
}

impl Journal {
    /// The scores of one part, by setting, value and item.
    ///
    /// # Errors
    ///
    /// As [`OrientationTable::from_journal`], but any settings will do.
    pub fn measurements(
        &self,
        part: &str,
        unjudged: Unjudged,
    ) -> Result<Measurements, JournalError> {
        let scored = self.scored(part, unjudged)?;
        let values = self.values(&scored);
        let mut measured = Measurements::new(values.clone());
        for (row, of_row) in scored {
            let mut scores: Vec<Vec<(f64, Weight)>> = vec![Vec::new(); values.len()];
            for (&item, score) in row.items.iter().zip(of_row) {
                let asked = &self.design.items()[item];
                if let Some(value) = values.iter().position(|value| *value == asked.value) {
                    scores[value].push((score, asked.weight));
                }
            }
            measured.push_weighted(row.setting.clone(), scores);
        }
        Ok(measured)
    }

    /// The scores of one part, item by item, which are what its reliability is exactly computed
    /// from. Its items are those that some row of the part is asked, in the order of the design.
    ///
    /// # Errors
    ///
    /// As [`Journal::measurements`].
    pub fn item_scores(&self, part: &str, unjudged: Unjudged) -> Result<ItemScores, JournalError> {
        let scored = self.scored(part, unjudged)?;
        let (asked, values) = (self.asked(&scored), self.values(&scored));
        let mut columns = vec![None; self.design.items().len()];
        for (column, &item) in asked.iter().enumerate() {
            columns[item] = Some(column);
        }
        let rows = scored.into_iter().map(|(row, of_row)| {
            let mut scores = vec![None; asked.len()];
            for (&item, score) in row.items.iter().zip(of_row) {
                if let Some(column) = columns[item] {
                    scores[column] = Some(score);
                }
            }
            (row.setting.clone(), scores)
        });
        let items = asked.iter().map(|&item| self.design.items()[item].clone());
        match ItemScores::of(items.collect(), rows.collect()) {
            Ok(scores) => Ok(scores.with_values(values)),
            Err(source) => Err(JournalError::Table {
                file: self.path.clone(),
                part: part.to_owned(),
                source: Box::new(source),
            }),
        }
    }

    /// What the interventions of one part changed, item by item: what
    /// [`SteeringChanges`](crate::SteeringChanges) of its table are the means of.
    ///
    /// # Errors
    ///
    /// As [`Journal::measurements`].
    pub fn item_changes(
        &self,
        part: &str,
        unjudged: Unjudged,
    ) -> Result<ItemChanges, JournalError> {
        let scores = self.item_scores(part, unjudged)?;
        Ok(ItemChanges::of_scores(&scores))
    }

    /// How thoughts and answers go together, in one part or in all. The paper's table 2 has
    /// [`Without`](Steering::Without) as "before" and [`With`](Steering::With) as "after".
    ///
    /// # Errors
    ///
    /// No such part; what SQLite says.
    pub fn consistency(
        &self,
        part: Option<&str>,
        steering: Steering,
    ) -> Result<Consistency, JournalError> {
        if let Some(part) = part {
            self.rows_of(part)?;
        }
        self.read("compare thoughts with answers", |connection| {
            let mut found = Consistency::default();
            let mut all = connection.prepare(
                "SELECT thought_stance, stance, count(*) FROM answers
                 WHERE (?1 IS NULL OR part = ?1) AND (?2 IS NULL OR (feature IS NOT NULL) = ?2)
                 GROUP BY 1, 2",
            )?;
            let steered = match steering {
                Steering::Any => None,
                Steering::Without => Some(false),
                Steering::With => Some(true),
            };
            let mut rows = all.query(params![part, steered])?;
            while let Some(row) = rows.next()? {
                let (thought, answer): (Option<String>, Option<String>) =
                    (row.get(0)?, row.get(1)?);
                let n = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                let reading = |column, word: Option<String>| {
                    word.map(|word| reading_of(column, &word)).transpose()
                };
                match (reading(0, thought)?, reading(1, answer)?) {
                    (Some(Reading::Stance(thought)), Some(Reading::Stance(answer))) => {
                        found.counts[thought as usize][answer as usize] += n;
                    }
                    _ => found.unjudged += n,
                }
            }
            Ok(found)
        })
    }

    /// How the items were answered in one part, in the order of the design; items that no answer is
    /// to are left out.
    ///
    /// # Errors
    ///
    /// No such part; what SQLite says.
    pub fn item_statistics(&self, part: &str) -> Result<Vec<ItemStatistics>, JournalError> {
        self.rows_of(part)?;
        self.read("count answers", |connection| {
            let mut all = connection.prepare(
                "SELECT answer.item, stance, count(*)
                 FROM answer JOIN planned ON planned.id = answer.row
                 LEFT JOIN judgement said ON said.row = answer.row AND said.item = answer.item
                    AND said.aspect = 0
                 WHERE part = ? GROUP BY answer.item, stance ORDER BY answer.item",
            )?;
            let mut found: Vec<ItemStatistics> = Vec::new();
            let mut rows = all.query([part])?;
            while let Some(row) = rows.next()? {
                let item = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
                if item >= self.design.items().len() {
                    return Err(damage(0, "an answer to an item that there is not"));
                }
                let stance: Option<String> = row.get(1)?;
                let n = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                if found.last().is_none_or(|last| last.item != item) {
                    found.push(ItemStatistics {
                        item,
                        ..ItemStatistics::default()
                    });
                }
                if let Some(last) = found.last_mut() {
                    *last.count(stance.map(|word| reading_of(1, &word)).transpose()?) += n;
                }
            }
            Ok(found)
        })
    }

    fn rows_of(&self, part: &str) -> Result<Vec<(usize, &PlannedRow)>, JournalError> {
        let rows = self.design.rows().iter().enumerate();
        let rows: Vec<_> = rows.filter(|(_, row)| row.part == part).collect();
        if rows.is_empty() {
            let parts = self.design.parts().into_iter().map(str::to_owned).collect();
            return Err(JournalError::NoSuchPart {
                file: self.path.clone(),
                part: part.to_owned(),
                parts,
            });
        }
        Ok(rows)
    }

    /// The scores of the rows of one part, each in the order in which its items are asked. Takes
    /// time linear in the answers of the part.
    fn scored(
        &self,
        part: &str,
        unjudged: Unjudged,
    ) -> Result<Vec<(&PlannedRow, Vec<f64>)>, JournalError> {
        let (mut scored, mut open) = (Vec::new(), None);
        for (place, row) in self.rows_of(part)? {
            let said = self.verdicts(place)?;
            let mut scores = Vec::with_capacity(row.items.len());
            for &item in &*row.items {
                let said = match said.get(&item) {
                    Some(Ok(said)) => *said,
                    Some(Err(reason)) => {
                        open.get_or_insert((0, reason.clone())).0 += 1;
                        Said::Stance(Stance::Unsure)
                    }
                    None => return Err(self.incomplete(Question { row: place, item })?),
                };
                scores.push(said.score(self.design.items()[item].keying));
            }
            scored.push((row, scores));
        }
        match open.filter(|_| unjudged == Unjudged::Refuse) {
            None => Ok(scored),
            Some((n, reason)) => Err(JournalError::Unjudged {
                file: self.path.clone(),
                part: part.to_owned(),
                n,
                reason,
            }),
        }
    }

    /// The items that some of the rows are asked, in the order of the design.
    fn asked(&self, rows: &[(&PlannedRow, Vec<f64>)]) -> Vec<usize> {
        let mut asked = vec![false; self.design.items().len()];
        rows.iter()
            .flat_map(|(row, _)| &*row.items)
            .for_each(|&item| asked[item] = true);
        (0..asked.len()).filter(|&item| asked[item]).collect()
    }

    /// The values that some of the rows are asked about, in the order in which the items of the
    /// whole design name them first: one order for every part, whichever items a split leaves to
    /// it.
    fn values(&self, rows: &[(&PlannedRow, Vec<f64>)]) -> Vec<String> {
        let items = self.design.items();
        let asked: BTreeSet<&str> = self
            .asked(rows)
            .into_iter()
            .map(|item| &*items[item].value)
            .collect();
        let mut values: Vec<String> = Vec::new();
        for Item { value, .. } in items {
            if asked.contains(&**value) && !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// What the answers of a row say, by item, or why nobody knows.
    fn verdicts(&self, row: usize) -> Result<HashMap<usize, Result<Said, String>>, JournalError> {
        self.read("read judgements", |connection| {
            let mut all = connection.prepare(
                "SELECT said.item, stance, reason, text FROM judgement said
                 LEFT JOIN answer ON said.judge = ?3 AND answer.row = said.row
                    AND answer.item = said.item
                 WHERE said.row = ?1 AND aspect = ?2",
            )?;
            let of_row = params![row as i64, Aspect::Answer.code(), BY_LIKELIHOOD];
            let rows = all.query_map(of_row, |found| {
                let item = usize::try_from(found.get::<_, i64>(0)?).unwrap_or(usize::MAX);
                let of = self.design.items().get(item);
                let scale = of.map(|item| &item.scale);
                let scale =
                    scale.ok_or_else(|| damage(0, "a judgement on an item that there is not"))?;
                let said = match found.get::<_, Option<String>>(1)? {
                    Some(stance) => Ok(Said::of(scale, &stance, found.get(3)?)?),
                    None => Err(found.get::<_, Option<String>>(2)?.unwrap_or_default()),
                };
                Ok((item, said))
            })?;
            rows.collect()
        })
    }

    /// The error that this question has no answer.
    fn incomplete(&self, missing: Question) -> Result<JournalError, JournalError> {
        Ok(JournalError::Incomplete {
            file: self.path.clone(),
            answered: self.tally()?.answered,
            planned: self.design.n_questions(Shard::WHOLE),
            question: self.design.item(missing).question.clone(),
            setting: self.design.rows()[missing.row].setting.clone(),
        })
    }
}
