//! What SAELens and sparsify computed: the workspace's own goldens, and a larger set where TCH_LENS_GOLDENS names one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use tch_lens::sae::{Sae, SaeOptions, top_features};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Error, HookPoint};

const MODELS: [&str; 2] = ["gemma1", "llama3"];
const GEMMA_SCOPE: &str = "gemma_scope/layer_2/width_16k/average_l0_9/params.npz";

/// The goldens' names and where the autoencoders are, below the model's folder.
const LAYOUTS: [(&str, &str); 17] = [
    ("standard_apply", "standard_apply"),
    ("standard_noapply", "standard_noapply"),
    ("standard_layernorm", "standard_layernorm"),
    ("standard_constnorm", "standard_constnorm"),
    ("standard_expected", "standard_expected"),
    ("jumprelu", "jumprelu"),
    ("gated", "gated"),
    ("topk", "topk"),
    ("topk_rescale", "topk_rescale"),
    ("old_gemma_it_style", "old_gemma_it_style"),
    ("old_llama_it_style", "old_llama_it_style"),
    ("old_hook_point_style", "old_hook_point_style"),
    ("old_v3_topk_style", "old_v3_topk_style"),
    ("old_v5_jumprelu_style", "old_v5_jumprelu_style"),
    ("batchtopk_inference", "batchtopk_inference"),
    ("gemma_scope", GEMMA_SCOPE),
    // As sparsify reads it; SAELens takes another b_dec and another W_dec.
    ("sparsify", "sparsify/layers.2"),
];

struct Goldens {
    root: PathBuf,
    model: &'static str,
    tensors: HashMap<String, Tensor>,
    atol: f64,
    rtol: f64,
}

impl Goldens {
    fn each(test: impl Fn(&Goldens)) {
        let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lm"));
        let larger = std::env::var_os("TCH_LENS_GOLDENS").map(PathBuf::from);
        if larger.is_none() {
            eprintln!("TCH_LENS_GOLDENS is not set: only fixtures/lm is tested");
        }
        for root in [Some(own), larger].into_iter().flatten() {
            let manifest = fs::read(root.join("manifest.json")).unwrap();
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
            let tolerance = |name: &str| manifest["tolerance"]["sae"][name].as_f64().unwrap();
            for model in MODELS {
                test(&Self {
                    tensors: read(&root.join(format!("goldens/{model}_sae.safetensors"))),
                    atol: tolerance("atol"),
                    rtol: tolerance("rtol"),
                    root: root.clone(),
                    model,
                });
            }
        }
    }

    /// The layouts in this set: all for the first model.
    fn layouts(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let there = LAYOUTS
            .iter()
            .copied()
            .filter(|(golden, _)| self.has(golden));
        assert!(self.model != MODELS[0] || there.clone().count() == LAYOUTS.len());
        there
    }

    fn has(&self, golden: &str) -> bool {
        self.tensors.contains_key(&format!("{golden}.acts"))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.join("saes").join(self.model).join(name)
    }

