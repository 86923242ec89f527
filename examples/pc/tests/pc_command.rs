//! The program `pc`, run as its users run it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pc/finite")
}

fn pc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pc"))
        .args(arguments)
        .output()
        .expect("pc runs")
}

/// What it prints, if all went well.
fn printed(arguments: &[&str]) -> String {
    let output = pc(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What it complains of.
fn complaint(arguments: &[&str]) -> String {
    let output = pc(arguments);
    assert!(!output.status.success(), "{arguments:?} should fail");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&printed(&arguments)).expect("JSON")
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

/// `[a, b]` as `["Va", "Vb"]`, in one order.
fn named_pairs(pairs: &Value) -> Vec<(String, String)> {
    let pairs = pairs.as_array().expect("a list").iter();
    let mut named: Vec<_> = pairs
        .map(|pair| (format!("V{}", pair[0]), format!("V{}", pair[1])))
        .collect();
    named.sort();
    named
}

fn pairs(found: &Value) -> Vec<(String, String)> {
    let name = |end: &Value| end.as_str().expect("a name").to_owned();
    let pairs = found.as_array().expect("a list").iter();
    let mut pairs: Vec<_> = pairs.map(|pair| (name(&pair[0]), name(&pair[1]))).collect();
    pairs.sort();
    pairs
}

#[test]
fn the_preset_gives_what_causal_learn_gives() {
    let index = std::fs::read_to_string(fixtures().join("index.json")).expect("the index");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let mut n_runs = 0;
    for set in index.as_array().expect("a list") {
        let file = fixtures().join(set["file"].as_str().expect("a name"));
        let file = file.to_str().expect("UTF-8");
        for run in set["runs"].as_array().expect("a list") {
            let (test, alpha) = (
                run["test"].as_str().expect("a test"),
                run["alpha"].to_string(),
            );
            let found = json(&[
                file,
                "--test",
                test,
                "--alpha",
                &alpha,
                "--preset",
                "causal-learn",
            ]);
            for kind in ["directed", "undirected", "bidirected"] {
                assert_eq!(
                    pairs(&found[kind]),
                    named_pairs(&run[kind]),
                    "{file} {test} {alpha}"
                );
            }
            assert_eq!(
                found["n_tests"], run["n_distinct_tests"],
                "{file} {test} {alpha}"
            );
            let n_sets = run["sepsets"].as_array().map(Vec::len);
            assert_eq!(
                found["separating_sets"].as_array().map(Vec::len),
                n_sets,
                "{file} {test}"
            );
            n_runs += 1;
        }
    }
    assert!(n_runs >= 80, "{n_runs}");
}

#[test]
fn text_and_json_say_the_same() {
    let file = fixtures().join("cont_09.csv");
    let file = file.to_str().expect("UTF-8");
    let (text, json) = (printed(&[file]), json(&[file]));
    for (arrow, kind) in [
        (" -> ", "directed"),
        (" -- ", "undirected"),
        (" <-> ", "bidirected"),
    ] {
        let lines = text.lines().filter_map(|line| line.split_once(arrow));
        let mut lines: Vec<_> = lines.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        lines.sort();
        assert_eq!(lines, pairs(&json[kind]));
    }
    let seconds = text
        .lines()
        .find_map(|line| line.strip_prefix("time_s "))
        .expect("a time");
    assert!(seconds.parse::<f64>().expect("a number") > 0.0);
    assert!(json["time_s"].as_f64().expect("a number") > 0.0);
}

#[test]
fn every_test_and_every_rule_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = fixtures().join("disc_06.csv");
    let table = table.to_str().expect("UTF-8");
    let tests = [
        "fisherz",
        "spearman",
        "nonparanormal",
        "gsq",
        "chisq",
        "mixed",
    ];
    for test in tests {
        let rules = [
            "separating-set",
            "conservative",
            "majority",
            "max-p",
            "definite-max-p",
        ];
        for rule in rules {
            let one = printed(&[table, "--test", test, "--collider", rule]);
            let two = printed(&[table, "--test", test, "--collider", rule, "--threads", "2"]);
            let edges = |text: &str| {
                text.lines()
                    .take_while(|l| !l.starts_with("n_tests"))
                    .count()
            };
            assert_eq!(edges(&one), edges(&two), "{test} {rule}");
        }
        let resampled = json(&[table, "--test", test, "--bootstrap", "5", "--seed", "3"]);
        assert_eq!(resampled["bootstrap"]["n_resamples"], 5, "{test}");
    }
    let matrix = written(
        &folder,
        "corr.csv",
        "a,b,c\n1,0.5,0.4\n0.5,1,0.2\n0.4,0.2,1\n",
    );
    let found = json(&[&matrix, "--correlation-of", "500"]);
    assert_eq!(pairs(&found["undirected"]).len(), 2);
}

#[test]
fn knowledge_is_obeyed_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = fixtures().join("cont_09.csv");
    let table = table.to_str().expect("UTF-8");
    let known = written(
        &folder,
        "known.toml",
        "forbidden = [[\"V0\", \"V7\"], [\"V7\", \"V0\"]]\nrequired = [[\"V5\", \"V4\"]]\n",
    );
    let [dot, svg] = ["graph.dot", "graph.svg"].map(|name| folder.path().join(name));
    let [dot, svg] = [&dot, &svg].map(|path| path.to_str().expect("UTF-8"));
    let found = json(&[
        table,
        "--knowledge",
        &known,
        "--dot",
        dot,
        "--svg",
        svg,
        "--explain",
    ]);
    let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(pairs(&found["directed"]).contains(&edge("V5", "V4")));
    for kind in ["directed", "undirected", "bidirected"] {
        let pairs = pairs(&found[kind]);
        assert!(!pairs.contains(&edge("V0", "V7")) && !pairs.contains(&edge("V7", "V0")));
    }
    let arrows = found["explanation"]["arrows"].as_array().expect("a list");
    assert_eq!(
        arrows.len(),
        found["directed"].as_array().expect("a list").len()
    );
    assert!(
        std::fs::read_to_string(dot)
            .expect("a file")
            .starts_with("digraph")
    );
    assert!(
        std::fs::read_to_string(svg)
            .expect("a file")
            .starts_with("<svg")
    );
}

