//! An autoencoder that is trained on a study's prompts, then steered along in a study.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use value_causal::lens::sae::{Sae, SaeOptions};

use super::small::Small;

fn train_sae(study: &Small, out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_train_sae"))
        .arg(study.file())
        .args(["--at", "blocks.0.hook_resid_post", "--out"])
        .arg(out)
        .args(["--tokens", "3000", "--features", "128"])
        .args(["--steps", "150", "--batch", "256", "--rate", "0.003"])
        .args(more)
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap()
}

#[test]
fn an_autoencoder_is_trained_and_opened() {
    let study = Small::varied("");
    let folder = study.out();
    let text = folder.with_file_name("text.txt");
    let words = fs::read_to_string(study.file()).unwrap();
    fs::write(&text, words.repeat(12)).unwrap();
    let text = ["--active", "8", "--text", text.to_str().unwrap()];

    let out = folder.join("sae");
    let trained = train_sae(&study, &out, &text);
    assert!(trained.status.success(), "{trained:?}");
    let said = String::from_utf8(trained.stdout).unwrap();
    for expected in [
        "step 150 of 150: ",
        " active, ",
        " with zeros",
        "On texts that",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let explained: f64 = said
        .split("tokens): ")
        .nth(1)
        .and_then(|rest| rest.split(" %").next()?.parse().ok())
        .unwrap();
    assert!(explained > 60.0, "{said}");
    let sae = Sae::open(&out, &SaeOptions::default()).unwrap();
    assert_eq!((sae.d_sae(), sae.hook_layer()), (128, Some(0)));
    let mut files: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["cfg.json", "sae_weights.safetensors"]);

    let refused = train_sae(&study, &out, &["--active", "129"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("--active") || said.contains("at most d_sae"),
        "{said}"
    );
}
