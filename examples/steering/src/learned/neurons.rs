//! Neurons that one side of the pairs activates more often than the other.

use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, Steer, SteeringDirection};

use super::{Learned, Learner};
use crate::file::Sign;
use crate::method::Method;
use program::Failure;

/// What is muted and what is raised, layer by layer.
#[derive(Default)]
pub struct Gates {
    raise: Vec<Layer>,
    lower: Vec<Layer>,
}

struct Layer {
    point: HookPoint,
    muted: Option<SteeringDirection>,
    raised: Option<SteeringDirection>,
}

impl Gates {
    pub(super) fn steers(&self, sign: Sign, dose: f64) -> Vec<Steer> {
        let layers = match sign {
            Sign::Raise => &self.raise,
            Sign::Lower => &self.lower,
        };
        let steers = layers.iter().flat_map(|layer| {
            let muted = layer.muted.iter();
            let muted = muted.map(|muted| Steer::at_most(layer.point, muted, 0.0));
            let raised = layer.raised.iter();
            muted.chain(raised.map(|raised| Steer::add(layer.point, raised, dose)))
        });
        steers.collect()
    }
}

/// One side at one layer: for each neuron the share of tokens at which it is active, and the 95% quantile of its gate.
struct Active {
    share: Vec<f64>,
    q95: Vec<f64>,
}

impl Learner<'_> {
    /// A neuron whose share of active tokens differs by `least` is raised on its own side by its 95% quantile there, times
    /// `1 / (1 + exp(-10 (difference - .15)))`, and muted on the other: NPTI's rule, over the tokens that are read.
    pub(super) fn neurons(
        &self,
        method: &Method,
        least: f64,
        value: &str,
    ) -> Result<Learned, Failure> {
        let mut gates = Gates::default();
        for layer in 0..self.lm.config().n_layers {
            let point = HookPoint::MlpGate(layer);
            let [(positive, _), (negative, _)] = self.tokens(method, value, point)?;
            let (positive, negative) = (Active::of(&positive)?, Active::of(&negative)?);
            gates.raise.push(side(point, &positive, &negative, least)?);
            gates.lower.push(side(point, &negative, &positive, least)?);
        }
        let none = |layer: &Layer| layer.muted.is_none() && layer.raised.is_none();
        if gates.raise.iter().all(none) {
            return Err(format!(
                "neurons: expected some whose shares of active tokens differ by {least}, found none"
            )
            .into());
        }
        Ok(Learned::Neurons(gates))
    }
}

fn side(point: HookPoint, own: &Active, other: &Active, least: f64) -> Result<Layer, Failure> {
    let difference = |neuron: usize| own.share[neuron] - other.share[neuron];
    let n = own.share.len();
    let raised = (0..n).filter(|&neuron| difference(neuron) >= least);
    let raised: Vec<(usize, f64)> = raised
        .map(|neuron| {
            let squash = 1.0 / (1.0 + (-10.0 * (difference(neuron) - 0.15)).exp());
            (neuron, own.q95[neuron] * squash)
        })
        .collect();
    let muted = (0..n).filter(|&neuron| -difference(neuron) >= least);
    let muted: Vec<(usize, f64)> = muted.map(|neuron| (neuron, 0.0)).collect();
    let along = |numbers: Vec<(usize, f64)>| match numbers.is_empty() {
        true => Ok(None),
        false => SteeringDirection::numbers(numbers).map(Some),
    };
    Ok(Layer {
        point,
        muted: along(muted)?,
        raised: along(raised)?,
    })
}

impl Active {
    /// Of gates `[tokens, d_mlp]`.
    fn of(gates: &Tensor) -> Result<Self, Failure> {
        let gates = gates.f_to_kind(Kind::Double)?;
        let active = gates.f_gt(0.0)?.f_to_kind(Kind::Double)?;
        let share = active.f_mean_dim([0_i64].as_slice(), false, Kind::Double)?;
        let q95 = gates.f_quantile_scalar(0.95, 0, false, "linear")?;
        Ok(Self {
            share: Vec::try_from(&share)?,
            q95: Vec::try_from(&q95)?,
        })
    }
}
