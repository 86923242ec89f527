use program::Failure;
use value_causal::psychometrics::Scores;
use value_causal::psychometrics::ordinal::{
    CumulativeLogit, OrdinalError, OrdinalPosterior, PosteriorOptions, PosteriorSummary,
};

use super::Design;

/// How high a value stands with somebody, above the mean of its values, in logits; or how much higher than with the first one.
pub struct Estimate {
    /// The place of the value.
    pub value: usize,
    /// Who.
    pub who: usize,
    /// Whether it is held against the first one.
    pub is_difference: bool,
    /// At the maximum of the likelihood, with its standard error; none where there is no maximum.
    pub likelihood: Option<(f64, f64)>,
    /// Its posterior.
    pub posterior: PosteriorSummary,
}

/// Models, roles or people compared on an instrument by the cumulative logit model.
pub struct Comparison {
    /// By value, and within it everybody, then the differences from the first one.
    pub estimates: Vec<Estimate>,
    /// Why there is no maximum of the likelihood, where there is none.
    pub no_maximum: Option<OrdinalError>,
    /// The largest R-hat of all parameters.
    pub worst_r_hat: f64,
    /// The fewest draws that any parameter's are worth.
    pub fewest_draws: f64,
    /// Standard deviation of the items' effects.
    pub item_deviation: PosteriorSummary,
}

impl Comparison {
    /// Fits both models: items with an effect each at the maximum of the likelihood, and items about their value's effect,
    /// with a common deviation, in the posterior.
    ///
    /// # Errors
    /// If all answers are the same, or a setting of the sampler is out of range.
    pub fn of(design: &Design, options: PosteriorOptions) -> Result<Self, Failure> {
        let (categories, items) = (design.categories(), design.items());
        let cells = design.by_cell();
        let posterior =
            OrdinalPosterior::sample(&Scores::new(cells.view())?, &items, &categories, options)?;
        let by_item = design.by_item();
        let likelihood = CumulativeLogit::fit(
            &Scores::named(by_item.view(), design.names_by_item())?,
            &categories,
        );
        let mut estimates = Vec::new();
        for value in 0..design.values.len() {
            let all = (0..design.names.len()).map(|who| (who, false));
            let others = (1..design.names.len()).map(|who| (who, true));
            for (who, is_difference) in all.chain(others) {
                let less = |of: &dyn Fn(usize) -> Vec<f64>| match is_difference {
                    true => of(who)
                        .into_iter()
                        .zip(of(0))
                        .map(|(own, first)| own - first)
                        .collect(),
                    false => of(who),
                };
                let weights = less(&|who| design.centred_by_item(who, value));
                let maximum = likelihood.as_ref().ok().map(|fit| fit.contrast(&weights));
                let weights = less(&|who| design.centred_by_cell(who, value));
                estimates.push(Estimate {
                    value,
                    who,
                    is_difference,
                    likelihood: maximum.transpose()?,
                    posterior: posterior.contrast(&weights)?,
                });
            }
        }
        let all = posterior.thresholds.iter().chain(&posterior.coefficients);
        let all = all
            .chain(&posterior.groups)
            .chain([&posterior.group_deviation]);
        let all: Vec<&PosteriorSummary> = all.collect();
        Ok(Self {
            estimates,
            no_maximum: likelihood.err(),
            worst_r_hat: all.iter().map(|of| of.r_hat).fold(f64::NAN, f64::max),
            fewest_draws: all
                .iter()
                .map(|of| of.effective_draws)
                .fold(f64::NAN, f64::min),
            item_deviation: posterior.group_deviation,
        })
    }
}
