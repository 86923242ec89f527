//! Rotary position embedding, in the halves layout of Hugging Face checkpoints.

use std::f32::consts::PI;

use tch::{Device, Kind, TchError, Tensor};

use crate::config::{ModelConfig, QueryGrowth, RopeConfig, RopeScaling};

/// The rotary embeddings of a model, each once, and which of them a layer has.
#[derive(Debug)]
pub(crate) struct Ropes {
    ropes: Vec<Rope>,
    of_layer: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Rope {
    /// The rotation speeds `[dims / 2]`, in 32 bits as every implementation has them.
    speeds: Tensor,
    amplitude: f64,
    query_growth: Option<QueryGrowth>,
    /// How many numbers of each head are turned, where it is not all.
    dims: Option<i64>,
    kind: Kind,
}

/// The rotations of one pass.
#[derive(Debug)]
pub(crate) struct Rotations {
    rotations: Vec<Rotation>,
    of_layer: Vec<Option<usize>>,
}

/// Cosines and sines `[batch, pos, 1, dims]` of one pass, the sines of the first half negated.
#[derive(Debug)]
pub(crate) struct Rotation {
    cos: Tensor,
    sin: Tensor,
    /// What queries are multiplied by, `[batch, pos, 1, 1]`.
    growth: Option<Tensor>,
    dims: Option<i64>,
}

impl Ropes {
    pub(crate) fn new(config: &ModelConfig, kind: Kind, device: Device) -> Result<Self, TchError> {
        let mut distinct: Vec<&RopeConfig> = Vec::new();
        let of_layer = config.ropes.iter().map(|rope| {
            let rope = rope.as_ref()?;
            let known = distinct.iter().position(|other| *other == rope);
            Some(known.unwrap_or_else(|| {
                distinct.push(rope);
                distinct.len() - 1
            }))
        });
        let of_layer = of_layer.collect();
        let ropes = distinct.into_iter().map(|rope| {
            Ok(Rope {
                speeds: speeds(rope)?.f_to_device(device)?,
                amplitude: rope.amplitude,
                query_growth: rope.query_growth,
                dims: (rope.dims < config.d_head).then_some(rope.dims as i64),
                kind,
            })
        });
        Ok(Self {
            ropes: ropes.collect::<Result<_, TchError>>()?,
            of_layer,
        })
    }

    /// The rotations for tokens at `positions` `[batch, pos]`.
    pub(crate) fn at(&self, positions: &Tensor) -> Result<Rotations, TchError> {
        let rotations = self.ropes.iter().map(|rope| rope.at(positions));
        Ok(Rotations {
            rotations: rotations.collect::<Result<_, _>>()?,
            of_layer: self.of_layer.clone(),
        })
    }
}

impl Rope {
    fn at(&self, positions: &Tensor) -> Result<Rotation, TchError> {
        let positions = positions.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?;
        let half = positions.f_mul(&self.speeds)?;
        let (cos, sin) = (half.f_cos()?, half.f_sin()?);
        let both = |first: &Tensor, second: &Tensor| {
            Tensor::f_cat(&[first, second], -1)?
                .f_unsqueeze(2)?
                .f_mul_scalar(self.amplitude)?
                .f_to_kind(self.kind)
        };
        let growth = self.query_growth.map(|QueryGrowth { beta, context }| {
            let times = positions.f_div_scalar(context)?.f_floor()?;
            let growth = times.f_log1p()?.f_mul_scalar(beta)?.f_add_scalar(1.0)?;
            growth.f_unsqueeze(-1)?.f_to_kind(self.kind)
        });
        Ok(Rotation {
            cos: both(&cos, &cos)?,
            sin: both(&sin.f_neg()?, &sin)?,
            growth: growth.transpose()?,
            dims: self.dims,
        })
    }
}

impl Rotations {
    /// That of a layer; none where queries and keys stay as they are.
    pub(crate) fn of(&self, layer: usize) -> Option<&Rotation> {
        self.of_layer[layer].map(|rope| &self.rotations[rope])
    }
}

impl Rotation {
    /// `x` `[batch, pos, head, d_head]`, rotated.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let Some(dims) = self.dims else {
            return self.turn(x);
        };
        let (turned, rest) = (x.f_narrow(3, 0, dims)?, x.size()[3] - dims);
        Tensor::f_cat(&[self.turn(&turned)?, x.f_narrow(3, dims, rest)?], 3)
    }

    /// Rotated queries, grown as their positions ask for.
    pub(crate) fn grow(&self, queries: Tensor) -> Result<Tensor, TchError> {
        match &self.growth {
            Some(growth) => queries.f_mul(growth),
            None => Ok(queries),
        }
    }

    fn turn(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let turned = x.f_roll([x.size()[3] / 2], [3])?;
        x.f_mul(&self.cos)?.f_addcmul_(&turned, &self.sin)
    }
}

