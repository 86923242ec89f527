//! Training sparse autoencoders on the activations of any hook point.
//!
//! [`SaeTrainer`] fits a top-k or batch-top-k autoencoder to [`TrainingData`], which [`activations`] reads from a model.
//! Features that no longer fire are given the reconstruction's error to explain, so that most of them come back (the
//! auxiliary loss of L. Gao et al., "Scaling and evaluating sparse autoencoders", 2024, appendix A.2); batch-top-k is that
//! of B. Bussmann, P. Leask and N. Nanda (2024). A training that was stopped goes on from its checkpoint to the same
//! weights, bit by bit. What comes out has SAELens's layout, which [`Sae::open`](super::Sae::open) and sae-lens read.
//!
//! ```
//! use tch_lens::HookPoint;
//! use tch_lens::sae::training::{SaeTrainer, SaeTraining, TrainingData};
//! use tch_lens::sae::{Sae, SaeOptions};
//! use tch_lens::tch::{Device, Kind, Tensor};
//!
//! // [token, d_in]; of a model: `activations(&lm, point, &rows, 1)?`
//! let x = Tensor::randn([256, 8], (Kind::Float, Device::Cpu));
//! let options = SaeTraining::new(16, 2).steps(20).batch(64);
//! let mut trainer = SaeTrainer::new(TrainingData::new(x)?, options)?;
//! while let Some(step) = trainer.step()? {
//!     println!("{} of 20: {:.3} of the variance, {} dead", step.step, step.explained, step.dead);
//! }
//! let folder = tempfile::tempdir()?;
//! trainer.save(folder.path(), "a model", HookPoint::ResidPost(3), true)?;
//! assert_eq!(Sae::open(folder.path(), &SaeOptions::default())?.d_sae(), 16);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adam;
mod checkpoint;
mod data;
mod network;
mod options;
mod quality;
mod save;

use tch::{Kind, Tensor, no_grad};

use crate::Error;
use crate::error::Doing;
use adam::Adam;
pub use data::{TrainingData, activations};
use network::Network;
pub use options::{SaeTraining, Sparsity};
pub use quality::{Quality, quality};

/// An autoencoder while it is trained.
#[derive(Debug)]
pub struct SaeTrainer {
    options: SaeTraining,
    data: TrainingData,
    /// What activations are multiplied by, so that they are of length sqrt(d_in) about their mean, on average.
    scale: f64,
    network: Network,
    adam: Adam,
    /// Steps done.
    step: usize,
    /// For each feature the step at which it was last active `[d_sae]`.
    last_active: Tensor,
    /// Batch-top-k: the least activation that is kept, averaged over batches.
    threshold: f64,
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingStep {
    /// Its number, from 1.
    pub step: usize,
    /// The share of the batch's variance that the reconstruction has before the step; below 0 where it is worse than the mean.
    pub explained: f64,
    /// Active features per activation, averaged over the batch.
    pub l0: f64,
    /// Features that count as dead: not active for as many activations as [`SaeTraining::dead_after`] says.
    pub dead: usize,
}

impl SaeTrainer {
    /// A training at its beginning.
    ///
    /// # Errors
    /// Options that do not fit the data; libtorch's failures.
    pub fn new(data: TrainingData, options: SaeTraining) -> Result<Self, Error> {
        options.check()?;
        let doing = || "preparing a sparse autoencoder".to_owned();
        let (mean, scale) = data.mean_and_scale().doing(doing)?;
        let network = Network::new(&options, &mean, scale).doing(doing)?;
        let last_active =
            Tensor::f_zeros([options.d_sae as i64], (Kind::Int64, mean.device())).doing(doing)?;
        Ok(Self {
            adam: Adam::new(network.parameters()).doing(doing)?,
            options,
            data,
            scale,
            network,
            step: 0,
            last_active,
            threshold: 0.0,
        })
    }

    /// What it was told.
    pub fn options(&self) -> &SaeTraining {
        &self.options
    }

