use figures::LadderFigure;
use program::Failure;
use value_causal::bench::dilemmas::{Choices, STEPS};
use value_causal::psychometrics::comparisons::{Choice, ComparisonError, Kept, Wins, kept_choices};
use value_causal::psychometrics::ranks::kendall_tau_b;

/// Which values won over which, in all steps together and in each.
pub struct StepWins {
    /// All of them.
    pub all: Wins,
    /// Step by step.
    pub steps: Vec<Wins>,
}

impl StepWins {
    /// Of choices.
    ///
    /// # Errors
    /// If there are fewer than two values.
    pub fn of(choices: &Choices) -> Result<Self, ComparisonError> {
        let values = choices.values();
        let wins =
            |pairs: Vec<(usize, usize)>| Wins::of_choices(values, pairs.into_iter().map(choice));
        let steps = (1..=STEPS).map(|step| wins(choices.of_step(step)));
        let all = choices.chosen().iter().map(|of| (of.winner, of.loser));
        Ok(Self {
            all: wins(all.collect())?,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Kendall's tau-b of the win rates of two steps, from 0, over the values that were compared in both.
    ///
    /// # Errors
    /// If these have no order in one of them.
    pub fn tau_b(&self, from: usize, to: usize) -> Result<f64, Failure> {
        let rates = self.steps[from].win_rates().into_iter();
        let rates = rates.zip(self.steps[to].win_rates());
        let (before, after): (Vec<f64>, Vec<f64>) =
            rates.filter_map(|(a, b)| Some((a?, b?))).unzip();
        Ok(kendall_tau_b(&before, &after)?)
    }
}

/// How often the value chosen before was chosen again where it stood to be.
#[must_use]
pub fn kept(choices: &Choices) -> Kept {
    let dilemmas = choices.by_dilemma().into_iter();
    let dilemmas: Vec<Vec<Choice>> = dilemmas
        .map(|steps| steps.into_iter().map(choice).collect())
        .collect();
    kept_choices(dilemmas.iter().map(Vec::as_slice))
}

fn choice((winner, loser): (usize, usize)) -> Choice {
    Choice { winner, loser }
}

/// The ladder of the values over the steps: their strengths with these pseudo-wins where every step has them, else their win
/// rates.
#[must_use]
pub fn ladder_of(wins: &StepWins, values: &[String], pseudo_wins: f64) -> LadderFigure {
    let strengths: Option<Vec<Vec<Option<f64>>>> = wins
        .steps
        .iter()
        .map(|wins| {
            let found = wins.with_pseudo_wins(pseudo_wins).bradley_terry();
            Some(
                found
                    .ok()?
                    .log_strengths
                    .iter()
                    .copied()
                    .map(Some)
                    .collect(),
            )
        })
        .collect();
    let (y_label, steps) = match strengths {
        Some(strengths) => ("strength (Bradley and Terry, logarithm)", strengths),
        None => ("win rate", wins.steps.iter().map(Wins::win_rates).collect()),
    };
    let numbers = |value: usize| {
        steps
            .iter()
            .map(|of: &Vec<Option<f64>>| of[value])
            .collect()
    };
    LadderFigure {
        title: "Which values win, step by step".to_owned(),
        description: format!("The {y_label} of each value in each of {STEPS} steps."),
        y_label: y_label.to_owned(),
        steps: (1..=STEPS).map(|step| format!("step {step}")).collect(),
        things: values
            .iter()
            .cloned()
            .zip((0..values.len()).map(numbers))
            .collect(),
    }
}
