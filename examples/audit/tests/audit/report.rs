//! `report.html`: its structure, and that its numbers are the audit's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use audit::{Audit, report};
use base64::prelude::{BASE64_STANDARD, Engine};
use reproduce::{Arguments, Loaded};
use sha2::{Digest, Sha256};

use super::{audit, fewest, gemma_audit, planted, planted_audit, row_of, rows_of};

/// Names that a page must show as they are and not obey.
pub const HOSTILE: [(&str, &str); 5] = [
    ("Power", "<img src=x onerror=alert(1)>"),
    ("Conformity", "</script><script>alert('&')</script>"),
    ("Greta Hill", "Greta </td><b onclick='x'>Hill"),
    ("A fair guess", "<u>guess</title>"),
    ("Planted", "Planted <style>* { display: none }"),
];

/// The planted study under other names, and its audit.
pub fn hostile() -> &'static (Loaded, Audit) {
    static AUDIT: LazyLock<(Loaded, Audit)> = LazyLock::new(|| {
        let loaded = under_other_names();
        let audit = audit(&loaded, &fewest());
        (loaded, audit)
    });
    &AUDIT
}

fn under_other_names() -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/planted");
    for file in fs::read_dir(fixture).unwrap() {
        let file = file.unwrap();
        let mut text = fs::read_to_string(file.path()).unwrap();
        for (name, hostile) in HOSTILE {
            text = text.replace(name, hostile);
        }
        fs::write(folder.path().join(file.file_name()), text).unwrap();
    }
    let arguments = Arguments {
        experiment: Some(folder.path().join("experiment.toml")),
        data: None,
        out: folder.path().to_owned(),
    };
    arguments.load().unwrap()
}

/// The texts between `from` and `to`, in order.
fn between<'a>(page: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    page.split(from)
        .skip(1)
        .filter_map(|rest| rest.split(to).next())
        .collect()
}

/// Asserts that every element ends where it should and returns the names of all.
fn elements(page: &str) -> Vec<String> {
    const EMPTY: [&str; 3] = ["meta", "input", "!DOCTYPE"];
    let (mut open, mut all): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("an end of the tag");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before {rest:.80}");
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap().to_owned();
        all.push(name.clone());
        if name == "script" || name == "style" {
            let raw = rest.find(&format!("</{name}>")).expect("an end");
            rest = &rest[raw..];
        }
        if !tag.ends_with('/') && !EMPTY.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
    all
}

fn assert_sound(page: &str, audit: &Audit) {
    let elements = elements(page);
    let count = |name: &str| elements.iter().filter(|e| *e == name).count();
    for (name, times) in [
        ("h1", 1),
        ("main", 1),
        ("nav", 1),
        ("header", 1),
        ("script", 1),
        ("style", 1),
        ("img", 0),
        ("link", 0),
        ("iframe", 0),
    ] {
        assert_eq!(count(name), times, "{name}");
    }
    assert_eq!(count("table"), count("caption"));
    for head in between(page, "<th", ">") {
        assert!(
            head.starts_with("ead") || head.contains(" scope=\""),
            "{head}"
        );
    }
    let ids = between(page, " id=\"", "\"");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    for from in ["href=\"#", "aria-labelledby=\"", "url(#"] {
        for id in between(page, from, if from == "url(#" { ")" } else { "\"" }) {
            assert!(unique.contains(id), "{from}{id}");
        }
    }
    // Nothing is fetched from anywhere.
    for outside in ["http:", "https:", "@import", " src=\"", "//cdn", "url(\""] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    // One script, that the page's policy knows by its hash.
    let script = between(page, "<script>", "</script>")[0];
    let hash = BASE64_STANDARD.encode(Sha256::digest(script));
    assert!(page.contains(&format!("script-src 'sha256-{hash}'")));
    for raw in [
        "co change",
        "a class of 1 ",
        "± 0.000",
        "&quot;discovered&quot;",
        "published_but_one",
    ] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert_eq!(page.contains("published"), audit.is_published);
    // A box in each of two graphs and an entry for each value, and a panel that names all others.
    let n = audit.values.len();
    assert_eq!(page.matches("class=\"node\"").count(), 2 * n);
    assert_eq!(page.matches("class=\"panel\"").count(), n);
    assert_eq!(page.matches("<tr data-node=").count(), n * (n - 1));
}