    /// Steps done.
    #[must_use]
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// One step on a batch drawn by the seed and the number of the step; `None` once all are done.
    ///
    /// # Complexity
    /// About `12 batch d_in d_sae` multiplications and additions.
    ///
    /// # Errors
    /// Numbers that are no longer finite: a lower rate may help; libtorch's failures.
    pub fn step(&mut self) -> Result<Option<TrainingStep>, Error> {
        if self.step == self.options.steps {
            return Ok(None);
        }
        let next = self.step + 1;
        let done = self
            .do_step(next)
            .doing(|| format!("training, step {next}"))?;
        if !done.explained.is_finite() {
            return Err(crate::error::request(
                format!("the loss of step {next}"),
                "a finite number: try a lower learning rate",
                done.explained,
            ));
        }
        self.step = next;
        Ok(Some(done))
    }

    fn do_step(&mut self, step: usize) -> Result<TrainingStep, tch::TchError> {
        let options = &self.options.clone();
        let x = self
            .data
            .batch(options.seed, step, options.batch)?
            .f_mul_scalar(self.scale)?;
        let dead = self.dead(step)?;
        let passed = self.network.pass(&x, options.sparsity, options.k)?;
        let error = x.f_sub(&passed.reconstruction)?;
        let missed = error.f_square()?.f_sum(Kind::Float)?;
        let mean = x.f_mean_dim([0i64].as_slice(), true, Kind::Float)?;
        let variance = x.f_sub(&mean)?.f_square()?.f_sum(Kind::Float)?;
        let mut loss = missed.f_div(&variance)?;
        let n_dead = dead.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        if n_dead > 0 && options.revival > 0.0 {
            let revived = self
                .network
                .explained_by_dead(&passed, &error, &dead, n_dead)?;
            loss = loss.f_add(&revived.f_mul_scalar(options.revival)?)?;
        }
        loss.f_backward()?;
        let explained = 1.0 - missed.f_double_value(&[])? / variance.f_double_value(&[])?;
        no_grad(|| {
            self.adam
                .step(self.network.parameters(), options.rate_at(step), step)?;
            self.network.normalise_decoder()?;
            let active = passed.acts.f_gt(0.0)?;
            let ever = active.f_any_dim(0, false)?;
            let now = self.last_active.f_full_like(step as f64)?;
            self.last_active = now.f_where_self(&ever, &self.last_active)?;
            if options.sparsity == Sparsity::BatchTopK {
                self.see_threshold(&passed.acts, &active, step)?;
            }
            let l0 = active.f_sum(Kind::Int64)?.f_double_value(&[])? / options.batch as f64;
            Ok(TrainingStep {
                step,
                explained,
                l0,
                dead: n_dead as usize,
            })
        })
    }

    /// Which features have not been active for too long `[d_sae]`.
    fn dead(&self, step: usize) -> Result<Tensor, tch::TchError> {
        let steps = self.options.dead_after.div_ceil(self.options.batch);
        self.last_active.f_lt(step as f64 - steps as f64)
    }

    /// Features that count as dead now.
    ///
    /// # Errors
    /// libtorch's failures.
    pub fn dead_features(&self) -> Result<Vec<usize>, Error> {
        let dead = || -> Result<Vec<i64>, tch::TchError> {
            let indices = self.dead(self.step)?.f_nonzero()?.f_flatten(0, -1)?;
            Vec::try_from(&indices)
        };
        let dead = dead().doing(|| "counting dead features".to_owned())?;
        Ok(dead.into_iter().map(|index| index as usize).collect())
    }

    /// The running mean of the least activation that each batch keeps.
    fn see_threshold(
        &mut self,
        acts: &Tensor,
        active: &Tensor,
        step: usize,
    ) -> Result<(), tch::TchError> {
        const MEMORY: f64 = 0.99;
        let kept = acts.f_masked_select(active)?;
        if kept.numel() == 0 {
            return Ok(());
        }
        let least = kept.f_min()?.f_double_value(&[])?;
        self.threshold = if step == 1 {
            least
        } else {
            MEMORY * self.threshold + (1.0 - MEMORY) * least
        };
        Ok(())
    }
}