#[test]
fn everything_is_explained() {
    let file = fixtures().join("cont_09.csv");
    let file = file.to_str().expect("UTF-8");
    let arguments = [file, "--explain", "--collider", "separating-set"];
    let (text, json) = (printed(&arguments), json(&arguments));
    let removed = &json["explanation"]["removed_edges"];
    let separated = json["separating_sets"].as_array().expect("a list");
    for (removed, separated) in removed.as_array().expect("a list").iter().zip(separated) {
        assert_eq!(removed["pair"][0], separated[0]);
        assert_eq!(removed["pair"][1], separated[1]);
        assert_eq!(removed["sets"], separated[2]);
        assert!(removed["p_value"].as_f64().expect("a number") > 0.05);
        assert_eq!(
            removed["sets"][0].as_array().map(Vec::len),
            removed["depth"].as_u64().map(|d| d as usize)
        );
    }
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count(": no edge, independent given {"), separated.len());
    let arrows = json["explanation"]["arrows"].as_array().expect("a list");
    assert!(!arrows.is_empty());
    for arrow in arrows {
        let [from, to, reason] =
            ["from", "to", "reason"].map(|key| arrow[key].as_str().expect("text"));
        assert_eq!(count(&format!("{from} -> {to}: {reason}")), 1, "{arrow}");
    }
}

