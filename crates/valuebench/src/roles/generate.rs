//! Roles of our own making.

use super::{Role, RoleSet};
use crate::random::{Seed, below, sample};

impl RoleSet {
    /// `n` random roles with different names.
    ///
    /// Name, gender (that of the first name), job and Myers-Briggs type are drawn independently
    /// and uniformly. The same seed gives the same roles over releases of this crate and machines,
    /// and a larger `n` only adds roles at the end. The lists hold 5,000 names; beyond that many
    /// roles a number follows the name.
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
        let n_first = FEMALE.len() + MALE.len();
        let n_names = n_first * SURNAMES.len();
        let names = sample(&mut source, n_names, n_names);
        let roles = (0..n).map(|i| {
            let name = names[i % n_names];
            let (first, gender) = first_name(name % n_first);
            let surname = SURNAMES[name / n_first];
            let name = match i / n_names {
                0 => format!("{first} {surname}"),
                round => format!("{first} {surname} {}", round + 1),
            };
            let job = JOBS[below(&mut source, JOBS.len())];
            let mbti = MBTI[below(&mut source, MBTI.len())];
            Role::new(&name, gender, job, mbti)
        });
        Self {
            roles: roles.collect(),
        }
    }
}

fn first_name(place: usize) -> (&'static str, &'static str) {
    match place.checked_sub(FEMALE.len()) {
        None => (FEMALE[place], "female"),
        Some(place) => (MALE[place], "male"),
    }
}

const FEMALE: [&str; 50] = [
    "Abigail", "Adaeze", "Agnes", "Aisha", "Alice", "Amara", "Ana", "Anneke", "Astrid", "Beatriz",
    "Bronwen", "Camille", "Chiara", "Clara", "Daphne", "Dilnoza", "Edith", "Elena", "Esther",
    "Fatima", "Freya", "Grace", "Hana", "Helen", "Ingrid", "Ioana", "Isabel", "Jasmine", "Joanna",
    "Katya", "Keiko", "Laila", "Leila", "Lucia", "Magda", "Maria", "Mei", "Miriam", "Naomi",
    "Nisha", "Olga", "Priya", "Ruth", "Sinead", "Sofia", "Thandi", "Ursula", "Vera", "Yasmin",
    "Zainab",
];

const MALE: [&str; 50] = [
    "Adam", "Ahmed", "Andrei", "Arjun", "Arthur", "Benedict", "Bilal", "Carlos", "Cedric",
    "Conrad", "Dafydd", "Daniel", "Declan", "Dmitri", "Eduardo", "Elias", "Emeka", "Felix",
    "Francis", "Gabriel", "George", "Hamid", "Haruki", "Henrik", "Hugo", "Ibrahim", "Ivan",
    "Jakob", "Joseph", "Kwame", "Lars", "Leon", "Luca", "Malik", "Marco", "Mateo", "Nikolai",
    "Oliver", "Oscar", "Pavel", "Philip", "Rafael", "Rajesh", "Samuel", "Simon", "Tariq", "Thomas",
    "Victor", "Walter", "Wei",
];

const SURNAMES: [&str; 50] = [
    "Abara",
    "Adler",
    "Almeida",
    "Baker",
    "Banerjee",
    "Becker",
    "Bianchi",
    "Bishop",
    "Castillo",
    "Chen",
    "Clarke",
    "Costa",
    "Dubois",
    "Eriksen",
    "Farouk",
    "Fisher",
    "Garcia",
    "Greenwood",
    "Haddad",
    "Hall",
    "Hansen",
    "Hughes",
    "Ito",
    "Jansen",
    "Kamara",
    "Kaur",
    "Keller",
    "Khan",
    "Kovacs",
    "Larsen",
    "Lindqvist",
    "Mbeki",
    "Mendes",
    "Moreau",
    "Morgan",
    "Nakamura",
    "Novak",
    "Okafor",
    "Oliveira",
    "Osei",
    "Parker",
    "Petrov",
    "Quinn",
    "Rahman",
    "Romero",
    "Sato",
    "Schmidt",
    "Turner",
    "Weber",
    "Young",
];

const JOBS: [&str; 80] = [
    "Accountant",
    "Actor",
    "Air traffic controller",
    "Ambulance driver",
    "Animal keeper",
    "Archaeologist",
    "Architect",
    "Archivist",
    "Art teacher",
    "Baker",
    "Barber",
    "Beekeeper",
    "Biochemist",
    "Bookbinder",
    "Botanist",
    "Bricklayer",
    "Bus driver",
    "Butcher",
    "Carpenter",
    "Cartographer",
    "Chef",
    "Choreographer",
    "Civil engineer",
    "Cleaner",
    "Clockmaker",
    "Composer",
    "Court clerk",
    "Dairy farmer",
    "Dentist",
    "Diplomat",
    "Economist",
    "Editor",
    "Electrician",
    "Estate agent",
    "Fashion designer",
    "Firefighter",
    "Fisher",
    "Florist",
    "Forester",
    "Geologist",
    "Glazier",
    "Graphic designer",
    "Historian",
    "Hotel manager",
    "Interpreter",
    "Journalist",
    "Judge",
    "Lawyer",
    "Lecturer in philosophy",
    "Librarian",
    "Locksmith",
    "Market trader",
    "Mathematician",
    "Meteorologist",
    "Midwife",
    "Music therapist",
    "Nurse",
    "Nursery teacher",
    "Optician",
    "Painter",
    "Pharmacist",
    "Photographer",
    "Physicist",
    "Pilot",
    "Plumber",
    "Police officer",
    "Potter",
    "Primary school teacher",
    "Psychologist",
    "Radio producer",
    "Sailor",
    "Shop assistant",
    "Social worker",
    "Software developer",
    "Surgeon",
    "Surveyor",
    "Tailor",
    "Town planner",
    "Vet",
    "Waiter",
];

const MBTI: [&str; 16] = [
    "ISTJ", "ISFJ", "INFJ", "INTJ", "ISTP", "ISFP", "INFP", "INTP", "ESTP", "ESFP", "ENFP", "ENTP",
    "ESTJ", "ESFJ", "ENFJ", "ENTJ",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_differ_also_beyond_the_lists() {
        let roles = RoleSet::generate(1, 12_000);
        let names: HashSet<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        assert_eq!(names.len(), 12_000);
        assert_eq!(RoleSet::new(roles.roles.clone()).unwrap(), roles);
    }

    #[test]
    fn all_parts_vary_and_are_read_back_from_the_bio() {
        let roles = RoleSet::generate(1, 2000);
        let different = |part: fn(&Role) -> Option<&str>| {
            let parts: HashSet<&str> = roles.iter().map(|role| part(role).unwrap()).collect();
            parts.len()
        };
        assert_eq!(different(Role::gender), 2);
        assert_eq!(different(Role::job), JOBS.len());
        assert_eq!(different(Role::mbti), MBTI.len());
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(RoleSet::generate(1, 5), RoleSet::generate(2, 5));
    }

    /// Fixed for good, as finished studies rest on it.
    #[test]
    fn roles_stay_the_same() {
        let roles = RoleSet::generate(1, 2);
        let texts: Vec<String> = roles
            .iter()
            .map(|r| format!("{}: {}", r.name, r.bio))
            .collect();
        assert_eq!(
            texts,
            [
                "Alice Young: Gender: female; Job: Judge, MBTI: ENTP",
                "Joanna Young: Gender: female; Job: Sailor, MBTI: INTJ"
            ]
        );
    }
}
