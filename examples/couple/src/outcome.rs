//! What came of every objective. All of it together is `couple.json`.

use program::Failure;
use serde::Serialize;
use value_causal::bench::Inclination;
use value_causal::ndarray::ArrayView1;

use crate::asking::Found;
use crate::causes::Proposal;
use crate::file::Wanted;
use crate::goal::Goal;
use crate::levers::{Does, Levers};
use crate::questions::Asks;
use crate::search::{Search, Step, Stop};

/// All objectives of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coupled {
    /// The study's name.
    pub study: String,
    /// The most levers together.
    pub most: usize,
    /// Arrows of the fitted model; none without one.
    pub arrows: Option<usize>,
    /// What could be done, with its price.
    pub levers: Vec<Priced>,
    /// Answers that all this rests on.
    pub answers: usize,
    /// What came of each.
    pub objectives: Vec<Outcome>,
    /// Over the objectives that an instruction was held against.
    pub mean: Option<Means>,
    /// Over those of them that the plan meets.
    pub mean_of_met: Option<Means>,
}

/// A lever and its price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Priced {
    /// Its name.
    pub name: String,
    /// Its price.
    pub price: f64,
}

/// Mean deviations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Means {
    /// As it is.
    pub now: f64,
    /// With the value that is furthest off instructed.
    pub by_instruction: f64,
    /// With the one instruction that measured best.
    pub by_best_instruction: f64,
    /// With the plan, which may be to do nothing.
    pub after: f64,
}

/// What came of one objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Who should be so; none is the model as itself.
    pub role: Option<String>,
    /// Whether it can be met.
    pub verdict: Verdict,
    /// Why the search ended.
    pub stop: Stop,
    /// What to do: nothing where all is well, and where nothing that was measured meets the objective.
    pub plan: Tried,
    /// What came closest and is worth its price, where nothing meets the objective.
    pub closest: Option<Tried>,
    /// As it is.
    pub now: Held,
    /// The value that is furthest off, instructed: what one would do without a plan.
    pub by_instruction: Option<Tried>,
    /// The one instruction that measured best.
    pub by_best_instruction: Option<Tried>,
    /// What the fitted model would set; none without a model, or where it finds nothing that is enough.
    pub proposal: Option<Proposal>,
    /// The levers that come nearest to that, value by value; none where they exclude each other.
    pub translation: Option<Tried>,
    /// Sets that were asked on the way.
    pub steps: Vec<Step>,
    /// Value by value, in the order of the questionnaire.
    pub values: Vec<OfValue>,
}

/// Whether an objective can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is met as it is.
    AsItIs,
    /// The plan meets it, as measured.
    Met,
    /// None of what was measured meets it at a price that is worth it.
    None,
}

/// A set of levers, and what was measured under it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The levers; none is nothing done.
    pub levers: Vec<String>,
    /// Their prices together.
    pub price: f64,
    /// On the items by which plans are chosen.
    pub held: Held,
    /// On those that had no say; none where these were not asked.
    pub held_out: Option<Held>,
}

/// Orientations held against an objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Held {
    /// The weighted distance from the targets.
    pub deviation: f64,
    /// Whether every value is within its tolerance.
    pub met: bool,
    /// The mean distance of the wanted values.
    pub mean_error: f64,
    /// Spearman's correlation of the wanted values with their targets.
    pub rank_correlation: Option<f64>,
}

/// One value of one objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfValue {
    /// The value.
    pub value: String,
    /// Where it should be.
    pub target: f64,
    /// How far from that it may be; none for one that is free.
    pub tolerance: Option<f64>,
    /// Whether it is wanted there, not only to stay.
    pub wanted: bool,
    /// How much a unit of distance counts.
    pub priority: f64,
    /// As it is.
    pub now: f64,
    /// With the value that is furthest off instructed.
    pub by_instruction: Option<f64>,
    /// With the plan.
    pub after: f64,
    /// With the plan, on the items that had no say.
    pub after_held_out: Option<f64>,
}

/// The sets of levers that an outcome speaks of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// What measured best.
    pub best: Vec<usize>,
    /// The value that is furthest off, instructed.
    pub by_instruction: Option<Vec<usize>>,
    /// The best instruction.
    pub by_best_instruction: Option<Vec<usize>>,
    /// What comes nearest to the fitted model's proposal.
    pub translation: Option<Vec<usize>>,
}