#[test]
fn the_page_is_sound_and_its_numbers_are_the_audit_s() {
    let (loaded, audit) = (planted(), planted_audit());
    let page = report::html(audit).unwrap();
    assert_sound(&page, audit);
    let json = serde_json::to_value(audit).unwrap();

    // What really moved, counted anew from the rows.
    let test = &loaded.study.test;
    let named = rows_of(test, |s| s.is_unsteered() && s.role.is_some());
    let base = row_of(test, Some(&loaded.study.role_baseline));
    let n = audit.values.len();
    let mut shown = between(&page, "<td class=\"n too\" data-by=\"0\"", "</td>").into_iter();
    for value in 0..n {
        let moved: Vec<_> = named
            .iter()
            .filter(|row| row[value] != base[value])
            .collect();
        assert_eq!(json["moved"][0]["together"][value][value], moved.len());
        let is_expected = |other: &usize| {
            let expected = &audit.discovered.expected[&audit.values[value]];
            expected.contains(&audit.values[*other])
        };
        let others = || (0..n).filter(|&other| other != value);
        let order = others()
            .filter(|o| is_expected(o))
            .chain(others().filter(|o| !is_expected(o)));
        for other in order {
            let both = moved.iter().filter(|row| row[other] != base[other]).count();
            let cell = shown.next().unwrap();
            let counts = format!("({both}/{})", moved.len());
            assert!(
                moved.is_empty() || cell.ends_with(&counts),
                "{cell} {counts}"
            );
        }
    }
    assert_eq!(shown.next(), None);

    // The steering table, cell by cell.
    let table = between(&page, "<table class=\"steering\">", "</table>")[0];
    let cells = between(table, "<span>", "</span>");
    let mut expected = Vec::new();
    for feature in audit.steering_table.rows.iter().map(|row| row.feature) {
        for value in &audit.values {
            let cell = &json["steering_table"]["features"][feature.to_string()]["cells"][value];
            for part in ["train", "test"] {
                let counts: Vec<u64> = serde_json::from_value(cell[part].clone()).unwrap();
                let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
                expected.push(counts.join("/"));
            }
        }
    }
    assert_eq!(cells, expected);

    for counts in [&audit.baseline_counts.role, &audit.baseline_counts.sae] {
        let found = counts.discovered_expected_above_reference;
        assert!(page.contains(&format!("<td class=\"n\">{found} of {}</td>", counts.n)));
    }
    for test in audit
        .null_tests
        .iter()
        .filter(|test| test.graph == "discovered")
    {
        // The least p of 50 draws is 1/51.
        let p = match test.monte_carlo_error {
            0.0 => format!("{:.3}", test.p_value),
            error => format!("{:.3} ± {error:.3}", test.p_value),
        };
        assert!(page.contains(&format!("<td class=\"n\">{p}</td>")), "{p}");
    }
    for edge in &audit.discovered.edges {
        let pair = format!("<th scope=\"row\">{}, {}</th>", edge.0, edge.1);
        assert!(page.contains(&pair), "{pair}");
    }
    for target in &audit.plan.targets {
        let sentence = target.why.split(": ").last().unwrap();
        assert!(page.contains(sentence), "{sentence}");
    }
    for input in &audit.manifest.inputs {
        assert!(page.contains(&input.sha256), "{}", input.file);
    }
    assert_eq!(audit.manifest.inputs.len(), 7);
}

#[test]
fn names_are_shown_and_not_obeyed() {
    let (_, audit) = hostile();
    let page = report::html(audit).unwrap();
    assert_sound(&page, audit);
    for (name, hostile) in HOSTILE {
        assert!(!page.contains(hostile), "{hostile}");
        assert!(!page.contains(&format!(">{name}<")), "{name}");
    }
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;</option>"));
}

#[test]
fn the_released_measurements_make_a_small_page() {
    let Some((_, audit)) = gemma_audit() else {
        return;
    };
    assert_sound(&report::html(audit).unwrap(), audit);
}