#[test]
fn complaints_name_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |text: &str| written(&folder, "table.csv", text);
    let word = complaint(&[&file("a,b\n1,2\n3,x\n")]);
    assert!(
        word.contains("table.csv: line 3, column \"b\": expected a number, found \"x\""),
        "{word}"
    );
    let missing = complaint(&[&file("a,b\n1,2\n3,\n")]);
    assert!(missing.contains("line 3, column \"b\""), "{missing}");
    let constant = complaint(&[&file("a,b\n1,2\n3,2\n2,2\n5,2\n4,2\n")]);
    assert!(
        constant.contains('b') && constant.contains("constant"),
        "{constant}"
    );
    let level = complaint(&[&file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n"), "--alpha", "1.5"]);
    assert!(level.contains("1.5"), "{level}");
    let known = written(&folder, "known.toml", "required = [[\"a\", \"z\"]]\n");
    let unknown = complaint(&[
        &file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n"),
        "--knowledge",
        &known,
    ]);
    assert!(
        unknown.contains("known.toml") && unknown.contains("\"z\""),
        "{unknown}"
    );
    let table = file("a,b\n1,2\n2,1\n3,3\n4,7\n5,1\n");
    for (arguments, expected) in [
        (
            ["--test", "gsq", "--correlation-of", "100"].as_slice(),
            "--correlation-of does not go with --test gsq",
        ),
        (
            &["--categorical", "a"],
            "--categorical does not go with --test fisherz",
        ),
        (
            &["--test", "mixed", "--dof", "all-cells"],
            "--dof does not go with --test mixed",
        ),
        (&["--threads", "0"], "--threads"),
        (&["--cut", "2"], "between 0 and 1"),
    ] {
        let word = complaint(&[&[table.as_str()], arguments].concat());
        assert!(word.contains(expected), "{word}");
    }
    let absent = complaint(&["no such file.csv"]);
    assert!(absent.contains("no such file.csv"), "{absent}");
}

/// As after `| head`.
#[test]
fn a_closed_pipe_ends_a_program_quietly() {
    let table = fixtures().join("cont_09.csv");
    let dags = ["--graphs", "1", "--variables", "4"].map(Path::new);
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_synthetic_dags"), &dags[..]),
        (env!("CARGO_BIN_EXE_pc"), &[&*table]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        let ended = command.args(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*said), (Some(141), ""), "{program}");
    }
}

/// 60 clusters of five rows that hardly differ; no column has anything to do with another.
fn clustered(folder: &tempfile::TempDir) -> String {
    let mut text = String::from("who,day,a,b,c,d,e,f\n");
    for row in 0..300_u64 {
        let (who, day) = (row / 5, row % 5);
        let hash = |n: u64| {
            let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed >> 40) as f64 / 16_777_216.0
        };
        text += &format!("p{who},{day}");
        for v in 1..=6 {
            text += &format!(",{}", hash(who * 64 + v) + 0.1 * hash(row * 4_096 + v + 7));
        }
        text += "\n";
    }
    written(folder, "clustered.csv", &text)
}

fn n_edges(found: &Value) -> usize {
    ["directed", "undirected", "bidirected"]
        .iter()
        .map(|kind| pairs(&found[kind]).len())
        .sum()
}

#[test]
fn rows_in_clusters_are_not_taken_for_independent() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = clustered(&folder);
    let naive = json(&[&table, "--without", "who,day"]);
    let by_one = json(&[&table, "--without", "day", "--cluster", "who"]);
    assert!(n_edges(&by_one) < n_edges(&naive), "{by_one} {naive}");
    let two_ways = [
        "--cluster",
        "who",
        "--cluster",
        "day",
        "--too-few",
        "drop-edge",
    ];
    let both = json(&[&[table.as_str()][..], &two_ways[..]].concat());
    assert!(n_edges(&both) <= n_edges(&by_one));
    let null = json(&[
        &table,
        "--without",
        "day",
        "--clusters",
        "who",
        "--null",
        "40",
        "--bootstrap",
        "3",
    ]);
    assert_eq!(
        null["null"]["n_edges"].as_u64(),
        Some(n_edges(&naive) as u64)
    );
    assert!(null["null"]["mean"].as_f64().expect("a mean") > 1.0);
    assert_eq!(null["null"]["pairs"].as_array().map(Vec::len), Some(15));
    let text = printed(&[
        &table,
        "--without",
        "day",
        "--cluster",
        "who",
        "--null",
        "20",
    ]);
    assert!(text.contains("in 20 tables without structure"), "{text}");
    for (arguments, expected) in [
        (
            &["--cluster", "who", "--test", "gsq"][..],
            "--cluster does not go with --test gsq",
        ),
        (&["--clusters", "who"], "did you mean --cluster"),
        (&["--cluster", "nobody"], "there is no column \"nobody\""),
        (
            &["--cluster", "who", "--cluster", "who"],
            "--cluster names \"who\" twice",
        ),
        (
            &["--without", "who,day", "--effective-samples", "301"],
            "expected at most the 300 samples that there are, found 301",
        ),
    ] {
        let word = complaint(&[&[table.as_str()], arguments].concat());
        assert!(word.contains(expected), "{word}");
    }
    let worth = json(&[&table, "--without", "who,day", "--effective-samples", "60"]);
    assert!(n_edges(&worth) <= n_edges(&naive));
}

