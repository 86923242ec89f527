//! Roles of our own making.

use std::collections::HashSet;

use fake::locales::{Data, EN};

use super::{Role, RoleSet};
use crate::random::{Seed, Words, below};

impl RoleSet {
    /// `n` random roles with different names.
    ///
    /// First and last names are those of the crate `fake` for English, jobs its professions
    /// ("Nurse") in one half of the roles and positions in a field ("Farming Consultant") in the
    /// other. Name, gender, job and Myers-Briggs type are drawn independently and uniformly. So a
    /// name says nothing of the gender, other than in the released roles; prompts from the built-in
    /// templates do not contain it. Where so many roles are made that names run out, a role's
    /// number follows its name.
    ///
    /// A larger `n` only adds roles at the end. The same seed gives the same roles on every
    /// machine, but only as long as `fake` keeps its lists: another release of it may give other
    /// roles. What is to be repeated is kept as a file, with [`write_json`](Self::write_json).
    ///
    /// ```
    /// use valuebench::RoleSet;
    ///
    /// let roles = RoleSet::generate(7, 3);
    /// assert_eq!(roles, RoleSet::generate(7, 100).split_at(3).0);
    /// for role in &roles {
    ///     println!("{}: {}", role.name, role.bio);
    /// }
    /// ```
    pub fn generate(seed: u64, n: usize) -> Self {
        let mut source = Seed::new("roles", seed).source();
        let mut taken = HashSet::with_capacity(n);
        let names = (EN::NAME_FIRST_NAME, EN::NAME_LAST_NAME);
        let roles = (0..n).map(|_| {
            let name = new_name(&mut source, names, &mut taken);
            let gender = one_of(&mut source, &["female", "male"]);
            let job = job(&mut source);
            let mbti = one_of(&mut source, &MBTI);
            Role::new(&name, gender, &job, mbti)
        });
        Self {
            roles: roles.collect(),
        }
    }
}

/// A name that nobody has taken: by chance, or if chance finds none, with the role's number,
/// counted from 1.
fn new_name(
    source: &mut impl Words,
    (first, last): (&[&str], &[&str]),
    taken: &mut HashSet<String>,
) -> String {
    const TRIES: usize = 100;
    let mut draw = || format!("{} {}", one_of(source, first), one_of(source, last));
    let drawn = (0..TRIES)
        .map(|_| draw())
        .find(|name| !taken.contains(name));
    let name = drawn.unwrap_or_else(|| format!("{} {}", draw(), taken.len() + 1));
    taken.insert(name.clone());
    name
}

fn job(source: &mut impl Words) -> String {
    match below(source, 2) {
        0 => capitalised(one_of(source, EN::COMPANY_PROFESSION)),
        _ => {
            let field = one_of(source, EN::JOB_FIELD);
            format!("{field} {}", one_of(source, EN::JOB_POSITION))
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn one_of<'a>(source: &mut impl Words, list: &[&'a str]) -> &'a str {
    list[below(source, list.len())]
}

const MBTI: [&str; 16] = [
    "ISTJ", "ISFJ", "INFJ", "INTJ", "ISTP", "ISFP", "INFP", "INTP", "ESTP", "ESFP", "ENFP", "ENTP",
    "ESTJ", "ESFJ", "ENFJ", "ENTJ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_set_only_adds_roles_and_no_name_comes_twice() {
        let many = RoleSet::generate(1, 12_000);
        assert_eq!(RoleSet::new(many.roles.clone()).unwrap(), many);
        for n in [0, 1, 500, 11_999] {
            assert_eq!(RoleSet::generate(1, n), many.split_at(n).0);
        }
    }

    #[test]
    fn names_differ_also_beyond_the_lists() {
        let mut source = Seed::new("test", 1).source();
        let mut taken = HashSet::new();
        let lists = (&["Ada", "Ben"][..], &["Hall", "Ito"][..]);
        let mut names: Vec<String> = (0..50)
            .map(|_| new_name(&mut source, lists, &mut taken))
            .collect();
        assert_eq!(taken.len(), 50);
        assert!(names[4].ends_with(" 5") && names[49].ends_with(" 50"));
        names[..4].sort();
        assert_eq!(names[..4], ["Ada Hall", "Ada Ito", "Ben Hall", "Ben Ito"]);
    }

    #[test]
    fn all_parts_vary_and_are_read_back_from_the_bio() {
        let roles = RoleSet::generate(1, 4000);
        let different = |part: fn(&Role) -> Option<&str>| {
            let parts: HashSet<&str> = roles.iter().map(|role| part(role).unwrap()).collect();
            parts.len()
        };
        assert_eq!(different(Role::gender), 2);
        assert_eq!(different(Role::mbti), MBTI.len());
        let positions = EN::JOB_FIELD.len() * EN::JOB_POSITION.len();
        assert!(different(Role::job) > positions, "both kinds of jobs");
        let is_lower = |role: &Role| role.job().unwrap().starts_with(char::is_lowercase);
        assert!(!roles.iter().any(is_lower));
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(RoleSet::generate(1, 5), RoleSet::generate(2, 5));
    }

    /// What changes here, most likely by another release of `fake`, changes the roles of every
    /// study that makes its own.
    #[test]
    fn roles_stay_the_same() {
        let roles = RoleSet::generate(1, 3);
        let texts: Vec<String> = roles
            .iter()
            .map(|r| format!("{}: {}", r.name, r.bio))
            .collect();
        assert_eq!(
            texts,
            [
                "Raven Reilly: Gender: female; Job: Consulting Representative, MBTI: ESTJ",
                "Alden Wolff: Gender: male; Job: Actor, MBTI: INFJ",
                "Yolanda Friesen: Gender: female; Job: Education Planner, MBTI: INFP",
            ]
        );
    }
}
