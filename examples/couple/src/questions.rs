//! The questions to some postures, in the study's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use program::Failure;
use study::file::StudyFile;
use study::{Asked, Contrast, Materials, Push, Questions, Wording};
use value_causal::bench::journal::{Design, PlannedRow, Question};
use value_causal::bench::{Inclination, Instruction, Item, Prompt, PromptError, Setting};

use crate::levers::{Does, Levers, Posture, known_role};

/// Which of the study's items are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// Those for training, by which plans are chosen.
    Training,
    /// Those for the test, which have no say.
    Test,
}

/// What all questions share.
pub struct Words {
    wording: Wording,
    materials: Materials,
    levers: Levers,
    contrasts: BTreeMap<String, Arc<Contrast>>,
}

/// Prompts that a steer is read from, on each side.
const READ: usize = 8;

impl Words {
    /// The words of `study`, and what may be done beside them.
    ///
    /// # Errors
    /// The template fails.
    pub fn new(study: &StudyFile, materials: Materials, levers: Levers) -> Result<Self, Failure> {
        let mut words = Self {
            wording: Wording::of(study, &materials),
            materials,
            levers,
            contrasts: BTreeMap::new(),
        };
        for lever in words.levers.all().to_vec() {
            if let Does::Steer(value, _) = &lever.does
                && !words.contrasts.contains_key(value)
            {
                let contrast = Arc::new(words.contrast(value)?);
                words.contrasts.insert(value.clone(), contrast);
            }
        }
        Ok(words)
    }

    /// What may be done.
    #[must_use]
    pub fn levers(&self) -> &Levers {
        &self.levers
    }

    /// The values, in the order of all numbers.
    #[must_use]
    pub fn values(&self) -> &[String] {
        self.materials.items.values()
    }

    /// The study's roles and items.
    #[must_use]
    pub fn materials(&self) -> &Materials {
        &self.materials
    }

    /// Questions of some items to some postures.
    ///
    /// # Errors
    /// Two postures are one.
    pub fn to(&self, postures: &[Posture], asks: Asks) -> Result<ToPostures<'_>, Failure> {
        let all = self.materials.items.items();
        let part = match asks {
            Asks::Training => &self.materials.split.train,
            Asks::Test => &self.materials.split.test,
        };
        let place = |item: &Item| all.iter().position(|known| known == item);
        let items: Arc<[usize]> = part.items().iter().filter_map(place).collect();
        let row = |posture: &Posture| PlannedRow {
            part: self.levers.told(posture),
            setting: Setting::of_role(posture.role.as_deref()),
            items: items.clone(),
        };
        Ok(ToPostures {
            words: self,
            design: Design::new(all.to_vec(), postures.iter().map(row).collect())?,
            postures: postures.to_vec(),
        })
    }

    fn instruction(&self, value: &str, inclination: Inclination) -> Instruction {
        Instruction::new(value, inclination, &self.materials.definitions)
    }

    /// Prompts under the instruction for a value and under that against it, with items from all over.
    fn contrast(&self, value: &str) -> Result<Contrast, PromptError> {
        let items = self.materials.split.train.items();
        let every = items.len().div_ceil(READ).max(1);
        let read = |inclination| -> Result<Vec<Prompt>, PromptError> {
            let instruction = self.instruction(value, inclination);
            let prompt = |(number, item)| {
                self.wording
                    .prompt((number, item), (0, None), Some(&instruction))
            };
            items
                .iter()
                .enumerate()
                .step_by(every)
                .map(prompt)
                .collect()
        };
        Ok(Contrast {
            name: format!("along {value}"),
            toward: read(Inclination::Inclined)?,
            away: read(Inclination::Disinclined)?,
        })
    }

    fn push(&self, does: &Does) -> Option<Push> {
        match does {
            Does::Role(_) | Does::Instruct(..) => None,
            Does::Feature(feature, dose) => Some(Push::Feature {
                feature: *feature,
                dose: *dose,
            }),
            Does::Steer(value, dose) => Some(Push::Contrast {
                contrast: self.contrasts.get(value)?.clone(),
                dose: *dose,
            }),
        }
    }
}

/// Questions to some postures, a row for each.
pub struct ToPostures<'w> {
    words: &'w Words,
    design: Design,
    postures: Vec<Posture>,
}

impl ToPostures<'_> {
    /// Who is asked.
    #[must_use]
    pub fn postures(&self) -> &[Posture] {
        &self.postures
    }
}

impl Questions for ToPostures<'_> {
    fn design(&self) -> &Design {
        &self.design
    }

    fn is_read_off(&self, _: Question) -> bool {
        self.words.wording.reads_likelihoods()
    }

    fn asked(&self, question: Question) -> Result<Asked, Failure> {
        let Words {
            wording,
            materials,
            levers,
            ..
        } = self.words;
        let (posture, item) = (&self.postures[question.row], self.design.item(question));
        let role = posture
            .role
            .as_deref()
            .map(|name| known_role(materials, name))
            .transpose()?;
        let (place, role) = role.map_or((0, None), |(place, role)| (place, Some(role)));
        let does = || {
            posture
                .levers
                .iter()
                .map(|&lever| &levers.all()[lever].does)
        };
        let instruction = does().find_map(|does| match does {
            Does::Instruct(value, inclination) => Some(self.words.instruction(value, *inclination)),
            _ => None,
        });
        let prompt = wording.prompt((question.item, item), (place, role), instruction.as_ref())?;
        Ok(Asked {
            question,
            read_off: self.is_read_off(question),
            scale: item.scale.clone(),
            turned: wording.turned(&prompt, item, role, instruction.as_ref())?,
            prompt,
            pushes: does().filter_map(|does| self.words.push(does)).collect(),
        })
    }
}