#[test]
fn clusters_without_a_name_are_refused_and_those_that_stay_in_place_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(clustered(&folder)).expect("it was written");
    let unnamed = written(&folder, "unnamed.csv", &text.replace("p0,", "NA,"));
    let word = complaint(&[&unnamed, "--without", "day", "--cluster", "who"]);
    assert!(
        word.contains("line 2, column \"who\": expected a label") && word.contains("found \"NA\""),
        "{word}"
    );
    let empty = written(&folder, "empty.csv", &text.replace("p0,", ","));
    json(&[&empty, "--without", "day", "--cluster", "who"]);
    // The last row goes, so that one cluster has four rows.
    let shorter: Vec<&str> = text.lines().take(300).collect();
    let shorter = written(&folder, "shorter.csv", &shorter.join("\n"));
    let null = ["--without", "day", "--cluster", "who", "--null", "5"];
    let told = printed(&[&[shorter.as_str()][..], &null[..]].concat());
    assert!(
        told.contains("note: clusters that stayed in place: 1"),
        "{told}"
    );
    let told = json(&[&[shorter.as_str()][..], &null[..]].concat());
    assert_eq!(told["null"]["n_in_place"], 1);
}

#[test]
fn edges_have_strengths_and_graphs_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = fixtures().join("cont_09.csv");
    let table = table.to_str().expect("UTF-8");
    let [csv, gml] = ["edges.csv", "graph.gml"].map(|name| folder.path().join(name));
    let [csv, gml] = [&csv, &gml].map(|path| path.to_str().expect("UTF-8"));
    let found = json(&[table, "--explain", "--csv", csv, "--gml", gml]);
    let strengths = found["strengths"].as_array().expect("a list");
    assert_eq!(strengths.len(), n_edges(&found));
    for strength in strengths {
        assert!(strength["p_value"].as_f64().expect("a number") <= 0.05);
        assert!(strength["association"].as_f64().expect("a number").abs() > 0.0);
    }
    let lines = std::fs::read_to_string(csv)
        .expect("a file")
        .lines()
        .count();
    assert_eq!(lines, 1 + n_edges(&found));
    let drawn = std::fs::read_to_string(gml).expect("a file");
    assert_eq!(drawn.matches("  edge [").count(), n_edges(&found));
    let dag = json(&[table, "--dag"]);
    assert_eq!(
        (pairs(&dag["undirected"]).len(), n_edges(&dag)),
        (0, n_edges(&found))
    );
    let hasty = json(&[table, "--time-limit", "0"]);
    assert!(
        hasty["unfinished"]
            .as_str()
            .expect("a word")
            .contains("time limit")
    );
    assert!(found.get("unfinished").is_none());
    let alone = written(
        &folder,
        "alone.csv",
        "a,b\n1,1\n2,-1\n3,1.5\n4,-1\n5,1\n6,-0.7\n7,0.2\n",
    );
    assert_eq!(json(&[&alone])["isolated"], serde_json::json!(["a", "b"]));
    assert!(printed(&[&alone]).contains("without an edge: a, b"));
    assert!(printed(&["--version"]).starts_with("pc "));
    let of_graphs = Command::new(env!("CARGO_BIN_EXE_synthetic_dags"))
        .arg("--version")
        .output();
    assert!(of_graphs.unwrap().stdout.starts_with(b"synthetic_dags "));
}

