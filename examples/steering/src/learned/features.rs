//! A feature of an autoencoder: given, or the one that the two kinds tell apart most.

use std::ops::Range;
use std::rc::Rc;

use study::place::opened;
use value_causal::lens::contrast::mean_difference;
use value_causal::lens::sae::{Sae, SaeOptions};
use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, Reading, Steer, SteeringDirection};

use super::{Learned, Learner};
use crate::contrast::TokensRead;
use crate::method::{Action, How, Method};
use program::Failure;

/// A feature.
pub struct Chosen {
    /// Its number.
    pub feature: usize,
    direction: SteeringDirection,
    /// Its greatest activation in the pairs.
    greatest: f64,
}

impl Chosen {
    pub(super) fn steer(&self, point: HookPoint, action: Action, dose: f64) -> Steer {
        match action {
            Action::Add => Steer::add(point, &self.direction, dose),
            Action::Clamp => Steer::clamp(point, &self.direction, dose * self.greatest),
            Action::Floor => Steer::at_least(point, &self.direction, dose * self.greatest),
        }
    }
}

/// Activations of one side at a point: every token that is read, `[tokens, width]`, and each text's.
type Side = (Tensor, Vec<Range<usize>>);

impl Learner<'_> {
    pub(super) fn feature(&self, method: &Method, value: &str) -> Result<Learned, Failure> {
        let How::Feature {
            sae,
            at,
            action,
            features,
            ..
        } = &method.how
        else {
            return Err("expected a feature".into());
        };
        let steering = self.from.study.steering.as_ref();
        let (named, of_study) = match (sae, steering) {
            (Some(sae), _) => (sae, None),
            (None, Some(steering)) => (&steering.sae, steering.at.as_deref()),
            (None, None) => {
                return Err(
                    "sae: expected the file of an autoencoder, as the study has none".into(),
                );
            }
        };
        let sae = Rc::new(self.opened(&opened(self.from.data, named))?);
        let name = at.as_deref().or(of_study).or(sae.hook_name());
        let name = name.ok_or("at: expected a hook point, as the autoencoder names none")?;
        let point = self.lm.hook_point(name)?;
        sae.fits(self.lm.config(), point)?;
        let [positive, negative] = self.tokens(method, value, point)?;
        let (raise, lower) = match features {
            Some(features) => {
                let own = features.get(value).ok_or("features: none for this value")?;
                (own[0], own[1])
            }
            None => told_apart(&sae, &positive, &negative)?,
        };
        let on_device = |(x, _): &Side| x.f_to_device(self.lm.device());
        let chosen = |feature: usize| {
            Ok::<_, Failure>(Chosen {
                feature,
                direction: SteeringDirection::feature(&sae, feature)?,
                greatest: greatest(
                    &sae,
                    feature,
                    [&on_device(&positive)?, &on_device(&negative)?],
                )?,
            })
        };
        let both = Box::new([chosen(raise)?, chosen(lower)?]);
        let silent = both.iter().find(|chosen| chosen.greatest <= 0.0);
        if let (Some(Chosen { feature, .. }), false) = (silent, *action == Action::Add) {
            return Err(format!(
                "feature {feature}: expected one that is active in the pairs, of whose activations doses are multiples"
            )
            .into());
        }
        Ok(Learned::Feature {
            point,
            action: *action,
            both,
        })
    }

    fn opened(&self, path: &std::path::Path) -> Result<Sae, Failure> {
        let options = SaeOptions::default().device(self.lm.device());
        Ok(Sae::open(path, &options)?)
    }

    /// Both sides' activations at a point, token by token.
    pub(super) fn tokens(
        &self,
        method: &Method,
        value: &str,
        point: HookPoint,
    ) -> Result<[Side; 2], Failure> {
        let [positive, negative] = self.pairs(method, value)?.tokens(self.lm)?;
        Ok([self.side(&positive, point)?, self.side(&negative, point)?])
    }

    fn side(&self, texts: &[TokensRead], point: HookPoint) -> Result<Side, Failure> {
        let readings: Vec<Reading> = texts.iter().map(|(reading, _)| reading.clone()).collect();
        let read = self.lm.read(&readings, &[point.to_string()])?;
        let (mut rows, mut own, mut end) = (Vec::new(), Vec::new(), 0);
        for (whole, (_, tokens)) in read.rows.iter().zip(texts) {
            rows.extend(tokens.clone().map(|token| (whole.start + token) as i64));
            own.push(end..end + tokens.len());
            end += tokens.len();
        }
        let x = read.activations[&point].f_index_select(0, &Tensor::f_from_slice(&rows)?)?;
        Ok((x, own))
    }
}

/// The features whose mean activation is greater by most on the positive side, and on the negative one.
fn told_apart(sae: &Sae, positive: &Side, negative: &Side) -> Result<(usize, usize), Failure> {
    let mean = |(x, texts): &Side| sae.mean_activations(x, texts);
    let gain = mean_difference(&mean(positive)?, &mean(negative)?)?;
    let at = |x: Tensor| Ok::<_, Failure>(usize::try_from(x.f_int64_value(&[])?)?);
    Ok((at(gain.f_argmax(0, false)?)?, at(gain.f_argmin(0, false)?)?))
}

fn greatest(sae: &Sae, feature: usize, sides: [&Tensor; 2]) -> Result<f64, Failure> {
    let mut greatest: f64 = 0.0;
    for x in sides {
        let acts = sae.feature(x, feature)?;
        greatest = greatest.max(acts.f_to_kind(Kind::Double)?.f_max()?.f_double_value(&[])?);
    }
    Ok(greatest)
}
