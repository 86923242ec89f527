//! Studies run from end to end: every way of running one must give the same.

mod designs;
mod judged;
mod kills;
mod likelihood;
mod mixed;
mod observed;
mod organism;
mod paper;
mod rated;
mod real_server;
mod roles;
mod slurm;
mod small;
mod trained;
mod unanswered;

use std::fs;
use std::path::Path;

use value_causal::bench::journal::Journal;

use small::{Small, answers, csvs, merge_study, run_study};

#[test]
fn one_process_four_shards_and_other_batches_give_the_same() {
    let whole = Small::varied("");
    let said = whole.finish(&["--answers"]);
    assert!(
        said.contains("in all") && said.contains("Estimated time for"),
        "{said}"
    );
    let expected = (csvs(&whole.out()), answers(&whole.out()));
    assert_eq!(expected.0.len(), 4, "train, test, raise, lower");
    assert!(expected.1.iter().any(|a| a.thought.is_some()));
    assert!(whole.out().join("study.answers.csv").exists());
    let again = whole.finish(&[]);
    assert!(
        again.contains("answers are there already, 0 to come"),
        "{again}"
    );

    let sharded = Small::varied("");
    for shard in ["3/4", "1/4", "4/4", "2/4"] {
        let early = merge_study(&sharded);
        assert!(!early.status.success(), "shards are missing");
        sharded.finish(&["--shard", shard]);
    }
    let roles = ["train", "test"].map(|set| sharded.out().join(format!("roles_{set}.json")));
    roles.iter().for_each(|file| fs::remove_file(file).unwrap());
    let merged = merge_study(&sharded);
    assert!(merged.status.success(), "{merged:?}");
    assert!(roles.iter().all(|file| file.exists()));
    assert_eq!((csvs(&sharded.out()), answers(&sharded.out())), expected);
    merges_one_study_only(&sharded);

    let narrow = Small::varied("\n[batch]\nrows = 3\nshare_prefixes = false\n");
    narrow.finish(&[]);
    assert_eq!((csvs(&narrow.out()), answers(&narrow.out())), expected);
}

/// With the whole journal and those of its shards there.
fn merges_one_study_only(study: &Small) {
    let refused = |expected: &str| {
        let merged = merge_study(study);
        let why = String::from_utf8_lossy(&merged.stderr);
        assert!(!merged.status.success() && why.contains(expected), "{why}");
    };
    assert!(merge_study(study).status.success());
    let other = "another study: steering.dose is \"12.0\" in the journal and \"11.0\" in the study";
    study.change("dose = 12.0", "dose = 11.0");
    refused(other);
    let (whole, aside) = (study.out().join("study.journal"), study.out().join("aside"));
    fs::rename(&whole, &aside).unwrap();
    refused(other);
    assert!(!whole.exists());
    fs::rename(&aside, &whole).unwrap();

    let shard = study.out().join("shards/2-of-4.journal");
    fs::remove_file(&shard).unwrap();
    study.finish(&["--shard", "2/4"]);
    study.change("dose = 11.0", "dose = 12.0");
    refused("steering.dose is \"12.0\" in the first and \"11.0\" in the second");
    refused("study.journal and ");
    fs::remove_file(&shard).unwrap();
    study.change("top = 2", "top = 1");
    study.finish(&["--shard", "2/4"]);
    refused("steering.features.top is \"2\" in the journal and \"1\" in the study");
    study.change("top = 1", "top = 2");
    refused("2-of-4.journal: journals of two studies: feature number 2 is ");
    fs::remove_file(&whole).unwrap();
    refused("another study: feature number 2 is not there in the journal and ");
}

