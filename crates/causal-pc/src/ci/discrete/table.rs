//! Counting: from coded columns to the sums over a test's strata.

use std::cell::RefCell;

use super::Tables;
use super::coding::{Codes, Column};
use super::sparse::{self, largest_table};
use super::statistic::{Kind, Margins, Totals};

/// Tables of up to this many cells are counted in several copies at once: increments of the same
/// cell wait for one another, and in a tiny table they often fall on the same.
const TINY_TABLE: usize = 1 << 9;
const COPIES: usize = 4;

/// Data of up to this many rows are remembered between queries.
const FEW_ROWS: usize = 1 << 20;

thread_local! {
    static COUNTER: RefCell<Counter> = RefCell::default();
}

/// The totals of the test of `x < y` given an ascending set.
pub(super) fn totals(tables: &Tables, kind: Kind, x: usize, y: usize, given: &[usize]) -> Totals {
    if !fits(tables, x, y, given) {
        return sparse::totals(tables, kind, x, y, given);
    }
    COUNTER.with_borrow_mut(|counter| {
        counter.count(tables, x, y, given);
        let totals = counter.add_up(&tables.columns, kind, x, y, given);
        if tables.n_rows > FEW_ROWS {
            *counter = Counter::default();
        }
        totals
    })
}

/// Whether the whole table is small enough.
fn fits(tables: &Tables, x: usize, y: usize, given: &[usize]) -> bool {
    let limit = largest_table(tables.n_rows);
    let mut cells = 1_usize;
    [x, y].iter().chain(given).all(|&v| {
        cells = cells.saturating_mul(tables.columns[v].width());
        cells <= limit
    })
}

/// Counts tables, and keeps what the next query may need again.
///
/// The index of a row's cell is `x + width(x) * (y + width(y) * (s1 + width(s1) * (s2 + ...)))`, so
/// the table of a stratum is contiguous, and a query goes on from the indices of one that began
/// alike.
#[derive(Default)]
struct Counter {
    /// Whose rows are coded.
    owner: u64,
    /// The variables coded so far: `x`, `y`, then members of the set.
    coded: Vec<usize>,
    /// For each of them the rows' indices with the variables up to it.
    indices: Vec<Vec<u32>>,
    counts: Vec<u32>,
    margins: Margins,
}

impl Counter {
    fn count(&mut self, tables: &Tables, x: usize, y: usize, given: &[usize]) {
        let variables = || [x, y].into_iter().chain(given.iter().copied());
        if self.owner != tables.id {
            self.owner = tables.id;
            self.coded.clear();
        }
        let alike = self
            .coded
            .iter()
            .zip(variables())
            .take_while(|(a, b)| **a == *b)
            .count();
        self.coded.truncate(alike);
        let (last, mut stride) = (given.len() + 1, 1);
        for (at, v) in variables().enumerate() {
            let column = &tables.columns[v];
            if at == last {
                self.count_rows(&column.codes, at, stride, stride * column.width());
            } else if at >= self.coded.len() {
                self.code_rows(&column.codes, at, stride);
                self.coded.push(v);
            }
            stride *= column.width();
        }
    }

    /// The rows' indices with the `at`-th variable, from those without it.
    fn code_rows(&mut self, codes: &Codes, at: usize, stride: usize) {
        if self.indices.len() == at {
            self.indices.push(Vec::new());
        }
        let (before, rest) = self.indices.split_at_mut(at);
        let (before, indices) = (before.last(), &mut rest[0]);
        match codes {
            Codes::U8(codes) => code(before, codes, stride as u32, indices),
            Codes::U16(codes) => code(before, codes, stride as u32, indices),
            Codes::U32(codes) => code(before, codes, stride as u32, indices),
        }
    }

    /// Counts the rows by their indices with the last variable.
    fn count_rows(&mut self, codes: &Codes, at: usize, stride: usize, n_cells: usize) {
        let copies = if n_cells <= TINY_TABLE { COPIES } else { 1 };
        self.counts.clear();
        self.counts.resize(copies * n_cells, 0);
        let before = &self.indices[at - 1];
        let counts = &mut self.counts[..];
        match codes {
            Codes::U8(codes) => count(before, codes, stride as u32, counts, copies),
            Codes::U16(codes) => count(before, codes, stride as u32, counts, copies),
            Codes::U32(codes) => count(before, codes, stride as u32, counts, copies),
        }
        let (counts, others) = self.counts.split_at_mut(n_cells);
        for copy in others.chunks_exact(n_cells) {
            counts
                .iter_mut()
                .zip(copy)
                .for_each(|(sum, count)| *sum += count);
        }
        self.counts.truncate(n_cells);
    }

    fn add_up(
        &mut self,
        columns: &[Column],
        kind: Kind,
        x: usize,
        y: usize,
        given: &[usize],
    ) -> Totals {
        let (x, y) = (&columns[x], &columns[y]);
        let any_missing = given.iter().any(|&v| columns[v].has_missing);
        let mut totals = Totals::default();
        for (stratum, cells) in self.counts.chunks_exact(x.width() * y.width()).enumerate() {
            if any_missing && has_missing_member(columns, given, stratum) {
                continue;
            }
            let levels = (y.n_levels, x.n_levels);
            self.margins
                .add(&mut totals, kind, cells, x.width(), levels);
        }
        totals
    }
}

/// Whether a stratum is one of rows that miss a member of the set.
fn has_missing_member(columns: &[Column], given: &[usize], mut stratum: usize) -> bool {
    given.iter().any(|&v| {
        let code = stratum % columns[v].width();
        stratum /= columns[v].width();
        code == columns[v].n_levels
    })
}

fn code<C: Copy + Into<u32>>(
    before: Option<&Vec<u32>>,
    codes: &[C],
    stride: u32,
    indices: &mut Vec<u32>,
) {
    indices.clear();
    match before {
        None => indices.extend(codes.iter().map(|&code| code.into())),
        Some(before) => {
            let rows = before.iter().zip(codes);
            indices.extend(rows.map(|(&index, &code)| index + stride * code.into()));
        }
    }
}

fn count<C: Copy + Into<u32>>(
    before: &[u32],
    codes: &[C],
    stride: u32,
    counts: &mut [u32],
    copies: usize,
) {
    let cell = |(&index, &code): (&u32, &C)| (index + stride * code.into()) as usize;
    if copies != COPIES {
        return before
            .iter()
            .zip(codes)
            .for_each(|row| counts[cell(row)] += 1);
    }
    let (first, rest) = counts.split_at_mut(counts.len() / COPIES);
    let (second, rest) = rest.split_at_mut(first.len());
    let (third, fourth) = rest.split_at_mut(first.len());
    let (mut before, mut codes) = (before.chunks_exact(COPIES), codes.chunks_exact(COPIES));
    for (before, codes) in before.by_ref().zip(codes.by_ref()) {
        first[cell((&before[0], &codes[0]))] += 1;
        second[cell((&before[1], &codes[1]))] += 1;
        third[cell((&before[2], &codes[2]))] += 1;
        fourth[cell((&before[3], &codes[3]))] += 1;
    }
    let rest = before.remainder().iter().zip(codes.remainder());
    rest.for_each(|row| first[cell(row)] += 1);
}