#[test]
fn files_of_peers_are_read_and_what_is_odd_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let matrix = written(
        &folder,
        "r.csv",
        "\"\",\"a\",\"b\"\n\"a\",1,0.5\n\"b\",0.5,1\n",
    );
    assert_eq!(n_edges(&json(&[&matrix, "--correlation-of", "100"])), 1);
    // Rows in another order than columns are another matrix; rows that are counted have no names.
    for (first, second, refused) in [
        ("b", "a", Some("line 2: expected the row of \"a\"")),
        ("a", "c", Some("line 3: expected the row of \"b\"")),
        ("0", "1", None),
        ("1", "2", None),
        ("1", "0", Some("line 3: expected the row of \"b\"")),
    ] {
        let text = format!(",a,b\n{first},1,0.5\n{second},0.5,1\n");
        let rows = written(&folder, "rows.csv", &text);
        match refused {
            None => assert_eq!(n_edges(&json(&[&rows, "--correlation-of", "100"])), 1),
            Some(words) => {
                let said = complaint(&[&rows, "--correlation-of", "100"]);
                assert!(said.contains(words), "{said}");
            }
        }
    }
    let semicolons = written(&folder, "semicolons.csv", "a;b\n1,5;2\n2,5;1\n3,5;4\n");
    assert!(complaint(&[&semicolons]).contains("found one in each line, with ';' in it"));
    let comma = written(
        &folder,
        "comma.csv",
        "\"x, y\",a,b\n1,2,3\n2,5,1\n9,4,4\n3,1,2\n5,6,8\n",
    );
    let left = printed(&[&comma, "--without", "x, y"]);
    assert!(!left.contains("x, y"), "{left}");
    let marked = written(&folder, "marked.csv", "a,b\nu,v\n*,v\nu,w\nw,w\nw,v\n");
    let refused = complaint(&[&marked, "--test", "gsq", "--missing-marker", "*"]);
    assert!(refused.contains("line 3, column \"a\""), "{refused}");
    let headless = written(&folder, "headless.csv", "1,2\n2,5\n9,4\n3,1\n5,6\n");
    let noted = pc(&[&headless]);
    assert!(String::from_utf8_lossy(&noted.stderr).contains("--no-header"));
    assert!(printed(&[&headless, "--no-header"]).contains("X1"));
    let real: String = (0..200)
        .map(|i| format!("{0},{0}\n", f64::from(i * i) * 0.37))
        .collect();
    let real = written(&folder, "real.csv", &format!("size,copy\n{real}"));
    let refused = complaint(&[&real, "--test", "gsq"]);
    assert!(
        refused.contains("variable 0 (size) has 200 levels"),
        "{refused}"
    );
    printed(&[&real, "--test", "gsq", "--max-levels", "200"]);
    let copies = complaint(&[&real]);
    assert!(
        copies.contains("duplicates") && copies.contains("--singular"),
        "{copies}"
    );
    let preset = complaint(&[&comma, "--preset", "pcalg", "--validity", "extendable"]);
    assert!(preset.contains("pcalg does not have"), "{preset}");
}

