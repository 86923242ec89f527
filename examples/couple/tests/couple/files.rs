//! Objective files that cannot be used: each is told why, and none ends the program otherwise.

use couple::ObjectiveFile;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FINE: &str = r#"
study = "study.toml"
most = 2
rounds = 4
patience = 1

[causes]
alpha = 0.05
most = 2
bounds = [-1.0, 1.0]

[roles]
price = 0.1
names = ["Ada", "Bo"]

[instructions]
price = 0.02
values = ["Power", "Calm"]

[features]
price = 0.04
numbers = [3, 4]
doses = [2.0, 4.0]

[steers]
price = 0.04
values = ["Power"]
doses = [0.5, -0.5]

[prices]
"as Ada" = 0.5

[[objective]]
name = "More"
role = "Ada"
others = { tolerance = 0.2, priority = 0.5 }
values.Power = { target = 1.0, tolerance = 0.15, priority = 2.0 }

[[objective]]
name = "Less"
values.Power = { target = -1.0 }
"#;

/// What is changed, and what is said of it.
const MALFORMED: [(&str, &str, &str); 40] = [
    ("study = \"study.toml\"\n", "", "missing field `study`"),
    (
        "study = \"study.toml\"",
        "study = 3",
        "expected path string",
    ),
    (
        "most = 2\nrounds",
        "most = 0\nrounds",
        "most: expected at least 1, found 0",
    ),
    ("most = 2\nrounds", "most = -1\nrounds", "-1"),
    (
        "rounds = 4",
        "rounds = 0",
        "rounds: expected at least 1, found 0",
    ),
    ("rounds = 4", "round = 4", "unknown field `round`"),
    ("patience = 1", "patience = 1.5", "expected usize"),
    (
        "alpha = 0.05",
        "alpha = 0",
        "causes.alpha: expected a level between 0 and 1, found 0",
    ),
    (
        "alpha = 0.05",
        "alpha = 1.0",
        "causes.alpha: expected a level between 0 and 1, found 1",
    ),
    (
        "alpha = 0.05",
        "alpha = nan",
        "causes.alpha: expected a level between 0 and 1, found NaN",
    ),
    (
        "most = 2\nbounds",
        "most = 0\nbounds",
        "causes.most: expected at least 1, found 0",
    ),
    (
        "[-1.0, 1.0]",
        "[1.0, -1.0]",
        "causes.bounds: expected a low and a higher number from -1 to 1, found 1 and -1",
    ),
    (
        "[-1.0, 1.0]",
        "[-2.0, 1.0]",
        "causes.bounds: expected a low and a higher number from -1 to 1, found -2 and 1",
    ),
    (
        "[-1.0, 1.0]",
        "[0.5, nan]",
        "causes.bounds: expected a low and a higher number from -1 to 1, found 0.5 and NaN",
    ),
    ("[-1.0, 1.0]", "[0.5]", "invalid length 1"),
    (
        "price = 0.1\n",
        "price = -0.1\n",
        "roles.price: expected a number of at least 0, found -0.1",
    ),
    ("price = 0.1\n", "", "missing field `price`"),
    (
        "price = 0.02",
        "price = inf",
        "instructions.price: expected a number of at least 0, found inf",
    ),
    (
        "\"as Ada\" = 0.5",
        "\"as Ada\" = -0.5",
        "prices.\"as Ada\": expected a number of at least 0, found -0.5",
    ),
    (
        "names = [\"Ada\", \"Bo\"]",
        "names = []",
        "roles.names: expected at least one, found none",
    ),
    (
        "names = [\"Ada\", \"Bo\"]",
        "names = [\"Ada\", \"Ada\"]",
        "roles.names: expected each once, found \"Ada\" twice",
    ),
    (
        "values = [\"Power\", \"Calm\"]",
        "values = []",
        "instructions.values: expected at least one, found none",
    ),
    (
        "values = [\"Power\", \"Calm\"]",
        "values = [\"Calm\", \"Calm\"]",
        "instructions.values: expected each once, found \"Calm\" twice",
    ),
    (
        "numbers = [3, 4]",
        "numbers = [3, 3]",
        "features.numbers: expected each once, found 3 twice",
    ),
    ("numbers = [3, 4]", "numbers = [-3]", "-3"),
    (
        "doses = [2.0, 4.0]",
        "doses = [0.0]",
        "features.doses: expected numbers other than 0, found 0",
    ),
    (
        "doses = [2.0, 4.0]",
        "doses = [2.0, 2]",
        "features.doses: expected each once, found \"2\" twice",
    ),
    (
        "doses = [0.5, -0.5]",
        "doses = []",
        "steers.doses: expected at least one, found none",
    ),
    (
        "doses = [0.5, -0.5]",
        "doses = [nan]",
        "steers.doses: expected numbers other than 0, found NaN",
    ),
    ("doses = [0.5, -0.5]\n", "", "missing field `doses`"),
    (
        "name = \"Less\"",
        "name = \"More\"",
        "objective.name: expected each once, found \"More\" twice",
    ),
    ("name = \"Less\"\n", "", "missing field `name`"),
    (
        "values.Power = { target = -1.0 }",
        "values = {}",
        "objective \"Less\": expected a value, found none",
    ),
    (
        "values.Power = { target = -1.0 }",
        "values.Power = -1.0",
        "expected struct Target",
    ),
    (
        "target = -1.0",
        "target = -1.5",
        "objective \"Less\": \"Power\": target: expected an orientation from -1 to 1, found -1.5",
    ),
    (
        "target = -1.0",
        "target = nan",
        "objective \"Less\": \"Power\": target: expected an orientation from -1 to 1, found NaN",
    ),
    (
        "tolerance = 0.15",
        "tolerance = -0.1",
        "objective \"More\": \"Power\": tolerance: expected a number of at least 0, found -0.1",
    ),
    (
        "priority = 2.0",
        "priority = 0",
        "objective \"More\": \"Power\": priority: expected a number above 0, found 0",
    ),
    (
        "tolerance = 0.2",
        "tolerance = inf",
        "objective \"More\": others.tolerance: expected a number of at least 0, found inf",
    ),
    (
        "priority = 0.5",
        "priority = -1",
        "objective \"More\": others.priority: expected a number of at least 0, found -1",
    ),
];

