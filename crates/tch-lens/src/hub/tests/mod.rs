//! Against a hub of the tests' own (`server.rs`); `refusals.rs`: what is refused or kept secret; `python.rs` beside
//! Python's client.

mod python;
mod refusals;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tch::Device;

use super::{CONFIG, Hub, Repository, TOKENIZER, environment};
use crate::sae::{Sae, SaeOptions};
use crate::{Lm, LoadOptions};
use server::{COMMIT, Fault, Server, files_of, sha256};

const NAME: &str = "org/tiny";
const TOKEN: &str = "hf_never_to_be_shown";

/// A cache of its own, and the hub of a server.
struct Site {
    server: Server,
    cache: tempfile::TempDir,
}

impl Site {
    fn new(server: Server) -> Self {
        Self {
            server,
            cache: tempfile::tempdir().unwrap(),
        }
    }

    fn of_model(model: &str) -> Self {
        Self::new(Server::of_folder(&fixture(&format!("models/{model}"))))
    }

    /// The hub with more variables set.
    fn hub(&self, more: &[(&str, &str)]) -> Hub {
        let cache = self.cache.path().to_str().unwrap();
        let own = [
            ("HF_HUB_CACHE", cache),
            ("HF_ENDPOINT", &self.server.endpoint),
            ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ];
        let variables: BTreeMap<_, _> = own.iter().chain(more).copied().collect();
        environment::hub(|name| variables.get(name).map(Into::into)).unwrap()
    }

    fn refused(&self, more: &[(&str, &str)]) -> String {
        let error = self.hub(more).model(NAME).unwrap_err();
        let shown = format!("{error}\n{error:?}");
        assert!(
            !shown.contains(TOKEN) && !shown.contains("Signature"),
            "{shown}"
        );
        error.to_string()
    }

    /// Files of the cache and what links lead to, but what each client keeps for itself.
    fn tree(&self) -> Vec<String> {
        tree(self.cache.path())
    }

    fn blob(&self, name: &str) -> PathBuf {
        self.cache.path().join("models--org--tiny/blobs").join(name)
    }
}

fn name() -> Repository {
    Repository::parse(NAME).unwrap()
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/lm")
        .join(path)
}

fn tree(cache: &Path) -> Vec<String> {
    let (mut open, mut found) = (vec![cache.join("models--org--tiny")], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(cache).unwrap().display().to_string();
            if path.is_symlink() {
                found.push(format!(
                    "{name} -> {}",
                    fs::read_link(&path).unwrap().display()
                ));
            } else if path.is_dir() {
                open.push(path);
            } else if ![".no_exist", "/trees/"]
                .iter()
                .any(|own| name.contains(own))
            {
                found.push(format!("{name}: {}", sha256(&fs::read(&path).unwrap())));
            }
        }
    }
    found.sort();
    found
}

fn logits(folder: &Path) -> Vec<f32> {
    tch::set_num_threads(1);
    let lm = Lm::open(folder, &LoadOptions::default()).unwrap();
    let logits = lm.forward(&[vec![2, 10, 20]], &mut []).unwrap();
    logits.flatten(0, -1).try_into().unwrap()
}

