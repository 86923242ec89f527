//! Which rows take each other's place.

use std::collections::{BTreeMap, HashMap};

use ndarray::{Array2, ArrayView2};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::clusters::{Clusters, Labels};

/// Every row by its place: its cluster of the first way, its cluster of the second (or what matches
/// it with rows of other clusters), and its number among the rows of both.
type Place = (usize, usize, usize);

/// Clusters that may take each other's place.
pub(super) struct Mixing {
    places: Vec<Place>,
    row_at: HashMap<Place, usize>,
    /// Clusters alike, of each way that is mixed.
    first: Vec<Vec<usize>>,
    second: Vec<Vec<usize>>,
    /// Number of clusters of each way.
    n: [usize; 2],
}

impl Mixing {
    /// None if no two clusters are alike.
    pub(super) fn new(
        n_rows: usize,
        clusters: Option<&Clusters>,
        matched: Option<&Labels>,
    ) -> Option<Self> {
        let row_by_row: Vec<usize> = (0..n_rows).collect();
        let first = clusters.map_or(&row_by_row, |clusters| &clusters.first().of_row);
        let second = clusters.and_then(Clusters::second);
        let zeros = vec![0; n_rows];
        let within = second.or(matched).map_or(&zeros, |labels| &labels.of_row);
        let mut times: HashMap<(usize, usize), usize> = HashMap::new();
        let place = |(&a, &b): (&usize, &usize)| {
            let time = times.entry((a, b)).or_insert(0);
            *time += 1;
            (a, b, *time)
        };
        let places: Vec<Place> = first.iter().zip(within).map(place).collect();
        let swapped = |&(a, b, time): &Place| (b, a, time);
        let mixing = Self {
            first: alike(places.iter().copied()),
            second: match second {
                Some(_) => alike(places.iter().map(swapped)),
                None => Vec::new(),
            },
            row_at: places.iter().copied().zip(0..).collect(),
            n: [count(first), count(within)],
            places,
        };
        let can_move = |groups: &[Vec<usize>]| groups.iter().any(|group| group.len() > 1);
        (can_move(&mixing.first) || can_move(&mixing.second)).then_some(mixing)
    }

    /// Clusters, of both ways, that are like no other and stay where they are.
    pub(super) fn n_in_place(&self) -> usize {
        let groups = self.first.iter().chain(&self.second);
        groups.filter(|group| group.len() == 1).count()
    }

    /// The samples with each column mixed up by itself.
    pub(super) fn draw(&self, samples: &ArrayView2<'_, f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
        let mut drawn = Array2::zeros(samples.dim());
        for (from, mut to) in samples.columns().into_iter().zip(drawn.columns_mut()) {
            let first = exchange(&self.first, self.n[0], rng);
            let second = exchange(&self.second, self.n[1], rng);
            for (value, &(a, b, time)) in to.iter_mut().zip(&self.places) {
                // Clusters alike have rows at the same places, of both ways too.
                *value = from[self.row_at[&(first[a], second[b], time)]];
            }
        }
        drawn
    }
}

fn count(of_row: &[usize]) -> usize {
    of_row.iter().max().map_or(0, |last| last + 1)
}

/// Clusters of the first kind, grouped by what places their rows have.
fn alike(places: impl Iterator<Item = Place>) -> Vec<Vec<usize>> {
    let mut of_cluster: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (a, b, time) in places {
        of_cluster.entry(a).or_default().push((b, time));
    }
    let mut groups: BTreeMap<Vec<(usize, usize)>, Vec<usize>> = BTreeMap::new();
    for (cluster, mut within) in of_cluster {
        within.sort_unstable();
        groups.entry(within).or_default().push(cluster);
    }
    groups.into_values().collect()
}

/// For each cluster the one whose values it gets.
fn exchange(groups: &[Vec<usize>], n: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut exchanged: Vec<usize> = (0..n).collect();
    for group in groups {
        let mut shuffled = group.clone();
        shuffled.shuffle(rng);
        for (&to, from) in group.iter().zip(shuffled) {
            exchanged[to] = from;
        }
    }
    exchanged
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::SeedableRng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(3)
    }

    #[test]
    fn the_rows_of_a_cluster_stay_together() {
        let samples = Array2::from_shape_fn((12, 2), |(i, v)| (10 * i + v) as f64);
        let clusters = Clusters::new((0..12).map(|i| i / 3));
        let mixing = Mixing::new(12, Some(&clusters), None).unwrap();
        let drawn = mixing.draw(&samples.view(), &mut rng());
        for v in 0..2 {
            let column = drawn.column(v).to_vec();
            let starts: Vec<f64> = column.chunks(3).map(|rows| rows[0]).collect();
            assert!(
                column
                    .chunks(3)
                    .all(|rows| rows[1] == rows[0] + 10.0 && rows[2] == rows[0] + 20.0)
            );
            let mut sorted = starts.clone();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(
                sorted,
                [0.0, 30.0, 60.0, 90.0].map(|start| start + v as f64)
            );
        }
        assert_ne!(drawn, samples);
    }

    #[test]
    fn clusters_that_are_like_no_other_stay() {
        let samples = array![[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]];
        let clusters = Clusters::new([0, 0, 1, 1, 2, 3]);
        let labels = Labels::new([1, 2, 1, 3, 1, 1]);
        let mixing = Mixing::new(6, Some(&clusters), Some(&labels)).unwrap();
        assert_eq!(mixing.n_in_place(), 2);
        let mut rng = rng();
        let mut swapped = 0;
        for _ in 0..20 {
            let drawn = mixing.draw(&samples.view(), &mut rng).column(0).to_vec();
            assert_eq!(drawn[..4], [1.0, 2.0, 3.0, 4.0]);
            swapped += usize::from(drawn[4] == 6.0);
        }
        assert!(swapped > 0);
        let unequal = Clusters::new([0, 0, 1, 2, 2, 2]);
        assert!(Mixing::new(6, Some(&unequal), None).is_none());
    }

    #[test]
    fn two_ways_are_mixed_at_once() {
        // value = 10 role + feature: roles and features are exchanged as wholes
        let samples = Array2::from_shape_fn((12, 1), |(i, _)| (10 * (i / 4) + i % 4) as f64);
        let roles = (0..12).map(|i| i / 4);
        let clusters = Clusters::new(roles).and((0..12).map(|i| i % 4)).unwrap();
        let drawn = Mixing::new(12, Some(&clusters), None)
            .unwrap()
            .draw(&samples.view(), &mut rng());
        let drawn = drawn.column(0).to_vec();
        for row in 0..12 {
            let (role, feature) = (
                drawn[4 * (row / 4)] as usize / 10,
                drawn[row % 4] as usize % 10,
            );
            assert_eq!(drawn[row] as usize, 10 * role + feature);
        }
    }
}
