//! `items.csv`: how each item was answered.

use std::collections::BTreeSet;

use value_causal::bench::RatingScale;
use value_causal::bench::journal::Journal;

use super::plan::{TEST, TRAIN};
use super::rated::scales;
use program::{Failure, cell};

/// How each item was answered, by part: a column for each answer that there can be.
pub(super) fn item_counts(journal: &Journal) -> Result<String, Failure> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let items = journal.design().items();
    let ratings = scales(items).into_iter().flat_map(RatingScale::ratings);
    let ratings: BTreeSet<i32> = ratings.collect();
    let mut header = [
        "part",
        "value",
        "agreement",
        "question",
        "yes",
        "no",
        "unsure",
    ]
    .map(str::to_owned)
    .to_vec();
    header.extend(ratings.iter().map(i32::to_string));
    out.write_record(header.iter().map(String::as_str).chain(["unjudged"]))?;
    for part in [TRAIN, TEST] {
        for found in journal.item_statistics(part)? {
            let item = &items[found.item];
            let rated = |rating| found.ratings.get(rating).copied().unwrap_or(0);
            let said = [found.yes, found.no, found.unsure].into_iter();
            let said = said
                .chain(ratings.iter().map(rated))
                .chain([found.unjudged]);
            let mut line = vec![
                part.to_owned(),
                cell(&item.value).into_owned(),
                item.keying.to_string(),
                cell(&item.question).into_owned(),
            ];
            line.extend(said.map(|n| n.to_string()));
            out.write_record(&line)?;
        }
    }
    Ok(String::from_utf8(
        out.into_inner().map_err(|error| error.to_string())?,
    )?)
}
