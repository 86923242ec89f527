//! What single features do to a metric of the next token's logits.

use std::rc::Rc;

use tch::{Kind, Tensor};

use super::steered_logits;
use crate::error::request;
use crate::hook::Pass;
use crate::sae::Sae;
use crate::{Error, HookPoint, Lm, Prompt, Reading, Steer, SteeringDirection};

/// By how much a metric changes when one feature is taken away at one token of the prompt, the reconstruction's error held:
/// for each `(token, feature)` of `of` the metric without it less the metric. Exact: each pair has a pass of its own, many of
/// which are run together.
///
/// The metric gives `[row]` for logits `[row, d_vocab]` of the token that follows: the difference of two tokens' logits, for
/// one.
///
/// # Errors
/// A prompt that cannot be run; no such token or feature; an autoencoder that does not fit the hook point; a metric that
/// fails or gives another shape.
///
/// # Complexity
/// A row of the prompt's length for each pair.
pub fn ablation_effects(
    lm: &Lm,
    sae: &Rc<Sae>,
    point: HookPoint,
    prompt: impl Into<Prompt>,
    of: &[(usize, usize)],
    metric: impl Fn(&Tensor) -> Result<Tensor, Error>,
) -> Result<Vec<f64>, Error> {
    let tokens = lm.prepare(&prompt.into(), &[])?.prompt;
    let steer = |&(token, feature): &(usize, usize)| {
        let direction = SteeringDirection::feature(sae, feature)?;
        let place = token..token.saturating_add(1);
        Ok(Steer::ablate(point, &direction).at_tokens([place]))
    };
    let steers = of.iter().map(steer).collect::<Result<Vec<_>, Error>>()?;
    // The last one, of dose 0, changes nothing.
    let nothing = SteeringDirection::feature(sae, 0)?;
    let steers: Vec<Steer> = steers
        .into_iter()
        .chain([Steer::add(point, &nothing, 0.0)])
        .collect();
    let mut values = Vec::with_capacity(steers.len());
    steered_logits(lm, &tokens, steers.into_iter(), |logits| {
        values.extend(measured(&metric, &logits)?);
        Ok(())
    })?;
    let plain = values.pop().unwrap_or(f64::NAN);
    Ok(values.into_iter().map(|value| value - plain).collect())
}

/// What a metric owes to each feature at each token, to first order.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attribution {
    /// `[token, d_sae]`: about by how much the metric changes when the feature is taken away there.
    pub effects: Tensor,
    /// `[token]`: the same for what the autoencoder misses.
    pub error: Tensor,
    /// The metric itself.
    pub metric: f64,
}

/// Attribution by the metric's gradient, with `steps` 1 (attribution patching), or by its mean over so many steps from the
/// whole activation to nothing, features and error together (integrated gradients, left points): minus activation times
/// gradient. For a metric that is linear in the activation it is what [`ablation_effects`] measures. The metric is as there.
///
/// # Errors
/// As [`ablation_effects`]; no steps; a model or autoencoder in 16 bits, whose gradients are too rough.
///
/// # Complexity
/// A pass and one back for each step, whatever the number of features.
pub fn attribution(
    lm: &Lm,
    sae: &Sae,
    point: HookPoint,
    prompt: impl Into<Prompt>,
    steps: usize,
    metric: impl Fn(&Tensor) -> Result<Tensor, Error>,
) -> Result<Attribution, Error> {
    sae.fits(lm.config(), point)?;
    if steps == 0 {
        return Err(request("the steps of an attribution", "at least 1", steps));
    }
    let tokens = lm.prepare(&prompt.into(), &[])?.prompt;
    let n = tokens.len();
    let every = Reading::new(tokens.clone()).at(crate::At::Every(0));
    let read = lm.read(&[every], &[point.to_string()])?;
    let x = read.activations[&point].f_to_device(sae.device())?;
    let acts = sae.encode(&x)?;
    if lm.kind() != Kind::Float || acts.kind() != Kind::Float {
        let found = format!("{:?} and {:?}", lm.kind(), acts.kind());
        return Err(request(
            "an attribution's model and autoencoder",
            "32 bits",
            found,
        ));
    }
    let error = sae.error(&x)?;
    let (mut slopes, mut error_slopes) = (acts.f_zeros_like()?, error.f_zeros_like()?);
    let mut whole = f64::NAN;
    for step in 0..steps {
        let share = 1.0 - step as f64 / steps as f64;
        let leaf =
            |x: &Tensor| Ok::<_, Error>(x.f_mul_scalar(share)?.f_detach()?.set_requires_grad(true));
        let (features, rest) = (leaf(&acts)?, leaf(&error)?);
        let mut hook = (point, |activation: Tensor, _: &Pass<'_>| {
            let made = sae.decode_like(&features, &x)?.f_add(&rest)?;
            Ok(made.f_view(activation.size().as_slice())?)
        });
        let logits = lm.forward(std::slice::from_ref(&tokens), &mut [&mut hook])?;
        let value = metric(&logits.f_select(1, n as i64 - 1)?)?.f_sum(Kind::Float)?;
        if step == 0 {
            whole = value.f_double_value(&[])?;
        }
        let found = Tensor::f_run_backward(&[value], &[features, rest], false, false)?;
        let [of_features, of_rest] = &found[..] else {
            return Err(request("an attribution", "two gradients", found.len()));
        };
        slopes = slopes.f_add(of_features)?;
        error_slopes = error_slopes.f_add(of_rest)?;
    }
    let effect = |x: &Tensor, slopes: &Tensor| x.f_mul(slopes)?.f_div_scalar(-(steps as f64));
    Ok(Attribution {
        effects: effect(&acts, &slopes)?,
        error: effect(&error, &error_slopes)?.f_sum_dim_intlist(
            [-1_i64].as_slice(),
            false,
            Kind::Float,
        )?,
        metric: whole,
    })
}

fn measured(
    metric: impl Fn(&Tensor) -> Result<Tensor, Error>,
    logits: &Tensor,
) -> Result<Vec<f64>, Error> {
    let values = metric(logits)?;
    if values.size() != logits.size()[..1] {
        let expected = format!("shape {:?}", &logits.size()[..1]);
        let found = format!("{:?}", values.size());
        return Err(request("a metric", expected, found));
    }
    Ok(Vec::<f64>::try_from(&values.f_to_kind(Kind::Double)?)?)
}
