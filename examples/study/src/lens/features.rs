//! Steering by features of a sparse autoencoder, as a study file says.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use value_causal::bench::Prompt;
use value_causal::lens::sae::{Sae, SaeOptions, top_features};
use value_causal::lens::{Dose, HookPoint, Lm, Passes, Steer, SteeringDirection};

use super::{LensRespondent, Steers, of};
use crate::file::{Features, Mode, SteeredPasses, Steering, StudyFile};
use crate::{Asked, Materials};
use program::Failure;

/// The features of a study; none where it steers nothing.
#[derive(Default)]
pub struct StudiedFeatures(Option<Steered>);

struct Steered {
    sae: Rc<Sae>,
    at: HookPoint,
    steering: Steering,
    directions: HashMap<u64, SteeringDirection>,
}

impl StudiedFeatures {
    pub(super) fn open(study: &StudyFile, data: &Path, lm: &Lm) -> Result<Self, Failure> {
        let steered = study.steering.as_ref();
        let steered = steered.map(|steering| Steered::open(steering, data, lm));
        Ok(Self(steered.transpose()?))
    }
}

impl Steers for StudiedFeatures {
    fn of(&mut self, asked: &Asked, prompt: &Prompt) -> Result<Vec<Steer>, Failure> {
        match (&mut self.0, asked.feature) {
            (Some(steered), Some(feature)) => Ok(vec![steered.steer(feature, prompt)?]),
            (None, Some(feature)) => {
                Err(format!("feature {feature} cannot be steered without an autoencoder").into())
            }
            (_, None) => Ok(Vec::new()),
        }
    }
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
            let fits = self.lm.check_steer(&steered.change(&direction));
            fits.map_err(|error| of("steering", &error))?;
        }
        Ok(features)
    }

    fn ranked(&self, steered: &Steered, prompt: &Prompt, top: usize) -> Result<Vec<u64>, Failure> {
        let encoded = self.lm.tokenizer()?.encode_with_offsets(&prompt.text)?;
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
        let sae = Sae::open(data.join(&steering.sae), &options)?;
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
            directions: HashMap::new(),
        })
    }

    /// What is done along a direction, wherever it is.
    fn change(&self, direction: &SteeringDirection) -> Steer {
        let Steering { mode, dose, .. } = self.steering;
        let steer = match mode {
            Mode::Add => Steer::add(self.at, direction, Dose::Absolute(dose)),
            Mode::AddOfNorm => Steer::add(self.at, direction, Dose::OfNorm(dose)),
            Mode::Scale => Steer::scale(self.at, direction, dose),
            Mode::Clamp => Steer::clamp(self.at, direction, dose),
            Mode::Ablate => Steer::ablate(self.at, direction),
        };
        steer
            .keep_error(self.steering.keep_error)
            .passes(match self.steering.passes {
                SteeredPasses::Prompt => Passes::Prompt,
                SteeredPasses::Decode => Passes::Decode,
                SteeredPasses::Every => Passes::Every,
            })
    }

    fn steer(&mut self, feature: u64, prompt: &Prompt) -> Result<Steer, Failure> {
        let direction = match self.directions.get(&feature) {
            Some(direction) => direction.clone(),
            None => {
                let direction = SteeringDirection::feature(&self.sae, usize::try_from(feature)?)?;
                self.directions.insert(feature, direction.clone());
                direction
            }
        };
        let steer = self.change(&direction);
        // The span lies in the prompt; who steers new tokens steers all of them.
        Ok(match self.steering.passes {
            SteeredPasses::Prompt => steer.at_bytes(prompt.steered.clone()),
            SteeredPasses::Decode | SteeredPasses::Every => steer,
        })
    }
}
