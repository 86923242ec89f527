//! Heads that tell the two kinds apart best: inference-time intervention.

use value_causal::lens::contrast::mean_difference;
use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, SteeringDirection};

use super::lines::{fitted, labelled};
use super::{Learned, Learner, Line};
use crate::method::{Best, Method};
use program::Failure;

/// The share of pairs that fit the probes; the others choose among the heads.
const FITTED: f64 = 0.7;

/// A head, with what speaks for it.
struct Ranked {
    /// The accuracy of its probe on pairs that it was not fitted to, or its separation.
    worth: f64,
    /// What of equal ones is to be small.
    loss: f64,
    line: Line,
}

impl Learner<'_> {
    /// The best heads, shifted along the difference of means by standard deviations of what lies along it.
    pub(super) fn heads(
        &self,
        method: &Method,
        heads: usize,
        best: Best,
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
                ranked.push(match best {
                    Best::Probe => Ranked::by_probe(point, head, &positive, &negative)?,
                    Best::Separation => Ranked::by_separation(point, head, &positive, &negative)?,
                });
            }
        }
        ranked.sort_by(|a, b| {
            let better = b.worth.total_cmp(&a.worth);
            better.then(a.loss.total_cmp(&b.loss))
        });
        ranked.truncate(heads);
        let lines = ranked.into_iter().map(|ranked| ranked.line);
        Ok(Learned::Lines(lines.collect()))
    }
}

impl Ranked {
    fn by_probe(
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
        let unit = unit_difference(&first, &second)?;
        Ok(Self {
            worth: probe.accuracy(&x, &labels)?,
            loss: probe.log_loss(&x, &labels)?,
            line: line(point, head, &unit, [positive, negative])?,
        })
    }

    fn by_separation(
        point: HookPoint,
        head: usize,
        positive: &Tensor,
        negative: &Tensor,
    ) -> Result<Self, Failure> {
        let unit = unit_difference(positive, negative)?;
        let along = |side: &Tensor| side.f_to_kind(Kind::Double)?.f_matmul(&unit);
        let sides = [along(positive)?, along(negative)?];
        let means = [
            sides[0].f_mean(Kind::Double)?,
            sides[1].f_mean(Kind::Double)?,
        ];
        let within = [sides[0].f_sub(&means[0])?, sides[1].f_sub(&means[1])?];
        let within = Tensor::f_cat(&within, 0)?.f_std(true)?;
        let separation = means[0].f_sub(&means[1])?.f_div(&within)?;
        Ok(Self {
            worth: separation.f_double_value(&[])?,
            loss: 0.0,
            line: line(point, head, &unit, [positive, negative])?,
        })
    }
}

/// From the second kind's mean to the first's, of length 1.
fn unit_difference(positive: &Tensor, negative: &Tensor) -> Result<Tensor, Failure> {
    let difference = mean_difference(positive, negative)?;
    Ok(difference
        .f_div(&difference.f_norm()?)?
        .f_to_kind(Kind::Double)?)
}

/// A head's direction, whose unit is the standard deviation of what lies along it in both kinds together.
fn line(
    point: HookPoint,
    head: usize,
    unit: &Tensor,
    kinds: [&Tensor; 2],
) -> Result<Line, Failure> {
    let all = Tensor::f_cat(&kinds, 0)?.f_to_kind(Kind::Double)?;
    let sigma = all.f_matmul(unit)?.f_std(true)?.f_double_value(&[])?;
    Ok(Line {
        point,
        direction: SteeringDirection::head(head, unit)?,
        scale: sigma,
        vector: unit.shallow_clone(),
    })
}