impl Chosen {
    /// After a search.
    ///
    /// # Errors
    /// More sets than can be gone through.
    pub fn of(
        (search, values): (&Search<'_>, &[String]),
        levers: &Levers,
        found: &Found,
        translation: Option<Vec<usize>>,
    ) -> Result<Self, Failure> {
        let most_wanted = search.goal.most_wanted(search.now.view());
        let named = most_wanted.and_then(|(value, rises)| {
            let inclination = match rises {
                true => Inclination::Inclined,
                false => Inclination::Disinclined,
            };
            levers.position(&Does::Instruct(values[value].clone(), inclination))
        });
        let instructions = (0..levers.all().len())
            .filter(|&at| matches!(levers.all()[at].does, Does::Instruct(..)));
        let deviation = |at: &usize| -> Option<f64> {
            search
                .goal
                .deviation(search.measured(found, &[*at])?.view())
                .ok()
        };
        let of_each: Vec<(usize, f64)> = instructions
            .filter_map(|at| Some((at, deviation(&at)?)))
            .collect();
        let best = of_each.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(Self {
            best: search.best(found)?,
            by_instruction: named.map(|at| vec![at]),
            by_best_instruction: best.map(|(at, _)| vec![*at]),
            translation,
        })
    }
}

impl Outcome {
    /// Of a search that is over.
    ///
    /// # Errors
    /// What it speaks of was not asked.
    pub fn of(
        (wanted, values): (&Wanted, &[String]),
        search: &Search<'_>,
        levers: &Levers,
        (found, chosen): (&Found, &Chosen),
        proposal: Option<Proposal>,
    ) -> Result<Self, Failure> {
        let best_is_met = search
            .measured(found, &chosen.best)
            .is_some_and(|values| search.goal.is_met(values.view()));
        let verdict = match (chosen.best.is_empty(), best_is_met) {
            (true, true) => Verdict::AsItIs,
            (false, true) => Verdict::Met,
            (_, false) => Verdict::None,
        };
        let plan: &[usize] = if verdict == Verdict::Met {
            &chosen.best
        } else {
            &[]
        };
        // On other items what is to stay has another place to stay at.
        let as_it_is = search.posture(&[]).ok_or(NOT_ASKED)?;
        let on_others = found.get(&(Asks::Test, as_it_is));
        let on_others = on_others.map(|now| Goal::of(wanted, values, now.view()));
        let goals = [Some(search.goal.clone()), on_others.transpose()?];
        let tried = |set: &[usize]| Tried::of((search, &goals), levers, found, set);
        let tried_if = |set: &Option<Vec<usize>>| set.as_deref().map(tried).transpose();
        let closest =
            (verdict == Verdict::None && !chosen.best.is_empty()).then(|| tried(&chosen.best));
        let after = search.measured(found, plan).ok_or(NOT_ASKED)?;
        let instructed = chosen.by_instruction.as_deref();
        let instructed = instructed.and_then(|set| search.measured(found, set));
        let posture = search.posture(plan).ok_or(NOT_ASKED)?;
        let held_out = found.get(&(Asks::Test, posture.clone()));
        let of_value = |(at, value): (usize, &String)| OfValue {
            value: value.clone(),
            target: search.goal.objective().target()[at],
            tolerance: search.goal.tolerance(at),
            wanted: search.goal.wants(at),
            priority: search.goal.objective().weights()[at],
            now: search.now[at],
            by_instruction: instructed.map(|values| values[at]),
            after: after[at],
            after_held_out: held_out.map(|values| values[at]),
        };
        Ok(Self {
            name: wanted.name.clone(),
            role: search.role().map(str::to_owned),
            verdict,
            stop: search.stop.unwrap_or(Stop::RoundsOver),
            plan: tried(plan)?,
            closest: closest.transpose()?,
            now: Held::of(&search.goal, search.now.view())?,
            by_instruction: tried_if(&chosen.by_instruction)?,
            by_best_instruction: tried_if(&chosen.by_best_instruction)?,
            proposal,
            translation: tried_if(&chosen.translation)?,
            steps: search.steps.clone(),
            values: values.iter().enumerate().map(of_value).collect(),
        })
    }
}

const NOT_ASKED: &str = "a set of levers that was not asked";

impl Tried {
    /// With the goals on the items by which plans are chosen and on the others.
    fn of(
        (search, goals): (&Search<'_>, &[Option<Goal>; 2]),
        levers: &Levers,
        found: &Found,
        set: &[usize],
    ) -> Result<Self, Failure> {
        let posture = search.posture(set).ok_or(NOT_ASKED)?;
        let held = |goal: &Option<Goal>, asks: Asks| {
            let values = found.get(&(asks, posture.clone()))?;
            Some(Held::of(goal.as_ref()?, values.view()))
        };
        let [chosen, others] = goals;
        Ok(Self {
            levers: levers.names(set),
            price: levers.price(set),
            held: held(chosen, Asks::Training).ok_or(NOT_ASKED)??,
            held_out: held(others, Asks::Test).transpose()?,
        })
    }
}

impl Held {
    fn of(goal: &Goal, values: ArrayView1<'_, f64>) -> Result<Self, Failure> {
        Ok(Self {
            deviation: goal.deviation(values)?,
            met: goal.is_met(values),
            mean_error: goal.mean_error(values),
            rank_correlation: goal.rank_correlation(values),
        })
    }
}

impl Means {
    /// Over the objectives that an instruction was held against; none where there are none.
    #[must_use]
    pub fn of<'o>(outcomes: impl IntoIterator<Item = &'o Outcome>) -> Option<Self> {
        let held = |tried: &Option<Tried>| tried.as_ref().map(|tried| tried.held.deviation);
        let rows = outcomes.into_iter().filter_map(|outcome| {
            let (one, best) = (
                held(&outcome.by_instruction)?,
                held(&outcome.by_best_instruction)?,
            );
            Some([
                outcome.now.deviation,
                one,
                best,
                outcome.plan.held.deviation,
            ])
        });
        let rows: Vec<[f64; 4]> = rows.collect();
        let mean =
            |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
        (!rows.is_empty()).then(|| Self {
            now: mean(0),
            by_instruction: mean(1),
            by_best_instruction: mean(2),
            after: mean(3),
        })
    }
}
