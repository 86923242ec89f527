//! Directions and probes from pairs.

use value_causal::lens::contrast::{Centring, mean_difference, principal_direction};
use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, Probe, SteeringDirection};

use super::{Learned, Learner, Line};
use crate::method::{Centred, Method, Points};
use program::{Failure, remark};

impl Learner<'_> {
    pub(super) fn mean_difference(
        &self,
        method: &Method,
        at: &Points,
        unit: bool,
        value: &str,
    ) -> Result<Learned, Failure> {
        self.lines(method, at, value, |positive, negative| {
            let difference = mean_difference(positive, negative)?;
            match unit {
                true => Ok(difference.f_div(&difference.f_norm()?)?),
                false => Ok(difference),
            }
        })
    }

    pub(super) fn principal(
        &self,
        method: &Method,
        at: &Points,
        centred: Centred,
        value: &str,
    ) -> Result<Learned, Failure> {
        let centring = match centred {
            Centred::Pairs => Centring::Pairs,
            Centred::Differences => Centring::CentredDifferences,
            Centred::Global => Centring::Global,
        };
        self.lines(method, at, value, |positive, negative| {
            let found = principal_direction(positive, negative, centring)?;
            if let Some(caveat) = found.caveat() {
                remark(format_args!("note: {}, {value}: {caveat}", method.name));
            }
            Ok(found.direction)
        })
    }

    pub(super) fn probe_direction(
        &self,
        method: &Method,
        at: &Points,
        value: &str,
    ) -> Result<Learned, Failure> {
        self.lines(method, at, value, |positive, negative| {
            Ok(fitted(positive, negative)?.direction()?)
        })
    }

    pub(super) fn floors(
        &self,
        method: &Method,
        at: &Points,
        once: bool,
        value: &str,
    ) -> Result<Learned, Failure> {
        let found = self.at_each(method, at, value, |point, positive, negative| {
            let probe = fitted(positive, negative)?;
            let along = probe.steering_direction()?;
            Ok((point, probe, along))
        });
        Ok(Learned::Floors {
            probes: found?,
            once,
        })
    }

    pub(super) fn planes(
        &self,
        method: &Method,
        at: &Points,
        adaptive: bool,
        value: &str,
    ) -> Result<Learned, Failure> {
        let found = self.at_each(method, at, value, |point, positive, negative| {
            let first = mean_difference(positive, negative)?;
            let second = principal_direction(positive, negative, Centring::Global)?;
            let plane = SteeringDirection::plane(&first, &second.direction)?;
            Ok((point, plane))
        });
        Ok(Learned::Planes(found?, adaptive))
    }

    fn lines(
        &self,
        method: &Method,
        at: &Points,
        value: &str,
        direction: impl Fn(&Tensor, &Tensor) -> Result<Tensor, Failure>,
    ) -> Result<Learned, Failure> {
        let lines = self.at_each(method, at, value, |point, positive, negative| {
            Line::new(point, direction(positive, negative)?)
        });
        Ok(Learned::Lines(lines?))
    }

    fn at_each<T>(
        &self,
        method: &Method,
        at: &Points,
        value: &str,
        learn: impl Fn(HookPoint, &Tensor, &Tensor) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let points = self.points(at.names())?;
        let read = self.read(method, value, &points)?;
        let each = points.into_iter().zip(&read);
        each.map(|(point, [positive, negative])| learn(point, positive, negative))
            .collect()
    }
}

/// The probe of both sides.
pub(super) fn fitted(positive: &Tensor, negative: &Tensor) -> Result<Probe, Failure> {
    let (x, labels) = labelled(positive, negative)?;
    Ok(Probe::fit(&x, &labels, 1.0)?)
}

/// The rows of both sides, one after the other, with their labels.
pub(super) fn labelled(
    positive: &Tensor,
    negative: &Tensor,
) -> Result<(Tensor, Vec<bool>), Failure> {
    let x = Tensor::f_cat(&[positive, negative], 0)?.f_to_kind(Kind::Double)?;
    let of = |side: &Tensor, label: bool| std::iter::repeat_n(label, side.size()[0] as usize);
    let labels = of(positive, true).chain(of(negative, false)).collect();
    Ok((x, labels))
}