/// By the names of the hub, whose cache they are in.
#[test]
fn a_model_and_an_autoencoder_are_the_same_by_name() {
    let study = Small::open();
    let folder = study.file().parent().unwrap().to_owned();
    let lm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
    let (commit, cache) = ("0123456789".repeat(4), folder.join("cache"));
    study.finish(&["--shard", "1/9"]);
    for (from, repository, path, name) in [
        ("models/gemma1", "tiny", "", "org/tiny"),
        (
            "saes/gemma1/old_gemma_it_style",
            "saes",
            "layer_2",
            "org/saes@v1/layer_2",
        ),
    ] {
        let repository = cache.join(format!("models--org--{repository}"));
        let to = repository.join("snapshots").join(&commit).join(path);
        fs::create_dir_all(&to).unwrap();
        fs::create_dir_all(repository.join("refs")).unwrap();
        for revision in ["main", "v1"] {
            fs::write(repository.join("refs").join(revision), &commit).unwrap();
        }
        for file in fs::read_dir(lm.join(from)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        study.change(lm.join(from).to_str().unwrap(), name);
    }
    let run = |cache: &Path| {
        let mut run = run_study(&study, &["--shard", "1/9"]);
        run.env("HF_HUB_CACHE", cache)
            .env("HF_HUB_OFFLINE", "1")
            .output()
            .unwrap()
    };
    let there = run(&cache);
    let said = String::from_utf8_lossy(&there.stdout);
    assert!(
        there.status.success() && said.contains("there already, 0 to come"),
        "{there:?}"
    );
    let why = run(&folder);
    let why = String::from_utf8_lossy(&why.stderr);
    assert!(
        why.contains("org/tiny: there is no such path, and not all of its files"),
        "{why}"
    );
}

/// As many questions, of others or to others.
#[test]
fn a_merge_wants_the_roles_features_words_and_model_that_were_asked() {
    let study = Small::open();
    let folder = study.file().parent().unwrap().to_owned();
    let lm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
    for (from, to) in [
        (lm.join("models/gemma1"), "model"),
        (lm.join("saes/gemma1/old_gemma_it_style"), "sae"),
    ] {
        fs::create_dir(folder.join(to)).unwrap();
        for file in fs::read_dir(&from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.join(to).join(file.file_name())).unwrap();
        }
        study.change(from.to_str().unwrap(), to);
    }
    let roles = |file: &str, names: [&str; 2], job: &str| {
        let role = |name: &str| {
            format!(
                r#""{name}": {{"bio2": "You are female. Your job: {job}. Your MBTI type: INTJ.",
                "bio3": "{name} is female. Job: {job}. MBTI type: INTJ.",
                "mini_trait": "Gender: female; Job: {job}, MBTI: INTJ"}}"#
            )
        };
        let [a, b] = names.map(role);
        fs::write(folder.join(file), format!("{{{a}, {b}}}")).unwrap();
    };
    roles("train.json", ["Di", "Eve"], "smith");
    roles("test.json", ["Ada", "Bo"], "miller");
    study.change(
        "made = { seed = 5, train = 3, test = 2 }",
        "train = \"train.json\"\ntest = \"test.json\"",
    );
    study.change("features = { top = 2 }", "features = [1, 2]");
    for shard in ["1/2", "2/2"] {
        study.finish(&["--shard", shard]);
    }
    let refused = |expected: &str| {
        let merged = merge_study(&study);
        let why = String::from_utf8_lossy(&merged.stderr);
        let all = ["1-of-2.journal: the journal of another study: ", expected];
        assert!(all.iter().all(|words| why.contains(words)), "{why}");
        assert!(!merged.status.success() && !study.out().join("study.journal").exists());
    };
    roles("test.json", ["Ada", "Bo"], "baker");
    refused("roles.sha256 is ");
    roles("test.json", ["Ada", "Cy"], "miller");
    refused("roles.sha256 is ");
    roles("test.json", ["Ada", "Bo"], "miller");
    study.change("[1, 2]", "[1, 3]");
    refused("feature number 2 is \"2\" in the journal and \"3\" in the study");
    study.change("[1, 3]", "[1, 2]");
    for (file, key) in [
        ("prompt.txt", "prompt.template"),
        ("model/config.json", "model.sha256"),
        ("sae/cfg.json", "steering.sae.sha256"),
    ] {
        let before = fs::read(folder.join(file)).unwrap();
        let changed = [&before[..], b"\n"].concat();
        fs::write(folder.join(file), changed).unwrap();
        refused(&format!("{key} is "));
        fs::write(folder.join(file), before).unwrap();
    }
    let questions = fs::read_to_string(folder.join("questions.csv")).unwrap();
    let other = questions.replace("Should I joke 2 times?", "Should I joke at all?");
    fs::write(folder.join("questions.csv"), other).unwrap();
    refused("item number 9 is ");
    fs::write(folder.join("questions.csv"), questions).unwrap();

    // A machine that only merges may lack the model, and says so.
    fs::rename(folder.join("model"), folder.join("elsewhere")).unwrap();
    let merged = merge_study(&study);
    let why = String::from_utf8_lossy(&merged.stderr);
    assert!(merged.status.success(), "{why}");
    assert!(
        why.contains("model is not here, so it was not compared"),
        "{why}"
    );
}

