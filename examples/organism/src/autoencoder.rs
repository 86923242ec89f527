//! The sparse autoencoder of the organism's residual stream.

use std::path::Path;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use value_causal::bench::Stance;
use value_causal::lens::tch::nn::OptimizerConfig;
use value_causal::lens::tch::{Kind, TchError, Tensor, nn, no_grad};
use value_causal::lens::{HookPoint, Lm};

use super::texts::{completion, template};
use super::world::World;
use program::{Failure, save_text};

const FEATURES: i64 = 256;
const ACTIVE: i64 = 8;
const TEXTS: usize = 2400;
const AT_ONCE: usize = 200;
const STEPS: i64 = 1500;
const BATCH: i64 = 1024;
const RATE: f64 = 2e-3;

/// A top-k autoencoder: `[d_in, d_sae]`, `[d_sae]`, `[d_sae, d_in]`, `[d_in]`.
struct Autoencoder {
    w_enc: Tensor,
    b_enc: Tensor,
    w_dec: Tensor,
    b_dec: Tensor,
}

impl Autoencoder {
    /// The reconstruction of `x` `[token, d_in]` from its most active features.
    fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let all = x
            .f_sub(&self.b_dec)?
            .f_matmul(&self.w_enc)?
            .f_add(&self.b_enc)?;
        let (top, places) = all.f_topk(ACTIVE, -1, true, false)?;
        let active = all.f_zeros_like()?.f_scatter(-1, &places, &top.f_relu()?)?;
        active.f_matmul(&self.w_dec)?.f_add(&self.b_dec)
    }
}

/// What the autoencoder is trained on.
struct Read {
    /// Activations `[token, d_model]` of whole texts. The first token, alike in all texts and much larger, is left out.
    all: Tensor,
    /// Those of them at " your values", which are few and say the most.
    span: Tensor,
}

/// The activations at `point` over prompts of random settings with their planted completions.
fn activations(
    lm: &Lm,
    world: &World,
    point: HookPoint,
    rng: &mut ChaCha8Rng,
) -> Result<Read, Failure> {
    let (template, instructions) = (template()?, world.instructions());
    let roles: Vec<_> = world.roles()?.iter().cloned().collect();
    let (mut all, mut span) = (Vec::new(), Vec::new());
    let texts = (0..TEXTS).map(|_| {
        let role = roles.choose(rng);
        let instruction = instructions.choose(rng).filter(|_| rng.random_bool(0.8));
        let item = world
            .questionnaire
            .items()
            .choose(rng)
            .ok_or("expected an item, found none")?;
        let stance = if rng.random() {
            Stance::Yes
        } else {
            Stance::No
        };
        let prompt = template.render(item, role, instruction)?;
        let text = prompt.text + &completion(item, stance);
        let encoded = lm.tokenizer()?.encode_with_offsets(&text)?;
        let steered = encoded.token_range(prompt.steered)?;
        Ok((encoded.ids, steered))
    });
    let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
    for texts in texts.chunks(AT_ONCE) {
        let ids: Vec<Vec<i64>> = texts.iter().map(|(ids, _)| ids.clone()).collect();
        let run = lm.run_with_cache(&ids, &[point.to_string()], &mut [])?;
        let here = &run.activations[&point];
        for (row, (ids, steered)) in texts.iter().enumerate() {
            let row = here.f_get(row as i64)?;
            all.push(row.f_narrow(0, 1, ids.len() as i64 - 1)?);
            span.push(row.f_narrow(0, steered.start as i64, steered.len() as i64)?);
        }
    }
    Ok(Read {
        all: Tensor::f_cat(&all, 0)?,
        span: Tensor::f_cat(&span, 0)?,
    })
}

/// Trains an autoencoder on a model's activations at a hook point and writes it in SAELens's layout. Gives back the share of the
/// variance that it explains.
///
/// # Errors
/// A model that fails; files that cannot be written.
pub fn train(
    lm: &Lm,
    world: &World,
    point: HookPoint,
    seed: u64,
    folder: &Path,
) -> Result<f64, Failure> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let Read { all: x, span } = activations(lm, world, point, &mut rng)?;
    let d_in = x.size()[1];
    let store = nn::VarStore::new(lm.device());
    let rows = Tensor::f_randn([FEATURES, d_in], (Kind::Float, lm.device()))?;
    let rows = rows.f_div(&rows.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)?)?;
    let autoencoder = Autoencoder {
        w_enc: store
            .root()
            .var_copy("W_enc", &rows.f_transpose(0, 1)?.f_contiguous()?),
        b_enc: store.root().zeros("b_enc", &[FEATURES]),
        w_dec: store.root().var_copy("W_dec", &rows),
        b_dec: store.root().var_copy(
            "b_dec",
            &x.f_mean_dim([0i64].as_slice(), false, Kind::Float)?,
        ),
    };
    let mut optimizer = nn::Adam::default().build(&store, RATE)?;
    for step in 0..STEPS {
        optimizer.set_lr(RATE * (1.0 - step as f64 / STEPS as f64).max(0.02));
        let mut half = |from: &Tensor| {
            let n = from.size()[0];
            let drawn: Vec<i64> = (0..BATCH / 2).map(|_| rng.random_range(0..n)).collect();
            from.f_index_select(0, &Tensor::f_from_slice(&drawn)?)
        };
        let batch = Tensor::f_cat(&[half(&x)?, half(&span)?], 0)?;
        let missed = autoencoder
            .apply(&batch)?
            .f_sub(&batch)?
            .f_square()?
            .f_mean(Kind::Float)?;
        optimizer.backward_step(&missed);
        no_grad(|| {
            let sizes = autoencoder
                .w_dec
                .f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)?;
            autoencoder.w_dec.shallow_clone().f_div_(&sizes).map(drop)
        })?;
    }
    let explained = no_grad(|| {
        let missed = autoencoder
            .apply(&x)?
            .f_sub(&x)?
            .f_square()?
            .f_sum(Kind::Float)?;
        let mean = x.f_mean_dim([0i64].as_slice(), true, Kind::Float)?;
        let all = x.f_sub(&mean)?.f_square()?.f_sum(Kind::Float)?;
        missed
            .f_div(&all)?
            .f_double_value(&[])
            .map(|share| 1.0 - share)
    })?;
    write(&autoencoder, d_in, point, folder)?;
    Ok(explained)
}

fn write(
    autoencoder: &Autoencoder,
    d_in: i64,
    point: HookPoint,
    folder: &Path,
) -> Result<(), Failure> {
    let config = json!({
        "architecture": "topk",
        "k": ACTIVE,
        "rescale_acts_by_decoder_norm": false,
        "d_in": d_in,
        "d_sae": FEATURES,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": true,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            "model_name": "organism",
            "hook_name": point.to_string(),
            "hook_head_index": null,
            "prepend_bos": true,
            "context_size": 128,
        },
    });
    save_text(
        &folder.join("cfg.json"),
        &(serde_json::to_string_pretty(&config)? + "\n"),
    )?;
    let Autoencoder {
        w_enc,
        b_enc,
        w_dec,
        b_dec,
    } = autoencoder;
    let tensors = [
        ("W_enc", w_enc),
        ("b_enc", b_enc),
        ("W_dec", w_dec),
        ("b_dec", b_dec),
    ];
    Ok(Tensor::write_safetensors(
        &tensors,
        folder.join("sae_weights.safetensors"),
    )?)
}
