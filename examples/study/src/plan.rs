use std::collections::HashMap;
use std::sync::Arc;

use value_causal::bench::journal::{Design, PlannedRow, Question, Shard};
use value_causal::bench::{
    Inclination, Instruction, Item, ItemSampling, Prompt, PromptError, Questionnaire, Role,
    RoleSet, Setting,
};

use super::file::{InstructedItems, Instructions, JudgingMode, StudyFile};
use super::{Asked, Materials, Push, Questions, Wording};
use program::Failure;

/// Part of the training roles.
pub const TRAIN: &str = "train";
/// Part of the test roles.
pub const TEST: &str = "test";
/// Part of the test roles, each value's items under the instruction that inclines to it.
pub const RAISE: &str = "raise";
/// The same under the instruction that disinclines from it.
pub const LOWER: &str = "lower";

/// Part of the training roles as they are, whose answers are written where all others are read off.
pub const WRITTEN: &str = "written";

/// Every question of a study, with its prompt.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The questions.
    pub design: Design,
    /// What the model is told in each part.
    told: HashMap<String, Told>,
    /// The named roles with their places: training, then test, after the empty role.
    roles: HashMap<String, (usize, Role)>,
    instructions: HashMap<(String, Inclination), Instruction>,
    wording: Wording,
    /// Of answers that are written where the others are read off.
    written: Wording,
}

/// What a part tells the model beside its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// To incline to, or to disincline from, the value that the item measures.
    OwnValue(Inclination),
    /// The same of one value, whatever the item measures.
    Value(String, Inclination),
}

/// A part of a plan that is not a study's own.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What everybody in it is told.
    pub told: Told,
    /// Names of the roles that are asked; none for the empty role.
    pub roles: Vec<Option<String>>,
    /// The places of the items that each is asked, among all of the study's.
    pub items: Arc<[usize]>,
}

impl Plan {
    /// A plan of other parts than those of the study, in its words and with its materials.
    ///
    /// # Errors
    /// Nobody is asked; two parts of one name ask the same role; an item that there is not.
    pub fn of_parts(
        study: &StudyFile,
        materials: &Materials,
        parts: Vec<Part>,
    ) -> Result<Self, Failure> {
        let told = parts
            .iter()
            .map(|part| (part.name.clone(), part.told.clone()));
        let told = told.collect();
        let rows = parts.into_iter().flat_map(|part| {
            part.roles.into_iter().map(move |role| PlannedRow {
                part: part.name.clone(),
                setting: Setting::of_role(role.as_deref()),
                items: part.items.clone(),
            })
        });
        Self::assembled(study, materials, rows.collect(), told)
    }

    /// The plan of a study with these features.
    ///
    /// # Errors
    /// The study asks nobody.
    pub fn new(
        study: &StudyFile,
        materials: &Materials,
        features: &[u64],
    ) -> Result<Self, Failure> {
        let Materials {
            train_roles,
            test_roles,
            split,
            ..
        } = materials;
        let mut rows = Rows {
            materials,
            rows: Vec::new(),
            told: HashMap::new(),
        };
        let sampling = (&materials.train_sampling, &materials.test_sampling);
        let empty = study.roles.empty;
        let train = names(train_roles, empty);
        let steered = study.steering.as_ref().and_then(|steering| steering.roles);
        let (steered, unsteered) = train.split_at(steered.unwrap_or(train.len()).min(train.len()));
        for (roles, features) in [(steered, features), (unsteered, &[][..])] {
            let told = Told::Nothing;
            rows.part(TRAIN, told, roles, features, &split.train, sampling.0);
        }
        if study.judging.mode == JudgingMode::Both {
            let writing = study.judging.written_roles.unwrap_or(train.len());
            let writing = &train[..writing.min(train.len())];
            let told = Told::Nothing;
            rows.part(WRITTEN, told, writing, &[], &split.train, sampling.0);
        }
        let test = names(test_roles, empty);
        rows.part(
            TEST,
            Told::Nothing,
            &test,
            features,
            &split.test,
            sampling.1,
        );
        if let Some(Instructions { ask, roles }) = study.instructions {
            let told = &test[..roles.unwrap_or(test.len()).min(test.len())];
            for (part, inclination) in [
                (RAISE, Inclination::Inclined),
                (LOWER, Inclination::Disinclined),
            ] {
                match ask {
                    InstructedItems::Own => {
                        let own = Told::OwnValue(inclination);
                        rows.part(part, own, told, &[], &split.test, sampling.1);
                    }
                    InstructedItems::All => {
                        for value in materials.items.values() {
                            let name = instructed_part(value, inclination);
                            let one = Told::Value(value.clone(), inclination);
                            rows.part(&name, one, told, &[], &split.test, sampling.1);
                        }
                    }
                }
            }
        }
        let Rows { rows, told, .. } = rows;
        Self::assembled(study, materials, rows, told)
    }

