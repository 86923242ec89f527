//! Whoever a study asks, made ready: a model in this process, or one behind a server.

use std::path::Path;

use super::file::StudyFile;
use super::lens::LensRespondent;
use super::served::ServedRespondent;
use super::{Materials, Respondent};
use program::Failure;

/// Whoever answers.
pub struct Opened {
    /// The model.
    pub respondent: Box<dyn Respondent>,
    /// The features that the study steers, the most active first where they are ranked.
    pub features: Vec<u64>,
    /// The name of a served model.
    pub served: Option<String>,
}

impl Opened {
    /// Opens what `study` names in `data`, or asks the environment for its server.
    ///
    /// # Errors
    /// The model cannot be opened, or its features cannot be had; the environment names no server.
    pub fn open(study: &StudyFile, data: &Path, materials: &Materials) -> Result<Self, Failure> {
        if let Some(served) = study.model.served {
            let client = study.model.server.clone().unwrap_or_default().client()?;
            return Ok(Self {
                served: Some(client.model().to_owned()),
                features: Vec::new(),
                respondent: Box::new(ServedRespondent::new(
                    client,
                    served,
                    study.judging.max_new_tokens,
                )?),
            });
        }
        let respondent = LensRespondent::open(study, data)?;
        Ok(Self {
            features: respondent.features(materials)?,
            respondent: Box::new(respondent),
            served: None,
        })
    }
}
