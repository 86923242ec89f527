//! The formulas of sparse autoencoders, in double precision and one number at a time.

use proptest::prelude::*;

pub type Vector = Vec<f64>;
pub type Matrix = Vec<Vector>;

#[derive(Debug, Clone, PartialEq)]
pub enum Architecture {
    Standard,
    JumpRelu { threshold: Vector },
    Gated { b_mag: Vector, r_mag: Vector },
    TopK { k: usize, rescale: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Normalisation {
    None,
    LayerNorm,
    ConstantNorm,
}

#[derive(Debug, Clone)]
pub struct Plain {
    pub architecture: Architecture,
    pub normalisation: Normalisation,
    pub apply_b_dec: bool,
    /// Factors of a finetuned autoencoder.
    pub finetuning: Option<Vector>,
    /// `[d_in][d_sae]`.
    pub w_enc: Matrix,
    /// Of the gate, where there is one.
    pub b_enc: Vector,
    /// `[d_sae][d_in]`.
    pub w_dec: Matrix,
    pub b_dec: Vector,
}

/// Activations of the features, and how far the input is from one where a feature would be switched on or off.
pub struct Encoded {
    pub acts: Vector,
    pub margin: f64,
}

impl Plain {
    pub fn d_in(&self) -> usize {
        self.b_dec.len()
    }

    pub fn d_sae(&self) -> usize {
        self.b_enc.len()
    }

    pub fn encode(&self, x: &[f64]) -> Encoded {
        let (mut input, _, _) = self.normalised(x);
        if self.apply_b_dec {
            input.iter_mut().zip(&self.b_dec).for_each(|(x, b)| *x -= b);
        }
        let product: Vector = (0..self.d_sae())
            .map(|f| {
                input
                    .iter()
                    .zip(&self.w_enc)
                    .map(|(x, row)| x * row[f])
                    .sum()
            })
            .collect();
        let h: Vector = product
            .iter()
            .zip(&self.b_enc)
            .map(|(p, b)| p + b)
            .collect();
        let relu = |h: f64| h.max(0.0);
        match &self.architecture {
            Architecture::Standard => Encoded {
                acts: h.into_iter().map(relu).collect(),
                margin: f64::INFINITY,
            },
            Architecture::JumpRelu { threshold } => Encoded {
                margin: h
                    .iter()
                    .zip(threshold)
                    .map(|(h, t)| (h - t).abs())
                    .fold(f64::INFINITY, f64::min),
                acts: h
                    .iter()
                    .zip(threshold)
                    .map(|(h, t)| if h > t { relu(*h) } else { 0.0 })
                    .collect(),
            },
            Architecture::Gated { b_mag, r_mag } => Encoded {
                margin: h.iter().map(|h| h.abs()).fold(f64::INFINITY, f64::min),
                acts: (0..self.d_sae())
                    .map(|f| {
                        if h[f] > 0.0 {
                            relu(product[f] * r_mag[f].exp() + b_mag[f])
                        } else {
                            0.0
                        }
                    })
                    .collect(),
            },
            Architecture::TopK { k, rescale } => {
                let h: Vector = (0..self.d_sae())
                    .map(|f| {
                        if *rescale {
                            h[f] * norm(&self.w_dec[f])
                        } else {
                            h[f]
                        }
                    })
                    .collect();
                let mut sorted = h.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                let least = sorted[k - 1];
                Encoded {
                    margin: sorted.get(*k).map_or(f64::INFINITY, |next| least - next),
                    acts: h
                        .iter()
                        .map(|h| if *h >= least { relu(*h) } else { 0.0 })
                        .collect(),
                }
            }
        }
    }

    /// The reconstruction at the scale of `x`.
    pub fn decode_like(&self, acts: &[f64], x: &[f64]) -> Vector {
        let (_, scale, shift) = self.normalised(x);
        (0..self.d_in())
            .map(|i| {
                let sum: f64 = (0..self.d_sae())
                    .map(|f| acts[f] * self.gain(f) * self.w_dec[f][i])
                    .sum();
                (sum + self.b_dec[i]) * scale + shift
            })
            .collect()
    }

    /// By what an activation is multiplied when it is decoded.
    pub fn gain(&self, feature: usize) -> f64 {
        let factor = self
            .finetuning
            .as_ref()
            .map_or(1.0, |factors| factors[feature]);
        match self.architecture {
            Architecture::TopK { rescale: true, .. } => factor / norm(&self.w_dec[feature]),
            _ => factor,
        }
    }

    /// Normalised, and the scale and shift that were taken out.
    fn normalised(&self, x: &[f64]) -> (Vector, f64, f64) {
        let n = x.len() as f64;
        match self.normalisation {
            Normalisation::None => (x.to_vec(), 1.0, 0.0),
            Normalisation::LayerNorm => {
                let mean = x.iter().sum::<f64>() / n;
                let deviation =
                    (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
                let out = x.iter().map(|x| (x - mean) / (deviation + 1e-5)).collect();
                (out, deviation, mean)
            }
            Normalisation::ConstantNorm => {
                let scale = norm(x) / n.sqrt();
                (x.iter().map(|x| x / scale).collect(), scale, 0.0)
            }
        }
    }
}

pub fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Numbers that 32-bit floats hold exactly.
fn number(limit: f32) -> impl Strategy<Value = f64> {
    (-limit..limit).prop_map(f64::from)
}

pub fn vector(n: usize, limit: f32) -> impl Strategy<Value = Vector> {
    prop::collection::vec(number(limit), n)
}

fn matrix(rows: usize, columns: usize, limit: f32) -> impl Strategy<Value = Matrix> {
    prop::collection::vec(vector(columns, limit), rows)
}

fn architecture(d_sae: usize) -> impl Strategy<Value = Architecture> {
    prop_oneof![
        Just(Architecture::Standard),
        prop::collection::vec((0.0_f32..2.0).prop_map(f64::from), d_sae)
            .prop_map(|threshold| Architecture::JumpRelu { threshold }),
        (vector(d_sae, 1.0), vector(d_sae, 0.5))
            .prop_map(|(b_mag, r_mag)| Architecture::Gated { b_mag, r_mag }),
        (1..=d_sae, any::<bool>()).prop_map(|(k, rescale)| Architecture::TopK { k, rescale }),
    ]
}

/// A random autoencoder, and activations for it.
pub fn plain() -> impl Strategy<Value = (Plain, Matrix)> {
    (2_usize..7, 1_usize..12, 1_usize..5).prop_flat_map(|(d_in, d_sae, tokens)| {
        let normalisation = prop_oneof![
            2 => Just(Normalisation::None),
            1 => Just(Normalisation::LayerNorm),
            1 => Just(Normalisation::ConstantNorm),
        ];
        let weights = (
            matrix(d_in, d_sae, 2.0),
            vector(d_sae, 1.0),
            matrix(d_sae, d_in, 2.0),
            vector(d_in, 1.0),
            prop::option::weighted(0.2, vector(d_sae, 2.0)),
        );
        let choices = (architecture(d_sae), normalisation, any::<bool>());
        let x = matrix(tokens, d_in, 3.0);
        (choices, weights, x).prop_map(
            |((architecture, normalisation, apply_b_dec), weights, x)| {
                let (w_enc, b_enc, w_dec, b_dec, finetuning) = weights;
                let plain = Plain {
                    architecture,
                    normalisation,
                    apply_b_dec,
                    finetuning,
                    w_enc,
                    b_enc,
                    w_dec,
                    b_dec,
                };
                (plain, x)
            },
        )
    })
}
