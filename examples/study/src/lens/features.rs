//! Steering by features of a sparse autoencoder, as a study file says.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use value_causal::bench::Prompt;
use value_causal::lens::contrast::mean_difference;
use value_causal::lens::sae::{Sae, SaeOptions, top_features};
use value_causal::lens::{At, Dose, HookPoint, Lm, Passes, Reading, Steer, SteeringDirection};

use super::{LensRespondent, Steers, of};
use crate::file::{Features, Mode, SteeredPasses, Steering, StudyFile};
use crate::place::opened;
use crate::{Asked, Contrast, Materials, Push};
use program::Failure;

/// The features of a study; none where it steers nothing.
#[derive(Default)]
pub struct StudiedFeatures(Option<Steered>);

struct Steered {
    sae: Rc<Sae>,
    at: HookPoint,
    steering: Steering,
    features: HashMap<u64, SteeringDirection>,
    /// By name.
    contrasts: HashMap<String, SteeringDirection>,
}

impl StudiedFeatures {
    pub(super) fn open(study: &StudyFile, data: &Path, lm: &Lm) -> Result<Self, Failure> {
        let steered = study.steering.as_ref();
        let steered = steered.map(|steering| Steered::open(steering, data, lm));
        Ok(Self(steered.transpose()?))
    }
}

impl Steers for StudiedFeatures {
    fn check(&self, asked: &Asked) -> Result<(), Failure> {
        for push in &asked.pushes {
            let steered = self.0.as_ref().ok_or_else(|| no_autoencoder(push))?;
            steered.check(push)?;
        }
        Ok(())
    }

    fn of(&mut self, lm: &Lm, asked: &Asked, prompt: &Prompt) -> Result<Vec<Steer>, Failure> {
        let steer = |push| {
            let steered = self.0.as_mut().ok_or_else(|| no_autoencoder(push))?;
            steered.steer(lm, push, prompt)
        };
        asked.pushes.iter().map(steer).collect()
    }
}

fn no_autoencoder(push: &Push) -> String {
    format!("{push} cannot be steered without an autoencoder")
}

impl LensRespondent {
    /// The features to steer, the most active first where they are ranked.
    ///
    /// # Errors
    /// The steered phrase is not whole tokens of the prompt; fewer features are active than asked for; a listed feature is
    /// not there, or the dose is beyond the model's precision.
    pub fn features(&self, materials: &Materials) -> Result<Vec<u64>, Failure> {
        let Some(steered) = &self.steers.0 else {
            return Ok(Vec::new());
        };
        let features = match &steered.steering.features {
            Features::List(features) => {
                for &feature in features {
                    let direction = steered.sae.direction(usize::try_from(feature)?);
                    let _checked = direction.map_err(|error| of("steering.features", &error))?;
                }
                features.clone()
            }
            Features::Top { top } => {
                let prompt = materials.ranking_prompt()?;
                let ranked = self.ranked(steered, &prompt, *top)?;
                if ranked.len() < *top {
                    let found = ranked.len();
                    return Err(format!(
                        "steering.features: expected {top} that are active over {:?}, found {found}",
                        prompt.steered_text()
                    )
                    .into());
                }
                ranked
            }
        };
        for &feature in &features {
            let direction = SteeringDirection::feature(&steered.sae, usize::try_from(feature)?)?;
            let change = steered.change(&direction, steered.steering.dose);
            let fits = self.lm.check_steer(&change);
            fits.map_err(|error| of("steering", &error))?;
        }
        Ok(features)
    }

    fn ranked(&self, steered: &Steered, prompt: &Prompt, top: usize) -> Result<Vec<u64>, Failure> {
        let encoded = self
            .lm
            .tokenizer()?
            .encode_prompt_with_offsets(&prompt.text)?;
        let tokens = encoded.token_range(prompt.steered.clone())?;
        let names = [steered.at.to_string()];
        let read = self.lm.run_with_cache(&[encoded.ids], &names, &mut [])?;
        let row = read.activations[&steered.at].get(0);
        let (start, n) = (i64::try_from(tokens.start)?, i64::try_from(tokens.len())?);
        let acts = steered.sae.encode(&row.narrow(0, start, n))?;
        let ranked = top_features(&acts, top)?;
        Ok(ranked
            .into_iter()
            .map(|(feature, _)| feature as u64)
            .collect())
    }
}