#[test]
fn a_model_is_fetched_once_and_is_the_same_model() {
    for model in ["llama3", "gemma2_sharded"] {
        let mut files = files_of(&fixture(&format!("models/{model}")), "");
        files.insert("README.md".into(), b"Not opened.".to_vec());
        files.insert("pytorch_model.bin".into(), b"Nor this.".to_vec());
        files.insert(
            "additional_chat_templates/tool use.jinja".into(),
            b"{{ tools }}".to_vec(),
        );
        files.insert("empty/generation_config.json".into(), b"".to_vec());
        let site = Site::new(Server::new(files, &[]));
        let told = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&told);
        let hub = site
            .hub(&[])
            .on_progress(move |progress| hear.lock().unwrap().push(progress.to_string()));
        let folder = hub.model(NAME).unwrap();
        assert_eq!(
            logits(&folder),
            logits(&fixture(&format!("models/{model}")))
        );

        let asked = site.server.asked();
        let content = asked.iter().filter(|asked| asked.method == "GET");
        assert!(
            !content
                .clone()
                .any(|asked| asked.path.contains("README") || asked.path.contains(".bin"))
        );
        assert!(
            content
                .clone()
                .any(|asked| asked.path.contains("tool%20use.jinja")),
            "{asked:?}"
        );
        let told = told.lock().unwrap();
        assert!(
            told.iter()
                .any(|line| line.starts_with("org/tiny: config.json, 0.")),
            "{told:?}"
        );
        assert!(
            asked.iter().any(|asked| asked.away),
            "large files lie elsewhere"
        );

        assert_eq!(hub.model(NAME).unwrap(), folder);
        assert_eq!(hub.model(&format!("hf://{NAME}@{COMMIT}")).unwrap(), folder);
        assert!(site.server.asked().is_empty(), "all is in the cache");
        assert_eq!(
            fs::read_to_string(site.cache.path().join("models--org--tiny/refs/main")).unwrap(),
            COMMIT
        );
        let link = format!("models--org--tiny/snapshots/{COMMIT}/config.json -> ../../blobs/");
        assert!(
            site.tree().iter().any(|file| file.starts_with(&link)),
            "{:?}",
            site.tree()
        );
    }
}

#[test]
fn only_what_is_opened_is_fetched() {
    let site = Site::of_model("llama3");
    let hub = site.hub(&[]);
    let snapshot = hub.snapshot(&name(), &CONFIG.wanted()).unwrap();
    let there: Vec<_> = files_of(&snapshot.folder, "").into_keys().collect();
    assert_eq!(there, ["config.json", "generation_config.json"]);
}

#[test]
fn an_interrupted_download_is_taken_up() {
    let weights = fs::read(fixture("models/llama3/model.safetensors")).unwrap();
    let ranges = |site: &Site| -> Vec<String> {
        site.server
            .asked()
            .into_iter()
            .filter(|asked| asked.away)
            .filter_map(|asked| asked.range)
            .collect()
    };
    let site = Site::of_model("llama3");
    site.hub(&[])
        .snapshot(&name(), &TOKENIZER.wanted())
        .unwrap();
    site.hub(&[]).snapshot(&name(), &CONFIG.wanted()).unwrap();
    site.server.fault(Fault::Cut(1000, 2));
    let folder = site.hub(&[]).model(NAME).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights);
    assert_eq!(ranges(&site), ["bytes=1000-", "bytes=2000-"]);
    // By another process, and from a server that does not know of ranges.
    for fault in [Fault::None, Fault::NoRanges] {
        let site = Site::of_model("llama3");
        site.server.fault(fault);
        let part = site.blob(&format!("{}.incomplete", sha256(&weights)));
        fs::create_dir_all(part.parent().unwrap()).unwrap();
        fs::write(&part, &weights[..5000]).unwrap();
        let folder = site.hub(&[]).model(NAME).unwrap();
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights);
        assert_eq!(ranges(&site), ["bytes=5000-"]);
        assert!(!part.exists());
    }
}

#[test]
fn a_download_that_goes_nowhere_ends_and_keeps_what_came() {
    let site = Site::of_model("llama3");
    site.hub(&[]).snapshot(&name(), &CONFIG.wanted()).unwrap();
    site.server.fault(Fault::Cut(0, usize::MAX));
    let why = site.refused(&[]);
    assert!(
        why.contains("org/tiny: 127.0.0.1") && why.contains("cannot be reached"),
        "{why}"
    );
}

#[test]
fn the_cache_does_without_the_hub() {
    let site = Site::of_model("llama3");
    let folder = site.hub(&[]).model(NAME).unwrap();
    // As Python leaves it, which did not ask for what there is not.
    fs::remove_dir_all(site.cache.path().join("models--org--tiny/.no_exist")).unwrap();
    for more in [
        ("HF_HUB_OFFLINE", "1"),
        ("HF_ENDPOINT", "http://127.0.0.1:1"),
    ] {
        assert_eq!(site.hub(&[more]).model(NAME).unwrap(), folder);
    }
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    assert!(
        site.refused(&[("HF_HUB_OFFLINE", "1")])
            .contains("not all of its files")
    );
}