/// A table of noise, to which every column adds `share` of one that is not shown.
fn noise(rows: usize, columns: usize, share: f64) -> String {
    // SplitMix64 (G. L. Steele, D. Lea and C. H. Flood, 2014).
    let draw = |at: usize| {
        let mut z = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let line = |row: usize| {
        let at = row * (columns + 1);
        let cell = |column| (share * draw(at) + draw(at + 1 + column)).to_string();
        (0..columns).map(cell).collect::<Vec<_>>().join(",")
    };
    let names: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
    let lines: Vec<String> = (0..rows).map(line).collect();
    format!("{}\n{}\n", names.join(","), lines.join("\n"))
}

#[test]
fn a_time_limit_holds_for_resamples_and_null_tables_and_long_searches_are_predicted() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = &written(&folder, "six.csv", &noise(300, 6, 0.5));
    let both = ["--bootstrap", "50", "--null", "50"];
    let none = json(&[&[table.as_str(), "--time-limit", "0"][..], &both].concat());
    for part in ["bootstrap", "null"] {
        let told = none[part]["unfinished"].as_str().expect("a word");
        assert!(told.contains("after 0 of 50"), "{told}");
    }
    let all = json(&[&[table.as_str(), "--time-limit", "1000"][..], &both].concat());
    assert_eq!(all["bootstrap"]["n_resamples"], 50);
    assert_eq!(all["null"]["n_draws"], 50);
    assert!(
        all["bootstrap"].get("unfinished").is_none() && all["null"].get("unfinished").is_none()
    );
    let start = std::time::Instant::now();
    let some = json(&[table, "--time-limit", "0.5", "--bootstrap", "1000000"]);
    assert!(start.elapsed().as_secs() < 60);
    let n = some["bootstrap"]["n_resamples"].as_u64().expect("a number");
    assert!(0 < n && n < 1_000_000, "{n}");
    let text = printed(&[table, "--time-limit", "0.5", "--null", "1000000"]);
    assert!(
        text.contains("of 1000000 tables without structure"),
        "{text}"
    );

    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let dense = written(&folder, "dense.csv", &noise(400, 60, 1.0));
    let long = said(pc(&[&dense, "--time-limit", "0.1"]));
    assert!(
        long.contains("expect about") && long.contains("--time-limit"),
        "{long}"
    );
    let many = said(pc(&[
        table,
        "--time-limit",
        "0.1",
        "--bootstrap",
        "1000000",
    ]));
    assert!(many.contains("in each of 1000001 searches"), "{many}");
    assert_eq!(said(pc(&[table])), "");
}

#[test]
fn counts_beyond_memory_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = &written(&folder, "six.csv", &noise(50, 3, 0.5));
    for option in ["--bootstrap", "--null"] {
        for many in [
            "1000001",
            "1000000000000",
            "99999999999999999999999999",
            "1e12",
        ] {
            let refused = complaint(&[table, option, many]);
            assert!(
                refused.contains("at most 1,000,000: a share of so many"),
                "{option} {many}: {refused}"
            );
        }
        for wrong in ["0", "2.5", "many", "-3"] {
            let refused = complaint(&[table, &format!("{option}={wrong}")]);
            assert!(
                refused.contains("from 1 to 1,000,000"),
                "{option} {wrong}: {refused}"
            );
        }
    }
    for option in ["--samples", "--graphs", "--variables"] {
        let output = Command::new(env!("CARGO_BIN_EXE_synthetic_dags"))
            .args([option, "1000000000000"])
            .output()
            .expect("synthetic_dags runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains("lower --graphs"),
            "{told}"
        );
    }
}

#[test]
fn exact_ties_do_not_hang_on_the_order_of_the_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let tied = [
        [1.0, 0.4, 0.0, 0.0],
        [0.4, 1.0, 0.3, 0.0],
        [0.0, 0.3, 1.0, 0.4],
        [0.0, 0.0, 0.4, 1.0],
    ];
    let names = ["a", "b", "c", "d"];
    let mut by_name = BTreeSet::new();
    let one_after_another: [&[&str]; 3] = [
        &["--dag"],
        &["--conflicts", "keep-first", "--validity", "as-found"],
        &["--conflicts", "overwrite", "--validity", "as-found"],
    ];
    let mut settled = [const { BTreeSet::new() }; 3];
    for code in 0..256usize {
        let order: Vec<usize> = (0..4).map(|at| (code >> (2 * at)) & 3).collect();
        if !(0..4).all(|v| order.contains(&v)) {
            continue;
        }
        let line = |&v: &usize| {
            order
                .iter()
                .map(|&w| tied[v][w].to_string())
                .collect::<Vec<_>>()
                .join(",")
        };
        let matrix = order.iter().map(line).collect::<Vec<_>>().join("\n");
        let header = order
            .iter()
            .map(|&v| names[v])
            .collect::<Vec<_>>()
            .join(",");
        let named = written(&folder, "named.csv", &format!("{header}\n{matrix}\n"));
        by_name.insert(pairs(
            &json(&[&named, "--correlation-of", "200"])["directed"],
        ));
        for (ways, found) in one_after_another.iter().zip(&mut settled) {
            let way = [&[&*named, "--correlation-of", "200"], *ways].concat();
            found.insert(pairs(&json(&way)["directed"]));
        }
        let open = json(&[&named, "--correlation-of", "200", "--ties", "open"]);
        assert_eq!((pairs(&open["directed"]).len(), n_edges(&open)), (0, 3));
        let bare = written(&folder, "bare.csv", &format!("{matrix}\n"));
        let bare = json(&[&bare, "--correlation-of", "200", "--no-header"]);
        assert_eq!((pairs(&bare["directed"]).len(), n_edges(&bare)), (0, 3));
    }
    assert_eq!(by_name.len(), 1, "{by_name:?}");
    assert_eq!(by_name.first().map(Vec::len), Some(2));
    assert_eq!(settled.each_ref().map(BTreeSet::len), [1; 3], "{settled:?}");
}

