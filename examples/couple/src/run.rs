//! From an objective file to what came of it: measure, search, confirm.

use program::Failure;
use value_causal::discovery::decide::cheapest_set;

use crate::asking::{Asker, Found};
use crate::causes::{Fitted, Proposal};
use crate::file::{ObjectiveFile, Wanted};
use crate::goal::Goal;
use crate::levers::{Lever, Levers};
use crate::outcome::{Chosen, Coupled, Means, Outcome, Priced, Verdict};
use crate::questions::Asks;
use crate::search::Search;

/// One objective on its way.
struct Way<'a> {
    wanted: &'a Wanted,
    search: Search<'a>,
    proposal: Option<Proposal>,
    translation: Option<Vec<usize>>,
}

/// Measures everybody concerned as they are and under each lever alone, searches a plan for each objective, and asks what was
/// chosen with the items that had no say.
///
/// # Errors
/// An objective names a value that there is not; answers cannot be had; there are more sets of levers than can be gone
/// through.
pub fn couple(
    file: &ObjectiveFile,
    fitted: Option<&Fitted>,
    asker: &mut Asker<'_>,
) -> Result<Coupled, Failure> {
    let words = asker.words;
    let levers = words.levers();
    measure(file, levers, asker)?;
    let ways = file.objectives.iter();
    let ways = ways.map(|wanted| {
        Way::new(
            wanted,
            file.most,
            (levers, words.values()),
            fitted,
            &asker.found,
        )
    });
    let mut ways = ways.collect::<Result<Vec<_>, _>>()?;
    for round in 1.. {
        if !search(&mut ways, file, asker, round)? {
            break;
        }
    }
    let mut chosen = Vec::with_capacity(ways.len());
    for way in &ways {
        let found = Chosen::of(
            (&way.search, words.values()),
            levers,
            &asker.found,
            way.translation.clone(),
        )?;
        chosen.push(found);
    }
    confirm(&ways, &chosen, asker)?;
    let outcomes = ways.iter().zip(&chosen).map(|(way, chosen)| {
        let named = (way.wanted, words.values());
        Outcome::of(
            named,
            &way.search,
            levers,
            (&asker.found, chosen),
            way.proposal.clone(),
        )
    });
    let objectives = outcomes.collect::<Result<Vec<_>, _>>()?;
    let priced = |lever: &Lever| Priced {
        name: lever.name.clone(),
        price: lever.price,
    };
    Ok(Coupled {
        study: asker.study.name.clone(),
        most: file.most,
        arrows: fitted.map(Fitted::n_arrows),
        levers: levers.all().iter().map(priced).collect(),
        answers: asker.answers,
        mean: Means::of(&objectives),
        mean_of_met: Means::of(
            objectives
                .iter()
                .filter(|outcome| outcome.verdict == Verdict::Met),
        ),
        objectives,
    })
}

/// Everybody of the objectives, as they are and under each lever alone.
fn measure(file: &ObjectiveFile, levers: &Levers, asker: &mut Asker<'_>) -> Result<(), Failure> {
    let alone = (0..levers.all().len()).map(|lever| vec![lever]);
    let sets: Vec<Vec<usize>> = [vec![]].into_iter().chain(alone).collect();
    let postures = file.objectives.iter().flat_map(|wanted| {
        let role = wanted.role.as_deref();
        sets.iter().filter_map(move |set| levers.posture(role, set))
    });
    let postures: Vec<_> = postures.collect();
    asker.ask(postures, Asks::Training)
}

/// A round of all searches; whether any goes on.
fn search(
    ways: &mut [Way<'_>],
    file: &ObjectiveFile,
    asker: &mut Asker<'_>,
    round: usize,
) -> Result<bool, Failure> {
    let mut asked = Vec::new();
    for (at, way) in ways.iter_mut().enumerate() {
        let tried = way
            .search
            .next(&asker.found, round, (file.rounds, file.patience))?;
        asked.extend(tried.map(|tried| (at, tried)));
    }
    let postures = asked
        .iter()
        .filter_map(|(at, tried)| ways[*at].search.posture(&tried.set));
    let postures: Vec<_> = postures.collect();
    asker.ask(postures, Asks::Training)?;
    for (at, tried) in &asked {
        ways[*at].search.note(&asker.found, round, tried)?;
    }
    Ok(!asked.is_empty())
}

/// Asks with the items that had no say, as it is, under the plan and under the instruction that it is held against.
fn confirm(ways: &[Way<'_>], chosen: &[Chosen], asker: &mut Asker<'_>) -> Result<(), Failure> {
    let postures = ways.iter().zip(chosen).flat_map(|(way, chosen)| {
        let instructed = chosen.by_instruction.as_deref();
        let sets = [&[][..], &chosen.best].into_iter().chain(instructed);
        sets.filter_map(|set| way.search.posture(set))
    });
    let postures: Vec<_> = postures.collect();
    asker.ask(postures, Asks::Test)
}

impl<'a> Way<'a> {
    fn new(
        wanted: &'a Wanted,
        most: usize,
        (levers, values): (&'a Levers, &[String]),
        fitted: Option<&Fitted>,
        found: &Found,
    ) -> Result<Self, Failure> {
        let posture = levers
            .posture(wanted.role.as_deref(), &[])
            .unwrap_or_default();
        let now = found
            .get(&(Asks::Training, posture))
            .ok_or("nobody was asked as they are")?;
        let goal = Goal::of(wanted, values, now.view())?;
        let proposal = fitted
            .map(|fitted| fitted.proposal(&goal, now.view()))
            .transpose()?
            .flatten();
        let mut search = Search::new(levers, most, wanted.role.clone(), goal, now.clone());
        let few = proposal
            .as_ref()
            .filter(|proposal| proposal.set.len() <= most);
        let translation =
            few.map(|proposal| translation(&search, (levers, values), proposal, found));
        let translation = translation.transpose()?.flatten();
        if let Some(set) = &translation {
            search.propose(set.clone());
        }
        Ok(Self {
            wanted,
            search,
            proposal,
            translation,
        })
    }
}

/// As many levers as the model sets values, together, that are expected to bring these nearest to there; of equal ones those
/// that move the others least. `None` where all exclude each other.
fn translation(
    search: &Search<'_>,
    (levers, values): (&Levers, &[String]),
    proposal: &Proposal,
    found: &Found,
) -> Result<Option<Vec<usize>>, Failure> {
    let place = |value: &String| values.iter().position(|known| known == value);
    let set = proposal
        .set
        .iter()
        .filter_map(|set| Some((place(&set.value)?, set.to)));
    let set: Vec<(usize, f64)> = set.collect();
    let distance = |chosen: &[usize]| {
        let expected = search
            .expected(found, chosen)
            .filter(|_| chosen.len() == set.len())?;
        let moved = (&expected - &search.now).mapv(f64::abs);
        let others = moved.sum() - set.iter().map(|&(at, _)| moved[at]).sum::<f64>();
        let of_set = set
            .iter()
            .map(|&(at, to)| (expected[at] - to).abs())
            .sum::<f64>();
        Some((of_set, others))
    };
    let nearest = cheapest_set(levers.all().len(), set.len(), distance)?;
    Ok(nearest.map(|(chosen, _)| chosen))
}