#[test]
fn autoencoders_are_fetched_by_both_kinds_of_names() {
    let sae = fixture("saes/gemma1/jumprelu");
    let mut files = files_of(&sae, "layer_3/width_16k/average_l0_59/");
    files.extend(files_of(&sae, "other/"));
    files.insert("layer_4/ae.pt".into(), b"pickled".to_vec());
    files.insert("layer_4/config.json".into(), b"{}".to_vec());
    let site = Site::new(Server::new(files, &[]));
    let hub = site.hub(&[]);
    let expected = Sae::open(&sae, &SaeOptions::default().device(Device::Cpu)).unwrap();
    for name in [
        "gemma-scope-2b-pt-res-canonical/layer_3/width_16k/canonical",
        "org/tiny/layer_3/width_16k/average_l0_59",
    ] {
        let found = hub.sae(name).unwrap();
        assert!(
            found.ends_with("layer_3/width_16k/average_l0_59"),
            "{}",
            found.display()
        );
        let found = Sae::open(found, &SaeOptions::default()).unwrap();
        assert_eq!(found.direction(3).unwrap(), expected.direction(3).unwrap());
    }
    assert!(
        !site
            .server
            .asked()
            .iter()
            .any(|asked| asked.path.contains("other/")),
        "one is wanted"
    );
    let why = hub.sae("org/tiny/layer_4").unwrap_err().to_string();
    assert!(
        why.contains("found ae.pt, config.json, of which some are pickled"),
        "{why}"
    );
    let why = hub.sae("org/tiny/layer_5").unwrap_err().to_string();
    assert!(why.contains("found no file there"), "{why}");
    let why = hub.sae("/etc").unwrap_err().to_string();
    assert!(why.contains("\"/etc\": expected a name"), "{why}");
}

/// A program whose environment alone says where models are: this test, started again.
#[test]
fn a_model_and_an_autoencoder_are_opened_by_name() {
    const STARTED: &str = "TCH_LENS_TEST_BY_NAME";
    if std::env::var_os(STARTED).is_some() {
        let lm = Lm::open(NAME, &LoadOptions::default()).unwrap();
        println!("opened {} layers", lm.config().n_layers);
        if let Err(why) = Lm::open("org/other@v1", &LoadOptions::default()) {
            println!("refused: {why}");
        }
        let why = Sae::open(
            "gpt2-small-mlp-tm/blocks.12.hook_mlp_out",
            &SaeOptions::default(),
        )
        .unwrap_err();
        println!("refused: {why}");
        return;
    }
    let site = Site::of_model("llama3");
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args([
        "--exact",
        "hub::tests::a_model_and_an_autoencoder_are_opened_by_name",
        "--nocapture",
    ]);
    again
        .env(STARTED, "1")
        .env("HF_HUB_CACHE", site.cache.path())
        .env("HF_ENDPOINT", &site.server.endpoint);
    let run = |again: &mut std::process::Command| {
        let output = again.env("HF_TOKEN", TOKEN).output().unwrap();
        let all = [output.stdout, output.stderr]
            .map(|text| String::from_utf8(text).unwrap())
            .concat();
        assert!(output.status.success() && !all.contains(TOKEN), "{all}");
        all
    };
    let first = run(&mut again);
    assert!(first.contains("opened 4 layers"), "{first}");
    assert!(
        first.contains("fetching org/tiny: model.safetensors, 144.0 kB"),
        "{first}"
    );
    assert!(
        first.contains("has no \"blocks.12.hook_mlp_out\"; its names are blocks.0.hook_mlp_out, "),
        "{first}"
    );
    fs::remove_dir_all(site.cache.path().join("models--org--other")).unwrap();
    let second = run(again.env("HF_HUB_OFFLINE", "1"));
    assert!(
        second.contains("opened 4 layers") && !second.contains("fetching"),
        "{second}"
    );
    assert!(
        second.contains("refused: org/other@v1: there is no such path"),
        "{second}"
    );
}