    fn open(&self, name: &str, options: &SaeOptions) -> Sae {
        Sae::open(self.folder(name), options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How far apart, in units of the tolerance: at most 1 is close enough.
    fn distance(&self, found: &Tensor, golden: &str) -> f64 {
        let expected = &self.tensors[golden];
        assert_eq!(found.size(), expected.size(), "{golden}");
        let allowed = expected.abs() * self.rtol + self.atol;
        ((found - expected).abs() / allowed).max().double_value(&[])
    }

    fn assert_close(&self, found: &Tensor, golden: &str) {
        let distance = self.distance(found, golden);
        assert!(
            distance <= 1.0,
            "{} {golden}: {distance} tolerances",
            self.model
        );
    }
}

fn read(path: &Path) -> HashMap<String, Tensor> {
    Tensor::read_safetensors(path)
        .unwrap()
        .into_iter()
        .collect()
}

#[test]
fn every_layout_encodes_and_reconstructs_as_its_library_does() {
    Goldens::each(|goldens| {
        let x = &goldens.tensors["x"];
        for (golden, place) in goldens.layouts() {
            let sae = goldens.open(place, &SaeOptions::default());
            let acts = sae.encode(x).unwrap();
            goldens.assert_close(&acts, &format!("{golden}.acts"));
            let recon = format!("{golden}.recon");
            goldens.assert_close(&sae.reconstruct(x).unwrap(), &recon);
            goldens.assert_close(&sae.decode_like(&acts, x).unwrap(), &recon);
            let whole = sae.reconstruct(x).unwrap() + sae.error(x).unwrap();
            assert!(whole.allclose(x, 1e-6, 1e-5, false), "{golden}");
        }
    });
}

#[test]
fn folding_is_that_of_sae_lens() {
    Goldens::each(|goldens| {
        let x = &goldens.tensors["x"];
        let folded = SaeOptions::default().fold_decoder_norms(true);
        let names = ["standard_apply", "standard_noapply", "jumprelu", "gated"];
        let folded_there = |name: &&str| goldens.has(&format!("{name}.fold_norm"));
        for name in names.into_iter().filter(folded_there) {
            let sae = goldens.open(name, &folded);
            goldens.assert_close(&sae.encode(x).unwrap(), &format!("{name}.fold_norm.acts"));
            goldens.assert_close(
                &sae.reconstruct(x).unwrap(),
                &format!("{name}.fold_norm.recon"),
            );
            let rows: Vec<_> = (0..sae.d_sae())
                .map(|f| sae.direction(f).unwrap())
                .collect();
            goldens.assert_close(&Tensor::stack(&rows, 0), &format!("{name}.fold_norm.W_dec"));
        }
        if !goldens.has("standard_expected.fold_scale_1.7") {
            return;
        }
        let scaled = SaeOptions::default().activation_scale(1.7);
        let sae = goldens.open("standard_expected", &scaled);
        goldens.assert_close(
            &sae.encode(x).unwrap(),
            "standard_expected.fold_scale_1.7.acts",
        );
        goldens.assert_close(
            &sae.reconstruct(x).unwrap(),
            "standard_expected.fold_scale_1.7.recon",
        );
    });
}

/// A training checkpoint of batch-top-k chooses features by the whole batch. It is read as it is saved for inference,
/// with a threshold; what both choose has the same activation, and what only one of them chooses is on the right side.
#[test]
fn a_batchtopk_training_checkpoint_is_read_as_for_inference() {
    Goldens::each(|goldens| {
        if !goldens.has("batchtopk_training") {
            return;
        }
        let x = &goldens.tensors["x"];
        let training = goldens.open("batchtopk_training", &SaeOptions::default());
        let inference = goldens.open("batchtopk_inference", &SaeOptions::default());
        let acts = training.encode(x).unwrap();
        assert!(acts.equal(&inference.encode(x).unwrap()));

        let golden = &goldens.tensors["batchtopk_training.acts"];
        goldens.assert_close(
            &training.decode(golden).unwrap(),
            "batchtopk_training.recon",
        );
        let (ours, theirs) = (acts.gt(0.0), golden.gt(0.0));
        let both = ours.logical_and(&theirs);
        assert!(both.sum(Kind::Int64).int64_value(&[]) > 100);
        assert!(acts.masked_select(&both).allclose(
            &golden.masked_select(&both),
            5e-5,
            5e-5,
            false
        ));
        let threshold = 0.9;
        let only_theirs = golden.masked_select(&theirs.logical_and(&ours.logical_not()));
        assert!(bool::try_from(only_theirs.le(threshold + 1e-4).all()).unwrap());
        let smallest = golden.masked_select(&theirs).min();
        let only_ours = acts.masked_select(&ours.logical_and(&theirs.logical_not()));
        assert!(bool::try_from(only_ours.le_tensor(&(smallest + 1e-4)).all()).unwrap());
    });
}

#[test]
fn the_ranking_is_that_of_the_released_experiment() {
    Goldens::each(|goldens| {
        let steer = read(
            &goldens
                .root
                .join(format!("goldens/{}_steer.safetensors", goldens.model)),
        );
        let features = Vec::<i64>::try_from(&steer["rank.features"]).unwrap();
        let acts = Vec::<f64>::try_from(&steer["rank.max_act"]).unwrap();
        let expected: Vec<_> = features.iter().map(|f| *f as usize).zip(acts).collect();
        assert_eq!(
            top_features(&steer["rank.acts"], usize::MAX).unwrap(),
            expected
        );
        let k = expected.len() / 2;
        assert_eq!(top_features(&steer["rank.acts"], k).unwrap(), expected[..k]);
    });
}

#[test]
fn files_say_where_the_autoencoder_belongs() {
    Goldens::each(|goldens| {
        for (golden, place) in goldens.layouts() {
            let sae = goldens.open(place, &SaeOptions::default());
            assert_eq!(sae.hook_layer(), Some(2), "{golden}");
            assert!(sae.prepend_bos(), "{golden}");
            if golden != "gemma_scope" {
                assert_eq!(
                    sae.hook_name(),
                    Some("blocks.2.hook_resid_post"),
                    "{golden}"
                );
            }
            if !["gemma_scope", "sparsify"].contains(&golden) {
                assert_eq!(sae.model_name(), Some(goldens.model), "{golden}");
            }
            let fits = |d_model, n_layers, at| sae.fits(d_model, n_layers, at);
            assert!(fits(sae.d_in(), 4, HookPoint::ResidPost(2)).is_ok());
            assert!(fits(sae.d_in(), 4, HookPoint::ResidPre(3)).is_ok());
            for wrong in [
                fits(sae.d_in() + 1, 4, HookPoint::ResidPost(2)),
                fits(sae.d_in(), 2, HookPoint::ResidPost(1)),
                fits(sae.d_in(), 4, HookPoint::ResidPost(1)),
            ] {
                assert!(matches!(wrong, Err(Error::Fit { .. })), "{golden}");
            }
        }
    });
}
