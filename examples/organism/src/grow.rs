//! From a world to a checkpoint.

use std::fs::File;
use std::path::Path;

use serde_json::json;
use value_causal::bench::Stance;
use value_causal::lens::sae::{Sae, SaeOptions};
use value_causal::lens::tch::{Device, Kind, TchError, Tensor, manual_seed, no_grad};
use value_causal::lens::{HookPoint, Lm, LoadOptions, Tokenizer};

use super::autoencoder;
use super::lessons::Lessons;
use super::network::{Network, Shape};
use super::texts::{completion, template};
use super::tokens::tokenizer_files;
use super::training::{Directions, Schedule, train};
use super::world::World;
use program::{Failure, save_text};

/// How far along its direction an instruction sets a value at " your values".
const LENGTH: f64 = 6.0;
/// The layer after which it stands there, and whose output the autoencoder is trained on.
const HOOK_LAYER: usize = 0;
/// How far one unit of a trait moves the embedding of a name when training begins.
const TRAIT: f64 = 0.6;
/// Of what all names have in common, and of what each has of its own, per dimension.
const NAME: (f64, f64) = (0.7, 0.3);

/// Sizes of the network; the vocabulary comes from the texts.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Width of the residual stream, at least 40.
    pub d_model: usize,
    /// Width of the MLP.
    pub d_mlp: usize,
    /// Layers, at least 2.
    pub n_layers: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Width of a head; even.
    pub d_head: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            d_model: 64,
            d_mlp: 192,
            n_layers: 3,
            n_heads: 4,
            d_head: 16,
        }
    }
}

/// Writes the tokenizer of a world into `folder`, and opens it.
///
/// # Errors
/// A file that cannot be written.
pub fn tokenizer(world: &World, folder: &Path) -> Result<Tokenizer, Failure> {
    let template = template()?;
    let mut texts = Vec::new();
    let first = world
        .questionnaire
        .items()
        .first()
        .ok_or("expected an item, found none")?;
    for item in world.questionnaire.items() {
        texts.push(template.render(item, None, None)?.text);
        texts.extend([Stance::Yes, Stance::No].map(|stance| completion(item, stance)));
    }
    let roles = world.roles()?;
    // Names are tokens of their own.
    let nameless = |text: String, name: &str| text.replace(name, "");
    for role in &roles {
        texts.push(nameless(
            template.render(first, Some(role), None)?.text,
            &role.name,
        ));
    }
    for instruction in &world.instructions() {
        texts.push(template.render(first, None, Some(instruction))?.text);
        for role in roles.iter().take(1) {
            texts.push(nameless(
                template.render(first, Some(role), Some(instruction))?.text,
                &role.name,
            ));
        }
    }
    let names = roles.iter().map(|role| role.name.as_str());
    let (tokenizer, config) = tokenizer_files(texts.iter().map(String::as_str), names);
    save_text(
        &folder.join("tokenizer.json"),
        &serde_json::to_string(&tokenizer)?,
    )?;
    save_text(
        &folder.join("tokenizer_config.json"),
        &(serde_json::to_string_pretty(&config)? + "\n"),
    )?;
    Ok(Tokenizer::open(folder)?)
}

/// Grows a model and its autoencoder into `folder/model` and `folder/sae`, with the log in `folder/training.csv` and the planted
/// directions in `folder/directions.json`. Where the model there is `trained` already, only the rest is made, as it would have been.
/// Gives back the share of variance that the autoencoder explains.
///
/// # Errors
/// Sizes that cannot be; files that cannot be written; libtorch's failures.
pub fn grow(
    world: &World,
    sizes: Sizes,
    schedule: &Schedule,
    trained: bool,
    folder: &Path,
) -> Result<f64, Failure> {
    let model = folder.join("model");
    let tokenizer = tokenizer(world, &model)?;
    manual_seed(i64::try_from(schedule.seed)?);
    let shape = Shape {
        d_model: sizes.d_model,
        d_mlp: sizes.d_mlp,
        n_layers: sizes.n_layers,
        n_heads: sizes.n_heads,
        d_head: sizes.d_head,
        d_vocab: tokenizer.vocab_size(),
    };
    let network = Network::new(shape, world.truth.values().len() as i64)?;
    let n_values = world.truth.values().len() as i64;
    let basis = basis(sizes.d_model as i64, 2 * n_values + 1)?;
    let directions = Directions {
        units: basis.f_narrow(0, 0, n_values)?,
        length: LENGTH,
        layer: HOOK_LAYER,
    };
    let codes = basis.f_narrow(0, n_values, n_values)?;
    no_grad(|| {
        plant(
            world,
            &network,
            &tokenizer,
            &codes,
            &basis.f_get(2 * n_values)?,
        )
    })?;
    if !trained {
        let roles = world.roles()?;
        let lessons = Lessons::new(
            &world.truth,
            &world.questionnaire,
            &world.definitions,
            &roles,
            &tokenizer,
        )?;
        let config = serde_json::to_string_pretty(&shape.config())? + "\n";
        save_text(&model.join("config.json"), &config)?;
        let weights = model.join("model.safetensors");
        let mut log = File::create(folder.join("training.csv"))?;
        train(
            &network,
            &lessons,
            &directions,
            schedule,
            &mut log,
            |network| Ok(network.save(&weights)?),
        )?;
        network.save(&weights)?;
    }

    let lm = Lm::open(&model, &LoadOptions::default())?;
    let sae = folder.join("sae");
    let point = HookPoint::ResidPost(HOOK_LAYER);
    let explained = autoencoder::train(&lm, world, point, schedule.seed, &sae)?;
    save_text(
        &folder.join("directions.json"),
        &told(world, &directions, point, &sae)?,
    )?;
    Ok(explained)
}