impl Steered {
    fn open(steering: &Steering, data: &Path, lm: &Lm) -> Result<Self, Failure> {
        let options = SaeOptions::default().device(lm.device());
        let sae = Sae::open(opened(data, &steering.sae), &options)?;
        let at = match (&steering.at, sae.hook_name()) {
            (Some(name), _) => lm
                .hook_point(name)
                .map_err(|error| of("steering.at", &error))?,
            (None, Some(name)) => lm.hook_point(name)?,
            (None, None) => {
                let sae = steering.sae.display();
                return Err(format!("{sae} names no hook point: set steering.at").into());
            }
        };
        sae.fits(lm.config(), at)?;
        Ok(Self {
            sae: Rc::new(sae),
            at,
            steering: steering.clone(),
            features: HashMap::new(),
            contrasts: HashMap::new(),
        })
    }

    /// Refuses what cannot be steered.
    fn check(&self, push: &Push) -> Result<(), Failure> {
        let features = self.sae.d_sae();
        match push {
            Push::Feature { feature, .. } if usize::try_from(*feature)? >= features => Err(
                format!("{push}: expected a feature of the autoencoder, which has {features}")
                    .into(),
            ),
            Push::Feature { .. } | Push::Contrast { .. } => Ok(()),
        }
    }

    /// What the study does along a direction, with this dose, wherever it is.
    fn change(&self, direction: &SteeringDirection, dose: f64) -> Steer {
        let steer = match self.steering.mode {
            Mode::Add => Steer::add(self.at, direction, Dose::Absolute(dose)),
            Mode::AddOfNorm => Steer::add(self.at, direction, Dose::OfNorm(dose)),
            Mode::Scale => Steer::scale(self.at, direction, dose),
            Mode::Clamp => Steer::clamp(self.at, direction, dose),
            Mode::Ablate => Steer::ablate(self.at, direction),
        };
        self.in_passes(steer.keep_error(self.steering.keep_error))
    }

    fn in_passes(&self, steer: Steer) -> Steer {
        steer.passes(match self.steering.passes {
            SteeredPasses::Prompt => Passes::Prompt,
            SteeredPasses::Decode => Passes::Decode,
            SteeredPasses::Every => Passes::Every,
        })
    }

    fn steer(&mut self, lm: &Lm, push: &Push, prompt: &Prompt) -> Result<Steer, Failure> {
        let steer = match push {
            Push::Feature { feature, dose } => {
                let direction = self.feature(*feature)?;
                self.change(&direction, dose.unwrap_or(self.steering.dose))
            }
            Push::Contrast { contrast, dose } => {
                let direction = self.contrast(lm, contrast)?;
                self.in_passes(Steer::add(self.at, &direction, Dose::Absolute(*dose)))
            }
        };
        // The span lies in the prompt; who steers new tokens steers all of them.
        Ok(match self.steering.passes {
            SteeredPasses::Prompt => steer.at_bytes(prompt.steered.clone()),
            SteeredPasses::Decode | SteeredPasses::Every => steer,
        })
    }

    fn feature(&mut self, feature: u64) -> Result<SteeringDirection, Failure> {
        if let Some(direction) = self.features.get(&feature) {
            return Ok(direction.clone());
        }
        let direction = SteeringDirection::feature(&self.sae, usize::try_from(feature)?)?;
        self.features.insert(feature, direction.clone());
        Ok(direction)
    }

    /// The mean activation over the steered phrase of the prompts on one side, less that of the others.
    fn contrast(&mut self, lm: &Lm, contrast: &Contrast) -> Result<SteeringDirection, Failure> {
        if let Some(direction) = self.contrasts.get(&contrast.name) {
            return Ok(direction.clone());
        }
        let read = |prompts: &[Prompt]| {
            let readings = prompts.iter().map(|prompt| {
                Reading::new(prompt.text.as_str()).at(At::Bytes(prompt.steered.clone()))
            });
            let readings: Vec<Reading> = readings.collect();
            lm.read(&readings, &[self.at.to_string()])
        };
        let (toward, away) = (read(&contrast.toward)?, read(&contrast.away)?);
        let [toward, away] = [&toward, &away].map(|read| &read.activations[&self.at]);
        let direction = SteeringDirection::vector(&mean_difference(toward, away)?)?;
        self.contrasts
            .insert(contrast.name.clone(), direction.clone());
        Ok(direction)
    }
}