    fn assembled(
        study: &StudyFile,
        materials: &Materials,
        rows: Vec<PlannedRow>,
        told: HashMap<String, Told>,
    ) -> Result<Self, Failure> {
        if rows.is_empty() {
            return Err("the study has no role to ask".into());
        }
        let mut instructions = HashMap::new();
        for value in materials.items.values() {
            for inclination in [Inclination::Inclined, Inclination::Disinclined] {
                let instruction = Instruction::new(value, inclination, &materials.definitions);
                instructions.insert((value.clone(), inclination), instruction);
            }
        }
        let roles = materials.train_roles.iter().chain(&materials.test_roles);
        Ok(Self {
            design: Design::new(materials.items.items().to_vec(), rows)?,
            told,
            roles: (1..)
                .zip(roles)
                .map(|(place, role)| (role.name.clone(), (place, role.clone())))
                .collect(),
            instructions,
            written: Wording::of(study, materials).written(),
            wording: Wording::of(study, materials),
        })
    }

    /// How many answers of a shard are read off.
    #[must_use]
    pub fn n_read_off(&self, shard: Shard) -> usize {
        let rows = self.design.rows().iter().enumerate();
        let rows = rows.filter(|(row, planned)| shard.holds(*row) && self.reads_off(planned));
        rows.map(|(_, planned)| planned.items.len()).sum()
    }

    fn reads_off(&self, row: &PlannedRow) -> bool {
        self.wording.reads_likelihoods() && row.part != WRITTEN
    }

    /// The prompt of a question; where answers are read off in both orders of the examples, the one with the yes first.
    ///
    /// # Errors
    /// The template fails or lacks the steered phrase.
    pub fn prompt(&self, question: Question) -> Result<Prompt, PromptError> {
        let item = self.design.item(question);
        let (role, instruction) = (self.role(question), self.instruction(question));
        let wording = self.wording(question);
        wording.prompt((question.item, item), role, instruction)
    }

    fn wording(&self, question: Question) -> &Wording {
        match self.is_read_off(question) {
            true => &self.wording,
            false => &self.written,
        }
    }

    /// The role that is asked, with its place: 0 is the empty role's.
    fn role(&self, question: Question) -> (usize, Option<&Role>) {
        let named = self.design.rows()[question.row].setting.role.as_ref();
        let role = named.and_then(|name| self.roles.get(name));
        role.map_or((0, None), |(place, role)| (*place, Some(role)))
    }

    fn instruction(&self, question: Question) -> Option<&Instruction> {
        let about = match self.told.get(&self.design.rows()[question.row].part)? {
            Told::OwnValue(inclination) => (self.design.item(question).value.clone(), *inclination),
            Told::Value(value, inclination) => (value.clone(), *inclination),
            Told::Nothing => return None,
        };
        self.instructions.get(&about)
    }
}

impl Questions for Plan {
    fn design(&self) -> &Design {
        &self.design
    }

    fn is_read_off(&self, question: Question) -> bool {
        self.reads_off(&self.design.rows()[question.row])
    }

    fn asked(&self, question: Question) -> Result<Asked, Failure> {
        let prompt = self.prompt(question)?;
        let (item, (_, role)) = (self.design.item(question), self.role(question));
        let (wording, instruction) = (self.wording(question), self.instruction(question));
        let feature = self.design.rows()[question.row].setting.feature();
        Ok(Asked {
            question,
            read_off: self.is_read_off(question),
            turned: wording.turned(&prompt, item, role, instruction)?,
            prompt,
            scale: item.scale.clone(),
            pushes: feature.map(Push::of_feature).into_iter().collect(),
        })
    }
}

/// The part of the answers to all items under one instruction.
#[must_use]
pub fn instructed_part(value: &str, inclination: Inclination) -> String {
    format!("{inclination}: {value}")
}

/// The roles' names, `None` for the empty role.
fn names(roles: &RoleSet, empty: bool) -> Vec<Option<&str>> {
    let named = roles.iter().map(|role| Some(role.name.as_str()));
    empty.then_some(None).into_iter().chain(named).collect()
}

struct Rows<'a> {
    materials: &'a Materials,
    rows: Vec<PlannedRow>,
    told: HashMap<String, Told>,
}

impl Rows<'_> {
    /// For each role its unsteered row, then one per feature; all ask the role the same items.
    fn part(
        &mut self,
        part: &str,
        told: Told,
        roles: &[Option<&str>],
        features: &[u64],
        items: &Questionnaire,
        sampling: &ItemSampling,
    ) {
        for &role in roles {
            let asked = self.asked(role, items, sampling);
            let steered = features
                .iter()
                .map(|&feature| Setting::steered(role, feature));
            for setting in std::iter::once(Setting::of_role(role)).chain(steered) {
                self.rows.push(PlannedRow {
                    part: part.to_owned(),
                    setting,
                    items: asked.clone(),
                });
            }
        }
        self.told.insert(part.to_owned(), told);
    }

    fn asked(
        &self,
        role: Option<&str>,
        part: &Questionnaire,
        sampling: &ItemSampling,
    ) -> Arc<[usize]> {
        let all = self.materials.items.items();
        let values = part.values().iter();
        let asked: Vec<&Item> = values
            .flat_map(|value| part.asked(sampling, role, value))
            .collect();
        // Both are in the order of the file within a value, and items are all different.
        let place = |item: &&Item| all.iter().position(|known| known == *item);
        asked.iter().filter_map(place).collect()
    }
}