#[test]
fn a_changed_study_is_refused_and_a_plan_asks_nothing() {
    let study = Small::varied("");
    let planned = study.finish(&["--plan"]);
    assert!(planned.contains("2 features"), "{planned}");
    assert!(!study.out().exists());
    study.finish(&["--shard", "1/9"]);
    study.change("dose = 12.0", "dose = 20.0");
    let refused = run_study(&study, &["--shard", "1/9"]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("another study: steering.dose is \"12.0\" in the journal and \"20.0\""),
        "{why}"
    );
    study.change("dose = 20.0", "dose = 12.0");
    study.change("top = 2", "top = 1");
    let refused = run_study(&study, &["--shard", "1/9"]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("another study: feature number 2 is "), "{why}");
    study.change("top = 1", "top = 2");
    study.change("mode = \"add\"", "mode = \"adds\"");
    let refused = run_study(&study, &[]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        why.contains("study.toml: ") && why.contains("adds"),
        "{why}"
    );
}

#[test]
fn names_that_cannot_be_written_are_told_before_anything_is_asked() {
    let study = Small::varied("");
    let taken = study.out().join("test.csv");
    fs::create_dir_all(&taken).unwrap();
    let refused = run_study(&study, &[]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    let expected = "test.csv: expected a file or nothing, found a folder";
    assert!(!refused.status.success() && why.contains(expected), "{why}");
    assert_eq!(fs::read_dir(study.out()).unwrap().count(), 1, "no journal");
}

#[test]
fn what_cannot_come_to_an_end_is_refused_before_it_begins() {
    let figures = "[analysis.figures]\nreference = \"a\"\nself_generated = []\nhierarchy = \"b\"";
    let analysis = |settings: &str| format!("[analysis]\n{settings}\n{figures}\n[instructions]");
    let here = "references = \"prompt.txt\"";
    for (old, new, expected) in [
        (
            "values = [\"Power\", \"Security\", \"Courage\"]",
            "values = []".to_owned(),
            "questionnaire.values: expected a value, found none",
        ),
        (
            "train = 3,",
            "train = 9000000000000000000,".to_owned(),
            "roles.made: expected at most 1000000 roles, found 9000000000000000000 for training",
        ),
        (
            "features = { top = 2 }",
            "features = { tpo = 2 }".to_owned(),
            "expected a list of features' numbers or { top = N }",
        ),
        (
            "features = { top = 2 }",
            "features = { top = 0 }".to_owned(),
            "steering.features: expected at least one, found none",
        ),
        (
            "features = { top = 2 }",
            "features = [7, 8, 7]".to_owned(),
            "steering.features: expected each once, found 7 twice",
        ),
        (
            "[instructions]",
            analysis("references = \"prompt.txt\"\npublished = []"),
            "analysis.published: expected at least one, found none",
        ),
        (
            "[instructions]",
            analysis("references = \"prompt.txt\"\npublished = [7, 7]"),
            "analysis.published: expected each once, found 7 twice",
        ),
        (
            "features = { top = 2 }",
            "features = [7, 256]".to_owned(),
            "steering.features: feature: expected a number below 256, found 256",
        ),
        (
            "dose = 12.0",
            "dose = 1e308".to_owned(),
            "steering: the steering dose: expected a number that 32 bits can hold",
        ),
        (
            "mode = \"add\"",
            "mode = \"add\"\nat = \"nowhere\"".to_owned(),
            "steering.at: unknown hook point",
        ),
        (
            "[questionnaire]",
            "device = \"gpu\"\n[questionnaire]".to_owned(),
            "model.device: unknown device",
        ),
        (
            "[questionnaire]",
            "precision = \"f64\"\n[questionnaire]".to_owned(),
            "model.precision: unknown precision",
        ),
        (
            "[instructions]",
            "[batch]\nrows = 0\n[instructions]".to_owned(),
            "batch.rows: expected at least 1, found 0",
        ),
        (
            "[instructions]",
            "[batch]\nmemory = 0\n[instructions]".to_owned(),
            "batch.memory: expected at least 1, found 0",
        ),
        (
            "[instructions]",
            analysis(&format!("alpha = 7\n{here}")),
            "analysis.alpha: expected a level between 0 and 1, found 7",
        ),
        (
            "[instructions]",
            analysis("references = \"absent.toml\""),
            "absent.toml: cannot be read: No such file",
        ),
        (
            "[instructions]",
            analysis("references = \"few.toml\""),
            "analysis.figures: names the reference graph \"a\"; few.toml has b",
        ),
        (
            "[instructions]",
            analysis("references = \"other.toml\""),
            "other.toml: expected values of the study (Courage, Power, Security), found \"Fame\"",
        ),
        (
            "[instructions]",
            analysis("references = \"references.toml\"\ntruth = \"absent.json\""),
            "absent.json: cannot be read: No such file",
        ),
        (
            "[instructions]",
            analysis("references = \"references.toml\"\nsae_role = \"Nobody\""),
            "analysis.sae_role: expected a role of the test, found \"Nobody\"",
        ),
    ] {
        let study = Small::varied("");
        for (name, graphs) in [
            ("few.toml", &[("b", "Power")][..]),
            ("other.toml", &[("a", "Power"), ("b", "Fame")]),
            ("references.toml", &[("a", "Power"), ("b", "Power")]),
        ] {
            let text = graphs.iter().map(|(key, cause)| {
                let names = format!("key = {key:?}\ntitle = {key:?}\nshort = {key:?}");
                format!("[[reference]]\n{names}\nedges = [[{cause:?}, \"Security\"]]\n")
            });
            fs::write(study.file().with_file_name(name), text.collect::<String>()).unwrap();
        }
        study.change(old, &new);
        let refused = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && why.contains(expected), "{why}");
        assert!(!why.contains("panicked") && !study.out().exists(), "{why}");
    }
}

