//! Under what a questionnaire was answered.

use std::fmt;

/// One row of an [`OrientationTable`](crate::OrientationTable): who answered, and what was done
/// to the model.
///
/// ```
/// use valuebench::{Intervention, Setting};
///
/// let setting = Setting::steered("Mary Holt", 10096);
/// assert_eq!(setting.role.as_deref(), Some("Mary Holt"));
/// assert_eq!(setting.feature(), Some(10096));
/// assert!(setting.unsteered().is_unsteered());
/// assert_eq!(setting.to_string(), "Mary Holt, feature 10096");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Setting {
    /// Name of the role the model plays; `None` is the empty role.
    pub role: Option<String>,
    /// What was done to the model; `None` is the model as it is.
    pub intervention: Option<Intervention>,
}

/// Something done to a model while it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Intervention {
    /// A feature of a sparse autoencoder, by its index, was steered.
    Feature(u64),
}

impl Setting {
    /// The unsteered model in a role; the empty text and `None` both stand for the empty role.
    pub fn of_role<'a>(role: impl Into<Option<&'a str>>) -> Self {
        Self {
            role: role
                .into()
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            intervention: None,
        }
    }

    /// A model with a steered feature in a role; the empty text and `None` both stand for the
    /// empty role.
    pub fn steered<'a>(role: impl Into<Option<&'a str>>, feature: u64) -> Self {
        Self {
            intervention: Some(Intervention::Feature(feature)),
            ..Self::of_role(role)
        }
    }

    /// Whether the model was left as it is.
    pub fn is_unsteered(&self) -> bool {
        self.intervention.is_none()
    }

    /// The steered feature, if one was.
    pub fn feature(&self) -> Option<u64> {
        self.intervention
            .as_ref()
            .map(|intervention| match intervention {
                Intervention::Feature(feature) => *feature,
            })
    }

    /// The same role without intervention: what a steered row is compared with.
    #[must_use]
    pub fn unsteered(&self) -> Self {
        Self {
            role: self.role.clone(),
            intervention: None,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.role.as_deref().unwrap_or("empty role");
        match &self.intervention {
            Some(intervention) => write!(f, "{role}, {intervention}"),
            None => write!(f, "{role}, unsteered"),
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(feature) => write!(f, "feature {feature}"),
        }
    }
}