/// How fast each pair of numbers turns, `[dims / 2]`.
fn speeds(rope: &RopeConfig) -> Result<Tensor, TchError> {
    let dims = rope.dims as i64;
    let exponents =
        Tensor::f_arange_start_step(0, dims, 2, (Kind::Float, Device::Cpu))?.f_div_scalar(dims)?;
    let wavelengths = Tensor::f_pow_scalar(rope.theta, &exponents)?;
    match rope.scaling.as_ref() {
        None => wavelengths.f_reciprocal(),
        Some(RopeScaling::Linear { factor }) => wavelengths.f_reciprocal()?.f_div_scalar(*factor),
        Some(RopeScaling::Long { factors, .. }) => {
            let factors: Vec<f32> = factors.iter().map(|&factor| factor as f32).collect();
            wavelengths
                .f_mul(&Tensor::f_from_slice(&factors)?)?
                .f_reciprocal()
        }
        Some(&RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        }) => {
            let [factor, low, high, context] =
                [factor, low_freq_factor, high_freq_factor, original_context].map(|x| x as f32);
            let slowed = |speed: f32| {
                let wavelength = 2.0 * PI / speed;
                if wavelength > context / low {
                    speed / factor
                } else if wavelength >= context / high {
                    let smooth = (context / wavelength - low) / (high - low);
                    (1.0 - smooth) * speed / factor + smooth * speed
                } else {
                    speed
                }
            };
            each(&wavelengths.f_reciprocal()?, |_, speed| slowed(speed))
        }
        Some(&RopeScaling::Yarn {
            factor,
            beta_fast,
            beta_slow,
            original_context,
            truncate,
        }) => {
            // The place, among the rotations, of the one that turns so many times in the original context.
            let place = |turns: f64| {
                let wavelength = original_context / (turns * 2.0 * std::f64::consts::PI);
                dims as f64 * wavelength.ln() / (2.0 * rope.theta.ln())
            };
            let (mut low, mut high) = (place(beta_fast), place(beta_slow));
            if truncate {
                (low, high) = (low.floor(), high.ceil());
            }
            let (low, mut high) = (low.max(0.0), high.min(dims as f64 - 1.0));
            if low == high {
                high += 0.001;
            }
            let (low, range, factor) = (low as f32, (high - low) as f32, factor as f32);
            each(&wavelengths, |place, wavelength| {
                let slowed = ((place as f32 - low) / range).clamp(0.0, 1.0);
                1.0 / (factor * wavelength) * slowed + 1.0 / wavelength * (1.0 - slowed)
            })
        }
    }
}

fn each(x: &Tensor, change: impl Fn(usize, f32) -> f32) -> Result<Tensor, TchError> {
    let values = Vec::<f32>::try_from(x)?;
    let changed = values
        .iter()
        .enumerate()
        .map(|(place, &x)| change(place, x));
    Tensor::f_from_slice(&changed.collect::<Vec<_>>())
}
