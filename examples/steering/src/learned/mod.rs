//! What each method has learned of each value: directions, probes, heads, features, neurons.
//!
//! - this file: the steers that come of it; `lines`: directions and probes
//! - `heads`, `features`, `neurons`: which are steered, and how far

mod features;
mod heads;
mod lines;
mod neurons;

use std::cell::RefCell;
use std::collections::HashMap;

use value_causal::lens::contrast::random;
use value_causal::lens::tch::{Device, Kind, Tensor};
use value_causal::lens::{At, HookPoint, Lm, Probe, Reading, Steer, SteeringDirection};

use crate::contrast::{From, Pairs};
use crate::direction_file;
use crate::file::{ComparisonFile, Sign};
use crate::method::{Action, How, Method};
use features::Chosen;
use neurons::Gates;
use program::Failure;

/// What a method does for a value.
pub enum Learned {
    /// It tells the model.
    Told,
    /// Directions are added.
    Lines(Vec<Line>),
    /// A row for each token is added from the first token on.
    Rows(HookPoint, SteeringDirection),
    /// Probes have their probability.
    Floors {
        /// One for each point, with its direction.
        probes: Vec<(HookPoint, Probe, SteeringDirection)>,
        /// Whether measured once.
        once: bool,
    },
    /// A feature is added, set or raised.
    Feature {
        /// Where.
        point: HookPoint,
        /// What is done.
        action: Action,
        /// To raise and to lower the value.
        both: Box<[Chosen; 2]>,
    },
    /// Neurons are raised and muted.
    Neurons(Gates),
    /// Planes are turned in; whether only what lies along the first vector.
    Planes(Vec<(HookPoint, SteeringDirection)>, bool),
}

/// A direction that is added.
pub struct Line {
    /// Where.
    pub point: HookPoint,
    /// Along which.
    pub direction: SteeringDirection,
    /// What a dose of 1 adds of it.
    pub scale: f64,
    /// The same as a vector `[width]`, or `[d_head]`, 64 bits.
    pub vector: Tensor,
}

impl Learned {
    /// The steers of one sign and dose, not yet at their places.
    ///
    /// # Errors
    /// A dose that the change does not know.
    pub fn steers(&self, sign: Sign, dose: f64) -> Result<Vec<Steer>, Failure> {
        let signed = sign.factor() * dose;
        Ok(match self {
            Self::Told => Vec::new(),
            Self::Lines(lines) => lines.iter().map(|line| line.add(signed)).collect(),
            Self::Rows(point, rows) => vec![Steer::add(*point, rows, signed)],
            Self::Floors { probes, once } => {
                let floor = |(point, probe, along): &(HookPoint, Probe, SteeringDirection)| {
                    let steer = match sign {
                        Sign::Raise => Steer::at_least(*point, along, probe.value_at(dose)?),
                        Sign::Lower => Steer::at_most(*point, along, probe.value_at(1.0 - dose)?),
                    };
                    Ok::<_, Failure>(if *once { steer.measured_once() } else { steer })
                };
                probes.iter().map(floor).collect::<Result<_, _>>()?
            }
            Self::Feature {
                point,
                action,
                both,
            } => {
                let chosen = match sign {
                    Sign::Raise => &both[0],
                    Sign::Lower => &both[1],
                };
                vec![chosen.steer(*point, *action, dose)]
            }
            Self::Neurons(gates) => gates.steers(sign, dose),
            Self::Planes(planes, adaptive) => {
                let degrees = 90.0 - signed;
                let turn = |(point, plane): &(HookPoint, SteeringDirection)| match adaptive {
                    true => Steer::turn_what_is_along(*point, plane, degrees),
                    false => Steer::turn(*point, plane, degrees),
                };
                planes.iter().map(turn).collect()
            }
        })
    }
}

impl Line {
    fn new(point: HookPoint, vector: Tensor) -> Result<Self, Failure> {
        Ok(Self {
            point,
            direction: SteeringDirection::vector(&vector)?,
            scale: 1.0,
            vector: vector.f_to_kind(Kind::Double)?,
        })
    }

    fn add(&self, dose: f64) -> Steer {
        Steer::add(self.point, &self.direction, dose * self.scale)
    }
}

/// What was read of a contrast for a value at a point: both sides, `[pair, width]`.
type Known = HashMap<(String, String, HookPoint), [Tensor; 2]>;

/// Learns what methods do, with a model. What several methods read is read once.
pub struct Learner<'a> {
    lm: &'a Lm,
    file: &'a ComparisonFile,
    from: From<'a>,
    known: RefCell<Known>,
}

impl<'a> Learner<'a> {
    /// For the methods of a file, with pairs made from `from`.
    #[must_use]
    pub fn new(lm: &'a Lm, file: &'a ComparisonFile, from: From<'a>) -> Self {
        let known = RefCell::default();
        Self {
            lm,
            file,
            from,
            known,
        }
    }