#[test]
fn tables_in_other_dialects_are_read_or_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = noise(60, 3, 1.0);
    let expected = json(&[&written(&folder, "plain.csv", &plain)]);
    let same = |arguments: &[&str]| {
        let found = json(arguments);
        for kind in ["directed", "undirected", "isolated", "separating_sets"] {
            assert_eq!(found[kind], expected[kind], "{arguments:?}");
        }
    };
    let encoded = |name: &str, units: Vec<[u8; 2]>| {
        let path = folder.path().join(name);
        std::fs::write(&path, units.concat()).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let marked = format!("\u{feff}{plain}");
    same(&[&encoded(
        "le.csv",
        marked.encode_utf16().map(u16::to_le_bytes).collect(),
    )]);
    same(&[&encoded(
        "be.csv",
        marked.encode_utf16().map(u16::to_be_bytes).collect(),
    )]);
    same(&[&written(&folder, "bom.csv", &marked)]);
    same(&[&written(&folder, "crlf.csv", &plain.replace('\n', "\r\n"))]);
    let semicolons = plain.replace(',', ";").replace('.', ",");
    let r = &written(&folder, "csv2.csv", &semicolons);
    same(&[r, "--delimiter", ";", "--decimal-comma"]);
    let refused = complaint(&[r, "--delimiter", ";"]);
    assert!(refused.contains("--decimal-comma"), "{refused}");
    for (delimiter, shown) in [(";", "';'"), ("\t", "'\\t'"), ("|", "'|'")] {
        let file = &written(&folder, "other.csv", &plain.replace(',', delimiter));
        same(&[file, "--delimiter", delimiter]);
        for test in ["fisherz", "gsq", "mixed"] {
            let refused = complaint(&[file, "--test", test]);
            assert!(
                refused.contains(shown) && refused.contains("--delimiter"),
                "{test}: {refused}"
            );
        }
    }
    let mut lines = plain.lines().enumerate();
    let header = format!("Unnamed: 0,{}", lines.next().expect("a header").1);
    let again: Vec<String> = lines.map(|(at, line)| format!("{at},{line}")).collect();
    same(&[&written(
        &folder,
        "again.csv",
        &format!("{header}\n{}\n", again.join("\n")),
    )]);
}

#[test]
fn outputs_write_over_nothing_that_was_given_and_run_in_no_spreadsheet() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: Vec<String> = (0..40)
        .map(|i| f64::from(i * 7 % 11))
        .map(|x| format!("{x},{}", 2.0 * x + x.sin()))
        .collect();
    let table = format!("=cmd,b\n{}\n", rows.join("\n"));
    let file = &written(&folder, "table.csv", &table);
    let refused = complaint(&[file, "--csv", file]);
    assert!(
        refused.contains("would write over that of FILE"),
        "{refused}"
    );
    let out = folder.path().join("out.csv");
    let out = out.to_str().expect("UTF-8");
    let refused = complaint(&[file, "--csv", out, "--dot", out]);
    assert!(
        refused.contains("would write over that of --csv"),
        "{refused}"
    );
    assert_eq!(std::fs::read_to_string(file).expect("it is whole"), table);
    printed(&[file, "--csv", out]);
    let edges = std::fs::read_to_string(out).expect("it is written");
    assert!(
        edges
            .lines()
            .nth(1)
            .expect("an edge")
            .starts_with("'=cmd,b,"),
        "{edges}"
    );
}
