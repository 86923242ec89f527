//! Roles that a model plays while it answers.

mod generate;
mod json;

use std::collections::HashMap;
use std::slice;

/// Somebody a model can be asked to be.
///
/// ```
/// use valuebench::Role;
///
/// let role = Role::new("Ada Quill", "female", "Engineer, maintenance (IT)", "ENFJ");
/// assert_eq!(role.bio, "Gender: female; Job: Engineer, maintenance (IT), MBTI: ENFJ");
/// assert_eq!(role.job(), Some("Engineer, maintenance (IT)"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    /// The name, by which tables and random draws know the role. Prompts do not contain it.
    pub name: String,
    /// What prompts say of the role, `Gender: x; Job: y, MBTI: z` in the released files, where the
    /// key is `mini_trait`.
    pub bio: String,
    /// The role in the second person ("You are ..."), under the key `bio2`.
    pub second_person: Option<String>,
    /// The role in the third person ("Ada Quill is ..."), under the key `bio3`.
    pub third_person: Option<String>,
}

impl Role {
    /// A role with the bio of the released files and simple sentences beside it.
    pub fn new(name: &str, gender: &str, job: &str, mbti: &str) -> Self {
        Self {
            name: name.to_owned(),
            bio: format!("Gender: {gender}; Job: {job}, MBTI: {mbti}"),
            second_person: Some(format!(
                "You are {gender}. Your job: {job}. Your MBTI type: {mbti}."
            )),
            third_person: Some(format!(
                "{name} is {gender}. Job: {job}. MBTI type: {mbti}."
            )),
        }
    }

    /// The gender in the bio, if the bio has the released form.
    pub fn gender(&self) -> Option<&str> {
        self.parts().map(|[gender, _, _]| gender)
    }

    /// The job in the bio, if the bio has the released form.
    pub fn job(&self) -> Option<&str> {
        self.parts().map(|[_, job, _]| job)
    }

    /// The Myers-Briggs type in the bio, such as `ENFJ`, if the bio has the released form.
    pub fn mbti(&self) -> Option<&str> {
        self.parts().map(|[_, _, mbti]| mbti)
    }

    fn parts(&self) -> Option<[&str; 3]> {
        let (gender, rest) = self.bio.strip_prefix("Gender: ")?.split_once("; Job: ")?;
        let (job, mbti) = rest.rsplit_once(", MBTI: ")?;
        Some([gender, job, mbti])
    }
}

/// Roles with different names, in a fixed order.
///
/// They come from JSON files in the released form, an object with the roles by name:
///
/// ```json
/// {"Ada Quill": {"bio2": "You are ...", "bio3": "Ada Quill is ...",
///                "mini_trait": "Gender: female; Job: Photographer, MBTI: ENFP"}}
/// ```
///
/// or are made by [`generate`](Self::generate). The empty role is not in the set: it is `None`
/// wherever a role is asked for.
///
/// ```
/// use valuebench::RoleSet;
///
/// let roles = RoleSet::generate(1, 125);
/// let (train, test) = roles.split_at(100);
/// assert_eq!((train.len(), test.len()), (100, 25));
/// let again = RoleSet::from_reader(train.to_json().as_bytes())?;
/// assert_eq!(again, train);
/// # Ok::<(), valuebench::ReadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSet {
    roles: Vec<Role>,
}

/// Why roles do not make a [`RoleSet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleSetError {
    /// The empty name stands for the empty role.
    #[error("role {place}: expected a name, found an empty one")]
    EmptyName {
        /// The place of the role, from 0.
        place: usize,
    },
    /// Two roles have the same name.
    #[error("role {second} ({name:?}): expected each name once, found it first at role {first}")]
    DuplicateName {
        /// The name.
        name: String,
        /// Its first place, from 0.
        first: usize,
        /// Its second place, from 0.
        second: usize,
    },
}

impl RoleSet {
    /// A set of one's own roles.
    ///
    /// # Errors
    ///
    /// [`RoleSetError`] for empty and repeated names.
    pub fn new(roles: Vec<Role>) -> Result<Self, RoleSetError> {
        let mut seen = HashMap::new();
        for (place, role) in roles.iter().enumerate() {
            if role.name.is_empty() {
                return Err(RoleSetError::EmptyName { place });
            }
            if let Some(first) = seen.insert(role.name.as_str(), place) {
                return Err(RoleSetError::DuplicateName {
                    name: role.name.clone(),
                    first,
                    second: place,
                });
            }
        }
        Ok(Self { roles })
    }

    /// The roles, in their order.
    pub fn iter(&self) -> slice::Iter<'_, Role> {
        self.roles.iter()
    }

    /// The role of this name.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.iter().find(|role| role.name == name)
    }

    /// Number of roles.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether there is no role.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The first `n` roles and the others.
    pub fn split_at(&self, n: usize) -> (Self, Self) {
        let (first, others) = self.roles.split_at(n.min(self.len()));
        let set = |roles: &[Role]| Self {
            roles: roles.to_vec(),
        };
        (set(first), set(others))
    }
}

impl<'a> IntoIterator for &'a RoleSet {
    type Item = &'a Role;
    type IntoIter = slice::Iter<'a, Role>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
