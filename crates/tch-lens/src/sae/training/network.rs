//! The autoencoder's weights while they are trained.

use tch::{Kind, TchError, Tensor, no_grad};

use super::{SaeTraining, Sparsity};

/// `[d_in, d_sae]`, `[d_sae]`, `[d_sae, d_in]` with rows of unit length, `[d_in]`; they work on scaled activations.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) w_enc: Tensor,
    pub(super) b_enc: Tensor,
    pub(super) w_dec: Tensor,
    pub(super) b_dec: Tensor,
}

pub(super) const NAMES: [&str; 4] = ["W_enc", "b_enc", "W_dec", "b_dec"];

/// A batch as the autoencoder sees it.
pub(super) struct Passed {
    /// Before the choice `[n, d_sae]`.
    before: Tensor,
    /// After it, most of them 0 `[n, d_sae]`.
    pub(super) acts: Tensor,
    pub(super) reconstruction: Tensor,
}

impl Network {
    /// Random decoder rows of unit length, the encoder their transpose, and the mean of the activations as bias.
    pub(super) fn new(options: &SaeTraining, mean: &Tensor, scale: f64) -> Result<Self, TchError> {
        let device = mean.device();
        let shape = [options.d_sae as i64, mean.size()[0]];
        let rows = super::data::normal(options.seed, shape)?.f_to_device(device)?;
        let rows = rows.f_div(&lengths(&rows)?)?;
        let mut network = Self {
            w_enc: rows.f_transpose(0, 1)?.f_contiguous()?,
            b_enc: Tensor::f_zeros([shape[0]], (Kind::Float, device))?,
            w_dec: rows,
            b_dec: mean.f_mul_scalar(scale)?,
        };
        network.learn()?;
        Ok(network)
    }

    /// Makes the tensors into parameters.
    pub(super) fn learn(&mut self) -> Result<(), TchError> {
        for tensor in [
            &mut self.w_enc,
            &mut self.b_enc,
            &mut self.w_dec,
            &mut self.b_dec,
        ] {
            *tensor = tensor.f_detach_copy()?.f_set_requires_grad(true)?;
        }
        Ok(())
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &Tensor> {
        [&self.w_enc, &self.b_enc, &self.w_dec, &self.b_dec].into_iter()
    }

    pub(super) fn pass(
        &self,
        x: &Tensor,
        sparsity: Sparsity,
        k: usize,
    ) -> Result<Passed, TchError> {
        let before = x
            .f_sub(&self.b_dec)?
            .f_matmul(&self.w_enc)?
            .f_add(&self.b_enc)?;
        let acts = match sparsity {
            Sparsity::TopK => largest(&before, k as i64)?,
            Sparsity::BatchTopK => {
                let kept = x.size()[0] * k as i64;
                largest(&before.f_flatten(0, -1)?, kept)?.f_view_as(&before)?
            }
        };
        let reconstruction = acts.f_matmul(&self.w_dec)?.f_add(&self.b_dec)?;
        Ok(Passed {
            before,
            acts,
            reconstruction,
        })
    }

    /// How much of the `error` the largest of the `dead` features leave, as a share of it.
    pub(super) fn explained_by_dead(
        &self,
        passed: &Passed,
        error: &Tensor,
        dead: &Tensor,
        n_dead: i64,
    ) -> Result<Tensor, TchError> {
        let error = error.f_detach()?;
        let alive = dead.f_logical_not()?;
        let theirs = passed.before.f_masked_fill(&alive, f64::NEG_INFINITY)?;
        let k = n_dead.min((error.size()[1] / 2).max(1));
        let explained = largest(&theirs, k)?.f_matmul(&self.w_dec)?;
        let missed = error.f_sub(&explained)?.f_square()?.f_sum(Kind::Float)?;
        missed.f_div(&error.f_square()?.f_sum(Kind::Float)?)
    }

    /// Brings the decoder's rows back to unit length.
    pub(super) fn normalise_decoder(&self) -> Result<(), TchError> {
        no_grad(|| {
            let lengths = lengths(&self.w_dec)?;
            self.w_dec.shallow_clone().f_div_(&lengths).map(drop)
        })
    }
}

/// The k largest numbers along the last dimension where they are above 0, and 0 elsewhere.
fn largest(of: &Tensor, k: i64) -> Result<Tensor, TchError> {
    let (top, places) = of.f_topk(k, -1, true, false)?;
    of.f_zeros_like()?.f_scatter(-1, &places, &top.f_relu()?)
}

fn lengths(rows: &Tensor) -> Result<Tensor, TchError> {
    rows.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)
}