/// Random orthonormal rows, `[n, d_model]`.
fn basis(d_model: i64, n: i64) -> Result<Tensor, TchError> {
    let random = Tensor::f_randn([d_model, n], (Kind::Float, Device::Cpu))?;
    let (columns, _) = Tensor::f_linalg_qr(&random, "reduced")?;
    columns.f_transpose(0, 1)?.f_contiguous()
}

/// Lets the embedding of each name begin with a linear code of the role's traits.
fn plant(
    world: &World,
    network: &Network,
    tokenizer: &Tokenizer,
    codes: &Tensor,
    common: &Tensor,
) -> Result<(), Failure> {
    let root = (codes.size()[1] as f64).sqrt();
    for role in &world.roles()? {
        let id = tokenizer
            .id(&format!(" {}", role.name))
            .ok_or_else(|| format!("no token for {:?}", role.name))?;
        let traits: Vec<f32> = world
            .truth
            .traits(Some(&role.name))?
            .iter()
            .map(|&level| level as f32)
            .collect();
        let code = Tensor::f_from_slice(&traits)?
            .f_unsqueeze(0)?
            .f_matmul(codes)?
            .f_squeeze_dim(0)?;
        let own = code.f_randn_like()?.f_mul_scalar(NAME.1)?;
        let embedded = code
            .f_mul_scalar(TRAIT)?
            .f_add(&common.f_mul_scalar(NAME.0 * root)?)?
            .f_add(&own)?;
        network
            .embedding()
            .f_get(id)?
            .f_copy_(&embedded.f_div_scalar(root)?)?;
    }
    Ok(())
}

/// `directions.json`: the planted directions, and the features of the autoencoder that lie nearest to them.
fn told(
    world: &World,
    directions: &Directions,
    point: HookPoint,
    sae: &Path,
) -> Result<String, Failure> {
    let sae = Sae::open(sae, &SaeOptions::default())?;
    let decoder = (0..sae.d_sae())
        .map(|feature| sae.direction(feature))
        .collect::<Result<Vec<_>, _>>()?;
    let decoder = Tensor::f_stack(&decoder, 0)?;
    let sizes = decoder.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)?;
    let cosines = directions
        .units
        .f_matmul(&decoder.f_div(&sizes)?.f_transpose(0, 1)?)?;
    let mut told = Vec::new();
    for (value, place) in world.truth.values().iter().zip(0..) {
        let row = cosines.f_get(place)?;
        let nearest = |largest: bool| -> Result<serde_json::Value, Failure> {
            let (cosine, feature) = row.f_sort(0, largest)?;
            let (cosine, feature) = (cosine.f_double_value(&[0])?, feature.f_int64_value(&[0])?);
            Ok(json!({"feature": feature, "cosine": (cosine * 1e4).round() / 1e4}))
        };
        let unit: Vec<f32> = Vec::try_from(directions.units.f_get(place)?.f_contiguous()?)?;
        told.push(json!({
            "value": value, "inclined": nearest(true)?, "disinclined": nearest(false)?, "unit": unit,
        }));
    }
    let lines: Vec<String> = told.iter().map(|entry| format!("    {entry}")).collect();
    Ok(format!(
        "{{\n  \"hook_name\": \"{point}\",\n  \"length\": {},\n  \"values\": [\n{}\n  ]\n}}\n",
        directions.length,
        lines.join(",\n")
    ))
}