#[test]
fn every_malformed_file_is_told_why() {
    ObjectiveFile::parse(FINE).unwrap();
    for (from, to, expected) in MALFORMED {
        assert!(FINE.contains(from), "{from}");
        let why = ObjectiveFile::parse(&FINE.replacen(from, to, 1)).unwrap_err();
        assert!(
            why.contains(expected),
            "{to}: expected {expected}, found {why}"
        );
    }
    let (before, _) = FINE.split_once("[[objective]]").unwrap();
    let none = ObjectiveFile::parse(&format!("objective = []\n{before}")).unwrap_err();
    assert_eq!(none, "objective: expected at least one, found none");
    let (head, _) = FINE.split_once("[roles]").unwrap();
    let (_, tail) = FINE.split_once("[[objective]]").unwrap();
    let why = ObjectiveFile::parse(&format!("{head}[[objective]]{tail}")).unwrap_err();
    assert!(
        why.starts_with("expected roles, instructions, features or steers to choose from"),
        "{why}"
    );
}

/// More by the variable `FUZZED`.
#[test]
fn no_text_ends_otherwise_than_with_a_reason() {
    let times = std::env::var("FUZZED")
        .ok()
        .and_then(|times| times.parse().ok())
        .unwrap_or(3_000);
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    let mut fine = 0;
    for _ in 0..times {
        let mut bytes = FINE.as_bytes().to_vec();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] = rng.random(),
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"0123456789-.\"[]{}=\n,e"[rng.random_range(0..21)]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        fine += usize::from(ObjectiveFile::parse(&text).is_ok());
    }
    // A letter of a name more or less is another name.
    assert!(fine < times);
}