    /// What a method does for a value.
    ///
    /// # Errors
    /// Pairs cannot be read; a hook point or a file is not there; nothing can be learned from the pairs.
    pub fn learn(&self, method: &Method, value: &str) -> Result<Learned, Failure> {
        let learned = match &method.how {
            How::Instruction {} => Ok(Learned::Told),
            How::ActivationAddition { prompts, at } => self.rows(prompts, at, value),
            How::MeanDifference { at, unit, .. } => self.mean_difference(method, at, *unit, value),
            How::Principal { at, centred, .. } => self.principal(method, at, *centred, value),
            How::Probe { at, .. } => self.probe_direction(method, at, value),
            How::Probability { at, once, .. } => self.floors(method, at, *once, value),
            How::Heads { heads, best, .. } => self.heads(method, *heads, *best, value),
            How::Feature { .. } => self.feature(method, value),
            How::Neurons { least, .. } => self.neurons(method, *least, value),
            How::Rotation { at, adaptive, .. } => self.planes(method, at, *adaptive, value),
            How::Direction { file, at } => {
                let file = self.from.data.join(file);
                let mut all = direction_file::read(&file)?;
                let own = all.remove(value);
                let own = own.ok_or_else(|| format!("{}: no direction of it", file.display()))?;
                let point = self.lm.hook_point(at)?;
                Ok(Learned::Lines(vec![Line::new(point, own)?]))
            }
            How::Random { .. } => Err("random directions are of no value".into()),
        };
        learned.map_err(|why: Failure| format!("{}, {value}: {why}", method.name).into())
    }

    /// A random direction of unit length.
    ///
    /// # Errors
    /// No such hook point, or one without vectors.
    pub fn random(&self, at: &str, seed: u64) -> Result<Learned, Failure> {
        let point = self.lm.hook_point(at)?;
        let width = point.width(self.lm.config());
        let width = width.ok_or_else(|| format!("{at}: expected one vector per position"))?;
        let ones = Tensor::f_ones([width as i64], (Kind::Double, Device::Cpu))?;
        let unit = ones.f_div_scalar((width as f64).sqrt())?;
        Ok(Learned::Lines(vec![Line::new(
            point,
            random(&unit, seed)?,
        )?]))
    }

    fn pairs(&self, method: &Method, value: &str) -> Result<Pairs, Failure> {
        let name = method.how.contrast().unwrap_or_default();
        let contrast = self.file.contrasts.get(name);
        let contrast = contrast.ok_or_else(|| format!("no contrast {name:?}"))?;
        Pairs::of(contrast, value, self.from)
    }

    /// Activations of both sides at each of these points, `[pair, width]`.
    fn read(
        &self,
        method: &Method,
        value: &str,
        points: &[HookPoint],
    ) -> Result<Vec<[Tensor; 2]>, Failure> {
        let contrast = method.how.contrast().unwrap_or_default();
        let key = |point: HookPoint| (contrast.to_owned(), value.to_owned(), point);
        let mut known = self.known.borrow_mut();
        let new = points
            .iter()
            .filter(|&&point| !known.contains_key(&key(point)));
        let new: Vec<String> = new.map(ToString::to_string).collect();
        if !new.is_empty() {
            let sides = self.pairs(method, value)?.readings()?;
            let read = |side: &Vec<Reading>| self.lm.read(side, &new).map(|read| read.activations);
            let [mut positive, mut negative] = [read(&sides[0])?, read(&sides[1])?];
            for name in &new {
                let point = self.lm.hook_point(name)?;
                if let (Some(a), Some(b)) = (positive.remove(&point), negative.remove(&point)) {
                    known.insert(key(point), [a, b]);
                }
            }
        }
        let both = points.iter().map(|&point| known[&key(point)].each_ref());
        Ok(both.map(|both| both.map(Tensor::shallow_clone)).collect())
    }

    fn points(&self, names: &[String]) -> Result<Vec<HookPoint>, Failure> {
        let points = names.iter().map(|name| Ok(self.lm.hook_point(name)?));
        points.collect()
    }

    /// The difference of two prompts' activations, token by token as far as the shorter one goes.
    fn rows(&self, prompts: &[String; 2], at: &str, value: &str) -> Result<Learned, Failure> {
        let point = self.lm.hook_point(at)?;
        let prompts = prompts.each_ref().map(|prompt| {
            let text = prompt.replace("{value}", value);
            Reading::new(text).at(At::Every(0))
        });
        let read = self.lm.read(&prompts, &[at])?;
        let x = &read.activations[&point];
        let n = read.rows.iter().map(std::ops::Range::len).min();
        let n = n.unwrap_or(0) as i64;
        let own = |of: usize| x.f_narrow(0, read.rows[of].start as i64, n);
        let rows = SteeringDirection::rows(&own(0)?.f_sub(&own(1)?)?)?;
        Ok(Learned::Rows(point, rows))
    }
}
