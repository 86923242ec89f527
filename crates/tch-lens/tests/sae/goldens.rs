//! What SAELens and sparsify computed: the workspace's own goldens, and a larger set where TCH_LENS_GOLDENS names one.

use std::collections::HashMap;

use tch_lens::sae::{Sae, SaeOptions, top_features};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{Error, HookPoint, ModelConfig};

use crate::common::{Goldens, assert_close, folders};

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

/// What was computed with the autoencoders of one model.
struct OfModel {
    goldens: Goldens,
    model: &'static str,
    tensors: HashMap<String, Tensor>,
}

impl OfModel {
    fn config(&self) -> ModelConfig {
        ModelConfig::open(self.goldens.folder.join("models").join(self.model)).unwrap()
    }

    fn each(test: impl Fn(&Self)) {
        for folder in folders() {
            for model in MODELS {
                let goldens = Goldens::open(folder.clone());
                test(&Self {
                    tensors: goldens.tensors(&format!("{model}_sae")),
                    goldens,
                    model,
                });
            }
        }
    }

    /// The layouts in this set: all for the first model, but for sparsify's where that library was not at hand.
    fn layouts(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let there = LAYOUTS
            .iter()
            .copied()
            .filter(|(golden, _)| self.has(golden));
        let may_lack = |golden: &str| golden == "sparsify" && !self.goldens.is_own();
        let expected = LAYOUTS
            .iter()
            .filter(|(golden, _)| self.has(golden) || !may_lack(golden));
        assert!(self.model != MODELS[0] || there.clone().count() == expected.count());
        there
    }

    fn has(&self, golden: &str) -> bool {
        self.tensors.contains_key(&format!("{golden}.acts"))
    }

    fn open(&self, name: &str, options: &SaeOptions) -> Sae {
        let folder = self.goldens.folder.join("saes").join(self.model);
        Sae::open(folder.join(name), options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn assert_close(&self, found: &Tensor, golden: &str) {
        let what = format!("{} {golden}", self.model);
        assert_close(
            found,
            &self.tensors[golden],
            self.goldens.tolerance("sae"),
            &what,
        );
    }
}

#[test]
fn every_layout_encodes_and_reconstructs_as_its_library_does() {
    OfModel::each(|of| {
        let x = &of.tensors["x"];
        for (golden, place) in of.layouts() {
            let sae = of.open(place, &SaeOptions::default());
            let acts = sae.encode(x).unwrap();
            of.assert_close(&acts, &format!("{golden}.acts"));
            let recon = format!("{golden}.recon");
            of.assert_close(&sae.reconstruct(x).unwrap(), &recon);
            of.assert_close(&sae.decode_like(&acts, x).unwrap(), &recon);
            let whole = sae.reconstruct(x).unwrap() + sae.error(x).unwrap();
            assert!(whole.allclose(x, 1e-6, 1e-5, false), "{golden}");
        }
    });
}

#[test]
fn folding_is_that_of_sae_lens() {
    OfModel::each(|of| {
        let x = &of.tensors["x"];
        let folded = SaeOptions::default().fold_decoder_norms(true);
        let names = ["standard_apply", "standard_noapply", "jumprelu", "gated"];
        let folded_there = |name: &&str| of.has(&format!("{name}.fold_norm"));
        for name in names.into_iter().filter(folded_there) {
            let sae = of.open(name, &folded);
            of.assert_close(&sae.encode(x).unwrap(), &format!("{name}.fold_norm.acts"));
            of.assert_close(
                &sae.reconstruct(x).unwrap(),
                &format!("{name}.fold_norm.recon"),
            );
            let rows: Vec<_> = (0..sae.d_sae())
                .map(|f| sae.direction(f).unwrap())
                .collect();
            of.assert_close(&Tensor::stack(&rows, 0), &format!("{name}.fold_norm.W_dec"));
        }
        if !of.has("standard_expected.fold_scale_1.7") {
            return;
        }
        let scaled = SaeOptions::default().activation_scale(1.7);
        let sae = of.open("standard_expected", &scaled);
        of.assert_close(
            &sae.encode(x).unwrap(),
            "standard_expected.fold_scale_1.7.acts",
        );
        of.assert_close(
            &sae.reconstruct(x).unwrap(),
            "standard_expected.fold_scale_1.7.recon",
        );
    });
}

/// A training checkpoint of batch-top-k chooses features by the whole batch. It is read as it is saved for inference,
/// with a threshold; what both choose has the same activation, and what only one of them chooses is on the right side.
#[test]
fn a_batchtopk_training_checkpoint_is_read_as_for_inference() {
    OfModel::each(|of| {
        if !of.has("batchtopk_training") {
            return;
        }
        let x = &of.tensors["x"];
        let training = of.open("batchtopk_training", &SaeOptions::default());
        let inference = of.open("batchtopk_inference", &SaeOptions::default());
        let acts = training.encode(x).unwrap();
        assert!(acts.equal(&inference.encode(x).unwrap()));

        let golden = &of.tensors["batchtopk_training.acts"];
        of.assert_close(
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
    OfModel::each(|of| {
        let steer = of.goldens.tensors(&format!("{}_steer", of.model));
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
    OfModel::each(|of| {
        for (golden, place) in of.layouts() {
            let sae = of.open(place, &SaeOptions::default());
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
                assert_eq!(sae.model_name(), Some(of.model), "{golden}");
            }
            let fits = |d_model, n_layers, at| {
                let mut config = of.config();
                (config.d_model, config.n_layers) = (d_model, n_layers);
                sae.fits(&config, at)
            };
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
