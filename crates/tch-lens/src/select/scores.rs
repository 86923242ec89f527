//! Input and output scores.

use std::ops::Range;
use std::rc::Rc;

use tch::{Kind, Tensor};

use super::steered_logits;
use crate::error::request;
use crate::hook::{Hooks, Pass, PassKind};
use crate::sae::{Sae, rows_of};
use crate::{Error, HookPoint, Lm, Prompt, Reading, Steer, SteeringDirection};

/// How output scores are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputScoring {
    /// How many tokens a feature speaks for.
    pub tokens: usize,
    /// How many times the greatest activation of any feature there the feature is raised by.
    pub amplification: f64,
}

impl Default for OutputScoring {
    /// 20 tokens and tenfold, as released.
    fn default() -> Self {
        Self {
            tokens: 20,
            amplification: 10.0,
        }
    }
}

/// The `k` tokens that each feature speaks for, most first: `[feature, k]`. Its direction goes through the final norm and the
/// output layer as if it were the whole residual stream (the logit lens).
///
/// # Errors
/// No such feature; directions that are not of the residual stream's width; more tokens than there are.
pub fn lens_tokens(lm: &Lm, sae: &Sae, features: &[usize], k: usize) -> Result<Tensor, Error> {
    let config = lm.config();
    if sae.d_out() != config.d_model || k == 0 || k > config.d_vocab || features.is_empty() {
        let (width, most) = (config.d_model, config.d_vocab);
        return Err(request(
            "features that speak for tokens",
            format!("some, of width {width}, with 1 to {most} tokens"),
            format!("{} of width {}, with {k}", features.len(), sae.d_out()),
        ));
    }
    let directions = features
        .iter()
        .map(|&feature| sae.direction(feature))
        .collect::<Result<Vec<_>, _>>()?;
    let directions = Tensor::f_stack(&directions, 0)?
        .f_to_device(lm.device())?
        .f_to_kind(lm.kind())?;
    let pass = Pass {
        kind: PassKind::Prompt,
        rows: &[],
        starts: &[],
        lengths: &[],
    };
    let mut nothing = Hooks::new(&mut [], Default::default(), pass);
    let logits = lm.decoder().logits(&directions, &mut nothing)?;
    Ok(logits.f_topk(k as i64, -1, true, true)?.1)
}

/// How far raising each feature makes the tokens likely that it speaks for: `(1 - r / d_vocab) p` with the greatest
/// probability `p` of any of these, and its rank `r` from 0, after the feature was raised at the prompt's last token by the
/// greatest activation of any feature there times the amplification. From 0 to 1; the prompt is best a neutral one.
///
/// # Errors
/// As [`lens_tokens`]; a prompt that cannot be run; an autoencoder that does not fit the hook point.
///
/// # Complexity
/// A row of the prompt's length for each feature.
pub fn output_scores(
    lm: &Lm,
    sae: &Rc<Sae>,
    point: HookPoint,
    prompt: impl Into<Prompt>,
    features: &[usize],
    scoring: &OutputScoring,
) -> Result<Vec<f64>, Error> {
    sae.fits(lm.config(), point)?;
    let lens = lens_tokens(lm, sae, features, scoring.tokens)?;
    let tokens = lm.prepare(&prompt.into(), &[])?.prompt;
    let last = lm.read(&[Reading::new(tokens.clone())], &[point.to_string()])?;
    let greatest = sae
        .encode(&last.activations[&point].f_to_device(sae.device())?)?
        .f_max()?
        .f_double_value(&[])?;
    let dose = scoring.amplification * greatest;
    let steers = features
        .iter()
        .map(|&feature| {
            let direction = SteeringDirection::feature(sae, feature)?;
            Ok(Steer::add(point, &direction, dose).at_last())
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut scores = Vec::with_capacity(features.len());
    let d_vocab = lm.config().d_vocab as f64;
    steered_logits(lm, &tokens, steers.into_iter(), |logits| {
        let p = logits.f_softmax(-1, Kind::Double)?;
        let n = p.size()[0];
        let own = lens.f_narrow(0, scores.len() as i64, n)?;
        let best = p
            .f_gather(1, &own, false)?
            .f_amax([1_i64].as_slice(), true)?;
        let rank =
            p.f_gt_tensor(&best)?
                .f_sum_dim_intlist([1_i64].as_slice(), true, Kind::Double)?;
        let share = rank.f_div_scalar(-d_vocab)?.f_add_scalar(1.0)?;
        scores.extend(Vec::<f64>::try_from(&share.f_mul(&best)?.f_view([-1])?)?);
        Ok(())
    })?;
    Ok(scores)
}

/// For each feature, the share of the texts in which it is active whose token of its greatest activation is among those that
/// it speaks for, with the number of texts in which it is active; 0 where there are none.
///
/// `x` `[tokens, d_in]` are the texts' activations, `texts` each one's rows, `ids` the token of each row, and `lens`
/// `[feature, k]` the tokens that features speak for, from [`lens_tokens`].
///
/// # Errors
/// No such feature; shapes that do not go together.
pub fn input_scores(
    sae: &Sae,
    x: &Tensor,
    texts: &[Range<usize>],
    ids: &[i64],
    features: &[usize],
    lens: &Tensor,
) -> Result<Vec<(f64, usize)>, Error> {
    let found = (x.size().first().copied(), lens.size().first().copied());
    if found != (Some(ids.len() as i64), Some(features.len() as i64)) {
        return Err(request(
            "the texts' activations and the features' tokens",
            format!("{} rows and {}", ids.len(), features.len()),
            format!("shapes {:?} and {:?}", x.size(), lens.size()),
        ));
    }
    let lens = Vec::<Vec<i64>>::try_from(lens)?;
    let x = x.f_to_device(sae.device())?;
    features
        .iter()
        .zip(lens)
        .map(|(&feature, lens)| {
            let acts = sae.feature(&x, feature)?;
            let (mut hits, mut active) = (0, 0);
            for rows in texts {
                let own = rows_of(&acts, rows)?;
                if own.f_max()?.f_double_value(&[])? > 0.0 {
                    let at = own.f_argmax(0, false)?.f_int64_value(&[])?;
                    active += 1;
                    hits += usize::from(lens.contains(&ids[rows.start + at as usize]));
                }
            }
            Ok((hits as f64 / active.max(1) as f64, active))
        })
        .collect()
}
