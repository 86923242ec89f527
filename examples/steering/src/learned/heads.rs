//! Heads whose probes tell the two kinds apart best: inference-time intervention.

use value_causal::lens::contrast::mean_difference;
use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, SteeringDirection};

use super::lines::{fitted, labelled};
use super::{Learned, Learner, Line};
use crate::method::Method;
use program::Failure;

/// The share of pairs that fit the probes; the others choose among the heads.
const FITTED: f64 = 0.7;

/// A head, with what its probe says of pairs that it was not fitted to.
struct Ranked {
    accuracy: f64,
    loss: f64,
    line: Line,
}

impl Learner<'_> {
    /// The heads of the greatest accuracy, of equal ones those of the least loss, shifted along the difference of means by
    /// standard deviations of what lies along it.
    pub(super) fn heads(
        &self,
        method: &Method,
        heads: usize,
        value: &str,
    ) -> Result<Learned, Failure> {
        let config = self.lm.config();
        let all = config.n_layers * config.n_heads;
        if heads > all {
            return Err(format!("expected at most {all} heads, found {heads}").into());
        }
        let points: Vec<HookPoint> = (0..config.n_layers).map(HookPoint::Z).collect();
        let read = self.read(method, value, &points)?;
        let d_head = config.d_head as i64;
        let mut ranked = Vec::with_capacity(all);
        for (point, [positive, negative]) in points.into_iter().zip(&read) {
            for head in 0..config.n_heads {
                let own = |x: &Tensor| x.f_narrow(1, head as i64 * d_head, d_head);
                let (positive, negative) = (own(positive)?, own(negative)?);
                ranked.push(Ranked::of(point, head, &positive, &negative)?);
            }
        }
        ranked.sort_by(|a, b| {
            let best = b.accuracy.total_cmp(&a.accuracy);
            best.then(a.loss.total_cmp(&b.loss))
        });
        ranked.truncate(heads);
        let lines = ranked.into_iter().map(|ranked| ranked.line);
        Ok(Learned::Lines(lines.collect()))
    }
}

impl Ranked {
    fn of(
        point: HookPoint,
        head: usize,
        positive: &Tensor,
        negative: &Tensor,
    ) -> Result<Self, Failure> {
        let n = positive.size()[0];
        let fits = ((n as f64 * FITTED) as i64).clamp(1, n - 1);
        let part = |x: &Tensor, from: i64, n: i64| x.f_narrow(0, from, n);
        let (first, second) = (part(positive, 0, fits)?, part(negative, 0, fits)?);
        let probe = fitted(&first, &second)?;
        let rest = n - fits;
        let (x, labels) = labelled(&part(positive, fits, rest)?, &part(negative, fits, rest)?)?;
        let difference = mean_difference(&first, &second)?;
        let unit = difference.f_div(&difference.f_norm()?)?;
        let (all, _) = labelled(positive, negative)?;
        let sigma = all.f_matmul(&unit)?.f_std(true)?.f_double_value(&[])?;
        Ok(Self {
            accuracy: probe.accuracy(&x, &labels)?,
            loss: probe.log_loss(&x, &labels)?,
            line: Line {
                point,
                direction: SteeringDirection::head(head, &unit)?,
                scale: sigma,
                vector: unit.f_to_kind(Kind::Double)?,
            },
        })
    }
}
