//! Requests that wait, and the groups that they form with those that run.

use std::collections::VecDeque;
use std::rc::Rc;

use super::shared::Shared;
use crate::cache::Prefix;
use crate::generate::Row;
use crate::{Error, Lm};

/// Groups that a new prompt may join: the latest ones.
const OPEN_GROUPS: usize = 16;

/// A row with its group.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) row: Row<T>,
    pub(super) group: usize,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: VecDeque<Waiting<T>>,
    groups: Vec<(usize, Shared)>,
    next_group: usize,
    shares: bool,
    least: usize,
}

impl<T> Queue<T> {
    pub(super) fn new(shares: bool, least: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            groups: Vec::new(),
            next_group: 0,
            shares,
            least,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a row at the end, into the latest group that takes it or a new one.
    pub(super) fn push(&mut self, row: Row<T>) {
        let open = self
            .groups
            .iter_mut()
            .rev()
            .take(OPEN_GROUPS)
            .filter(|_| self.shares);
        let mut joined = open.filter_map(|(id, group)| {
            group
                .join(&row.prompt, &row.steers, self.least)
                .then_some(*id)
        });
        let group = joined.next().unwrap_or_else(|| {
            let id = self.next_group;
            self.next_group += 1;
            self.groups
                .push((id, Shared::new(&row.prompt, &row.steers)));
            id
        });
        self.waiting.push_back(Waiting { row, group });
    }

    /// The next rows, at most `most`, as long as `fits` agrees.
    pub(super) fn take(&mut self, most: usize, fits: impl Fn(usize) -> bool) -> Vec<Waiting<T>> {
        let n = self
            .waiting
            .iter()
            .take(most)
            .take_while(|waiting| fits(self.own_tokens(waiting)))
            .count();
        self.waiting.drain(..n).collect()
    }

    /// The most own tokens of any of the next rows.
    pub(super) fn longest(&self, rows: usize) -> usize {
        self.waiting
            .iter()
            .take(rows)
            .map(|waiting| self.own_tokens(waiting))
            .max()
            .unwrap_or(0)
    }

    /// The most tokens that the row keeps for itself, beside what its group shares.
    fn own_tokens(&self, waiting: &Waiting<T>) -> usize {
        let shared = self
            .group(waiting.group)
            .and_then(|group| group.beginning(self.least))
            .map_or(0, <[i64]>::len);
        waiting.row.most_tokens() - shared
    }

    fn group(&self, id: usize) -> Option<&Shared> {
        self.groups
            .iter()
            .find(|(other, _)| *other == id)
            .map(|(_, group)| group)
    }

    /// The prefix of a row's group, made by `compute` where it is wanted for the first time; none where nothing is
    /// shared.
    pub(super) fn prefix(
        &mut self,
        id: usize,
        compute: impl FnOnce(&[i64], &Shared) -> Result<Prefix, Error>,
    ) -> Result<Option<Rc<Prefix>>, Error> {
        let Some((_, group)) = self.groups.iter_mut().find(|(other, _)| *other == id) else {
            return Ok(None);
        };
        if group.prefix.is_none()
            && let Some(tokens) = group.beginning(self.least)
        {
            group.prefix = Some(Rc::new(compute(tokens, group)?));
        }
        Ok(group.prefix.clone())
    }

    /// A row of the group has ended. A group that nobody can need again is forgotten.
    pub(super) fn leave(&mut self, id: usize) {
        if let Some((_, group)) = self.groups.iter_mut().find(|(other, _)| *other == id) {
            group.members -= 1;
        }
        let latest = self.next_group.saturating_sub(1);
        self.groups
            .retain(|(id, group)| group.members > 0 || *id == latest);
    }

    /// Puts rows back to the front, to begin again, and forgets all prefixes.
    pub(super) fn put_back(&mut self, lm: &Lm, rows: Vec<Waiting<T>>) -> Result<(), Error> {
        for (_, group) in &mut self.groups {
            group.prefix = None;
        }
        for mut waiting in rows.into_iter().rev() {
            waiting.row.restart(lm)?;
            self.waiting.push_front(waiting);
        }
        Ok(())
    }
}
