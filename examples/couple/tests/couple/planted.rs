//! What the planted truth says: the orientations of anybody in whom some values are set, and so whether an objective can be met.

use std::fs;

use couple::file::Wanted;
use couple::goal::Goal;
use study::planted::{Intervention, Truth};
use value_causal::bench::{Item, OrientationTable, Questionnaire, RoleSet, Setting};
use value_causal::ndarray::{Array1, Array2};

use crate::fixture;

/// Whether an objective can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// By one value that is set, which the organism was trained for.
    ByOne,
    /// By two, which it was never trained for.
    ByTwo,
    /// By neither.
    No,
}

pub struct Planted {
    truth: Truth,
}

impl Planted {
    pub fn read() -> Self {
        let text = fs::read_to_string(fixture("truth.json")).unwrap();
        Self {
            truth: Truth::from_json(&text).unwrap(),
        }
    }

    /// The traits of a role in whom values are set, each to its level, causes before their effects.
    fn traits(&self, role: Option<&str>, set: &[Intervention]) -> Vec<i32> {
        let structure = self.truth.structure();
        let order = structure.dag().topological_order().unwrap();
        let place = |value: usize| order.iter().position(|&v| v == value);
        let mut set = set.to_vec();
        set.sort_by_key(|set| place(set.value));
        let own = self.truth.traits(role).unwrap().to_vec();
        set.into_iter()
            .fold(own, |traits, set| structure.under(&traits, set))
    }

    /// Orientations over these items, in the order of `values`.
    fn orientations(&self, traits: &[i32], items: &[Item], values: &[String]) -> Array1<f64> {
        let planted = &self.truth.file().items;
        let score = |item: &Item| {
            let planted = planted
                .iter()
                .find(|planted| planted.question == item.question)
                .unwrap();
            let at = self
                .truth
                .values()
                .iter()
                .position(|value| *value == item.value)
                .unwrap();
            if f64::from(traits[at]) > planted.threshold {
                1.0
            } else {
                -1.0
            }
        };
        let of_value = |value: &String| {
            let scores: Vec<f64> = items
                .iter()
                .filter(|item| item.value == *value)
                .map(score)
                .collect();
            scores.iter().sum::<f64>() / scores.len() as f64
        };
        values.iter().map(of_value).collect()
    }

    /// Whether an objective can be met on these items, by whoever it is about or by one of `roles`.
    pub fn allows(&self, wanted: &Wanted, items: &Questionnaire, roles: &[&str]) -> Allowed {
        let (items, values) = (items.items(), items.values());
        let own = wanted.role.as_deref();
        let now = self.orientations(&self.traits(own, &[]), items, values);
        let goal = Goal::of(wanted, values, now.view()).unwrap();
        let level = self.truth.file().recipe.level;
        let all = 0..self.truth.values().len();
        let all: Vec<Intervention> = all
            .flat_map(|value| [level, -level].map(|level| Intervention { value, level }))
            .collect();
        let meets = |role: Option<&str>, set: &[Intervention]| {
            let traits = self.traits(role, set);
            goal.is_met(self.orientations(&traits, items, values).view())
        };
        let everybody: Vec<Option<&str>> = [own]
            .into_iter()
            .chain(roles.iter().copied().map(Some))
            .collect();
        let one =
            |role: Option<&str>| meets(role, &[]) || all.iter().any(|&set| meets(role, &[set]));
        let two = |role: Option<&str>| {
            let mut pairs = all.iter().flat_map(|&a| all.iter().map(move |&b| [a, b]));
            pairs.any(|pair| pair[0].value != pair[1].value && meets(role, &pair))
        };
        match everybody.iter().any(|&role| one(role)) {
            true => Allowed::ByOne,
            false if everybody.iter().any(|&role| two(role)) => Allowed::ByTwo,
            false => Allowed::No,
        }
    }

    /// The planted orientations of the training roles, as a study would find them.
    pub fn table(&self, items: &Questionnaire) -> OrientationTable {
        let roles = RoleSet::from_path(fixture("roles_train.json")).unwrap();
        let names = roles.iter().map(|role| Some(role.name.as_str()));
        let names: Vec<Option<&str>> = [None].into_iter().chain(names).collect();
        let rows = names
            .iter()
            .map(|&name| self.orientations(&self.traits(name, &[]), items.items(), items.values()));
        let rows: Vec<Array1<f64>> = rows.collect();
        let cells =
            Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, value)| rows[row][value]);
        let settings = names.into_iter().map(Setting::of_role).collect();
        OrientationTable::new(items.values().to_vec(), settings, cells, None).unwrap()
    }
}
