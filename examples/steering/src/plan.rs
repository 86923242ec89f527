//! Every question of a comparison, with its prompt.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use study::file::StudyFile;
use study::{Materials, Part, Plan, Told};
use value_causal::bench::journal::Shard;

use crate::file::{ComparisonFile, ItemsOf};
use crate::steers::{Planned, UNSTEERED};
use program::{Failure, counted};

/// The plan, with the steer of each of its rows.
pub struct Questions {
    /// The questions.
    pub plan: Plan,
    /// By row; none for the model as it is.
    pub steers: Vec<Option<usize>>,
    /// The values that are steered.
    pub values: Vec<String>,
}

/// The values that a file steers, checked against those of the study.
///
/// # Errors
/// A value that the study does not have.
pub fn values(file: &ComparisonFile, materials: &Materials) -> Result<Vec<String>, Failure> {
    let known = materials.items.values();
    let Some(values) = &file.values else {
        return Ok(known.to_vec());
    };
    match values.iter().find(|value| !known.contains(value)) {
        Some(other) => {
            let known = known.join(", ");
            Err(format!("values: expected values of the study ({known}), found {other:?}").into())
        }
        None => Ok(values.clone()),
    }
}

impl Questions {
    /// First the model as it is, then under each steer; all rows ask the same roles the same items.
    ///
    /// # Errors
    /// A value has fewer items than asked for; there is no test role.
    pub fn new(
        file: &ComparisonFile,
        study: &StudyFile,
        materials: &Materials,
        planned: &[Planned],
        values: Vec<String>,
    ) -> Result<Self, Failure> {
        let items = items(file, materials)?;
        let there = materials.test_roles.iter().count();
        if let Some(roles) = file.ask.roles.filter(|roles| *roles > there) {
            return Err(format!(
                "ask.roles: expected at most {there}, as there are test roles, found {roles}"
            )
            .into());
        }
        let roles = materials.test_roles.iter().map(|role| role.name.clone());
        let roles: Vec<Option<String>> = roles
            .map(Some)
            .take(file.ask.roles.unwrap_or(usize::MAX))
            .collect();
        let part = |name: String, told: Told| Part {
            name,
            told,
            roles: roles.clone(),
            items: items.clone(),
        };
        let steered = planned
            .iter()
            .map(|one| part(one.name(file), one.told(file)));
        let parts: Vec<Part> = std::iter::once(part(UNSTEERED.to_owned(), Told::Nothing))
            .chain(steered)
            .collect();
        let of_each = |steer: Option<usize>| std::iter::repeat_n(steer, roles.len());
        let steers = std::iter::once(None).chain((0..planned.len()).map(Some));
        Ok(Self {
            steers: steers.flat_map(of_each).collect(),
            plan: Plan::of_parts(study, materials, parts)?,
            values,
        })
    }

    /// What is asked, in words.
    #[must_use]
    pub fn describe(&self, file: &ComparisonFile, planned: &[Planned], shard: Shard) -> String {
        let design = &self.plan.design;
        let mut text = format!(
            "{}\n  values        {}\n",
            file.name,
            self.values.join(", ")
        );
        for (at, method) in file.methods.iter().enumerate() {
            let steers = planned.iter().filter(|one| one.method == at).count();
            let _ = writeln!(
                text,
                "  {}: {}, {}",
                method.name,
                counted(steers, "steer"),
                method.acts()
            );
        }
        let settings = design.rows().len();
        let answers = design.n_questions(Shard::WHOLE);
        let _ = writeln!(
            text,
            "  in all        {}, {}",
            counted(settings, "setting"),
            counted(answers, "answer")
        );
        if shard != Shard::WHOLE {
            let answers = counted(design.n_questions(shard), "answer");
            let _ = writeln!(text, "  this shard    {shard}: {answers}");
        }
        text
    }
}

/// The items asked: of each value so many, spread evenly.
fn items(file: &ComparisonFile, materials: &Materials) -> Result<Arc<[usize]>, Failure> {
    let all = materials.items.items();
    let asked: &[_] = match file.ask.of {
        ItemsOf::All => all,
        ItemsOf::Test => materials.split.test.items(),
    };
    let places: HashMap<_, usize> = all
        .iter()
        .enumerate()
        .map(|(place, item)| (&item.question, place))
        .collect();
    let mut items = Vec::new();
    for value in materials.items.values() {
        let own: Vec<usize> = asked
            .iter()
            .filter(|item| item.value == *value)
            .map(|item| places[&item.question])
            .collect();
        let n = file.ask.items.unwrap_or(own.len());
        if own.len() < n.max(2) {
            let found = own.len();
            return Err(format!(
                "ask.items: expected {} items of {value:?} or more, found {found}",
                n.max(2)
            )
            .into());
        }
        items.extend((0..n).map(|at| own[at * own.len() / n]));
    }
    Ok(items.into())
}