#[test]
fn a_template_that_fails_is_named_before_the_model_is_opened() {
    for (text, expected) in [
        ("your values {{ question", "syntax error"),
        (" your values {{ quesion }}", "`quesion` is undefined"),
        (
            " your values {% if role %}{{ role.bioo }}{% endif %}",
            "`role.bioo` is undefined",
        ),
        ("{{ question }}", "expected the steered phrase"),
    ] {
        let study = Small::open();
        study.change("/gemma1\"", "/absent\"");
        fs::write(study.file().with_file_name("prompt.txt"), text).unwrap();
        let refused = run_study(&study, &[]).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr);
        let (_, after) = why.split_once("prompt.txt: ").expect("the file");
        assert!(after.contains(expected), "{why}");
    }
}

#[test]
fn a_folder_that_cannot_be_is_named_and_an_empty_shard_has_nothing_to_ask() {
    let study = Small::varied("");
    study.change("mode = \"add\"", "mode = \"add\"\npasses = \"every\"");
    fs::write(study.out(), "a file").unwrap();
    let refused = run_study(&study, &[]).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{refused:?}");
    assert!(
        why.contains("out: expected a folder to write to: "),
        "{why}"
    );
    let planned = study.finish(&["--plan", "--shard", "99/99"]);
    assert!(planned.ends_with("There is nothing to ask.\n"), "{planned}");
    assert!(
        planned.contains("Add 12 at every token of prompt and answer"),
        "{planned}"
    );
}

/// By the longest prompt of all, wherever in the study it is asked.
#[test]
fn an_answer_that_the_context_has_no_room_for_is_refused_before_anything_is_asked() {
    let study = Small::open();
    let asking = |most: usize| {
        study.change("max_new_tokens = 6", &format!("max_new_tokens = {most}"));
        let planned = run_study(&study, &["--plan"]).output().unwrap();
        let run = run_study(&study, &[]).output().unwrap();
        study.change(&format!("max_new_tokens = {most}"), "max_new_tokens = 6");
        assert_eq!(planned.stderr, run.stderr);
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    };
    let questions = study.file().with_file_name("questions.csv");
    let text = fs::read_to_string(&questions).unwrap();
    let long = "work 5 times".to_owned() + &" and then again".repeat(40);
    fs::write(&questions, text.replace("work 5 times", &long)).unwrap();
    for most in [100_000, usize::MAX / 2] {
        let (code, why) = asking(most);
        assert_eq!(code, Some(1), "{why}");
        assert!(
            why.starts_with("error: judging.max_new_tokens: expected at most "),
            "{why}"
        );
        assert!(why.contains(&format!("found {most} (\"Should I ")), "{why}");
    }
    // Room for all prompts but that one.
    let (_, why) = asking(370);
    assert!(
        why.contains("of the model's context of ") && why.contains(&long),
        "{why}"
    );
    assert!(!study.out().exists(), "no journal");
}

/// Between two answers the model becomes another one: what comes afterwards is not taken for the first one's.
#[test]
fn a_model_that_is_changed_while_it_answers_ends_the_run_at_once() {
    let study = Small::varied("");
    let organism = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/organism/model");
    let model = study.file().with_file_name("model");
    fs::create_dir(&model).unwrap();
    for file in fs::read_dir(&organism).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), model.join(file.file_name())).unwrap();
    }
    study.change(organism.to_str().unwrap(), "model");
    let run = run_study(&study, &[])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !study.out().join("study.journal").exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let mut config = fs::read(model.join("config.json")).unwrap();
    config.push(b' ');
    fs::write(model.join("config.json"), config).unwrap();
    let ended = run.wait_with_output().unwrap();
    let why = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    assert!(
        why.contains("config.json: expected the file as it was"),
        "{why}"
    );
    let journal = Journal::of_file(study.out().join("study.journal")).unwrap();
    let tally = journal.tally().unwrap();
    assert!(tally.answered < tally.planned / 2, "{tally:?}");
}
