use std::cmp::Reverse;
use std::collections::BTreeMap;

use value_causal::bench::{OrientationTable, Setting};

use reproduce::measurements::steered_features;

/// For each value the feature that moves it best in one direction: the one with the most roles that it moves so, less
/// those that it moves the other way; of equal ones the smallest number. Chosen on training rows, so that test rows can
/// tell how good the choice is.
pub(super) fn best_features(table: &OrientationTable, up: bool) -> BTreeMap<String, u64> {
    let features = steered_features(table);
    let best = table
        .values()
        .iter()
        .enumerate()
        .filter_map(|(column, value)| {
            let score = |feature: u64| net_moved(table, column, feature) * if up { 1 } else { -1 };
            let best = features
                .iter()
                .copied()
                .max_by_key(|&feature| (score(feature), Reverse(feature)));
            Some((value.clone(), best?))
        });
    best.collect()
}

/// Roles whose orientation the feature raises, less those whose it lowers.
fn net_moved(table: &OrientationTable, column: usize, feature: u64) -> i64 {
    let of = |setting: &Setting| table.row(setting).map(|row| row[column]);
    let rows = table
        .settings()
        .iter()
        .filter(|setting| setting.feature() == Some(feature));
    rows.filter_map(|steered| {
        let (before, after) = (of(&steered.unsteered())?, of(steered)?);
        Some(i64::from(after > before) - i64::from(after < before))
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feature_that_moves_most_roles_is_best() {
        let csv =
            "steer_dim,player_name,A\n,,0\n1,,1\n2,,-1\n,x,0\n1,x,-1\n2,x,-1\n,y,0\n1,y,1\n2,y,0\n";
        let table = OrientationTable::from_reader(csv.as_bytes()).unwrap();
        assert_eq!(best_features(&table, true)["A"], 1);
        assert_eq!(best_features(&table, false)["A"], 2);
    }
}
