//! What is taken role by role.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, Axis};

use super::OrientationTable;

impl OrientationTable {
    /// The roles of the rows, each once, in the order of their first rows; `None` is the empty
    /// role.
    pub fn roles(&self) -> Vec<Option<&str>> {
        let mut seen = BTreeSet::new();
        let roles = self.settings.iter().map(|setting| setting.role.as_deref());
        roles.filter(|role| seen.insert(*role)).collect()
    }

    /// The orientations less the mean of the rows of the same role, `[settings, values]`.
    ///
    /// What roles have in common with themselves is gone, so that what is left varies with the
    /// interventions alone. Every role takes one degree of freedom with it: a test of independence
    /// on these numbers has as many samples as there are rows less [`roles`](Self::roles).
    ///
    /// ```
    /// use ndarray::array;
    /// use valuebench::OrientationTable;
    ///
    /// let csv = "steer_dim,player_name,Empathy\n,,0.5\n7,,1.0\n,Mary,0.25\n";
    /// let table = OrientationTable::from_reader(csv.as_bytes())?;
    /// assert_eq!(table.role_centred(), array![[-0.25], [0.25], [0.0]]);
    /// # Ok::<(), valuebench::ReadError>(())
    /// ```
    pub fn role_centred(&self) -> Array2<f64> {
        let mut sums: BTreeMap<Option<&str>, (Array1<f64>, f64)> = BTreeMap::new();
        for (setting, row) in self.settings.iter().zip(self.orientations.rows()) {
            let none = || (Array1::zeros(row.len()), 0.0);
            let (sum, n) = sums.entry(setting.role.as_deref()).or_insert_with(none);
            *sum += &row;
            *n += 1.0;
        }
        let mut centred = self.orientations.clone();
        for (setting, mut row) in self.settings.iter().zip(centred.axis_iter_mut(Axis(0))) {
            if let Some((sum, n)) = sums.get(&setting.role.as_deref()) {
                row.zip_mut_with(sum, |x, sum| *x -= sum / n);
            }
        }
        centred
    }

    /// How much the item scores vary within each orientation, `[settings, values]`: their
    /// population variance, of which a table holds only the mean over the values of its root
    /// ([`stds`](Self::stds)).
    ///
    /// *Assumed*: that no answer was unsure. Then all scores are -1 or 1, and their variance is
    /// `1 - orientation²`. Each unsure answer among k would make it smaller by `1/k`. Whether the
    /// assumption holds can be checked in each row: the mean of the square roots of these variances
    /// should equal `stds`. In the released tables of Gemma-2B-IT it is larger by 0.010 on average
    /// in training and by 0.008 in the test, and by 0.15 at most. From the journal of a study the
    /// scores are known ([`ItemScores`](crate::ItemScores)), and nothing needs to be assumed.
    ///
    /// Where k items of a value were drawn out of n, the variance of the orientation due to that
    /// draw is `variance / (k - 1) * (1 - k / n)`. One minus the mean of this over the rows, divided
    /// by the variance of the orientations, is the reliability of the orientations over draws.
    ///
    /// ```
    /// use valuebench::OrientationTable;
    ///
    /// let csv = "steer_dim,player_name,Empathy\n,,0.5\n7,,-1.0\n";
    /// let table = OrientationTable::from_reader(csv.as_bytes())?;
    /// assert_eq!(table.score_variances_if_none_unsure(), ndarray::array![[0.75], [0.0]]);
    /// # Ok::<(), valuebench::ReadError>(())
    /// ```
    pub fn score_variances_if_none_unsure(&self) -> Array2<f64> {
        self.orientations.mapv(|mean| 1.0 - mean * mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_role_sum_to_nothing() {
        let csv = "steer_dim,player_name,A,B\n,,0.5,1\n1,,0.25,-1\n,Mary,0.125,0\n1,Mary,-1,0\n2,,0.75,0\n";
        let table = OrientationTable::from_reader(csv.as_bytes()).unwrap();
        assert_eq!(table.roles(), [None, Some("Mary")]);
        let centred = table.role_centred();
        for (role, rows) in [("empty", vec![0, 1, 4]), ("Mary", vec![2, 3])] {
            let sums = centred.select(Axis(0), &rows).sum_axis(Axis(0));
            assert!(sums.iter().all(|sum| sum.abs() < 1e-15), "{role}: {sums}");
        }
        assert_eq!(centred[[2, 0]], 0.5625);
    }
}
