//! Faults that were reported of this crate and its peers, each with what is right: the folder that TCH_LENS_CASES names.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use common::assert_close;
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::Tensor;
use tch_lens::{
    ChatTemplate, Engine, EngineOptions, Error, HookPoint, Lm, LoadOptions, Message, Precision,
    Request, Sampling, Steer, SteeringDirection, Stop,
};

/// The folder of a case.
fn case(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TCH_LENS_CASES").map(|folder| Path::new(&folder).join(name));
    if folder.is_none() {
        println!("TCH_LENS_CASES is not set: {name} is not tested");
    }
    tch::set_num_threads(1);
    folder
}

fn gemma1() -> Lm {
    let model = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/lm/models/gemma1"
    );
    Lm::open(model, &LoadOptions::default()).unwrap()
}

fn tensors(path: PathBuf) -> impl Fn(&str) -> Tensor {
    let tensors = Tensor::read_safetensors(path).unwrap();
    move |name| {
        tensors
            .iter()
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .shallow_clone()
    }
}

#[test]
fn logits_are_those_of_transformers() {
    for name in [
        "03-tied-flag-but-other-lm-head",
        "09-gemma2-softcaps-absent",
    ] {
        let Some(folder) = case(name) else { return };
        let lm = Lm::open(folder.join("model"), &LoadOptions::default()).unwrap();
        let rows: Vec<Vec<i64>> =
            serde_json::from_slice(&fs::read(folder.join("rows.json")).unwrap()).unwrap();
        let expected = tensors(folder.join("expected.safetensors"));
        let found = lm.forward(&rows, &mut []).unwrap();
        for (row, ids) in rows.iter().enumerate() {
            let found = found.get(row as i64).narrow(0, 0, ids.len() as i64);
            assert_close(&found, &expected(&format!("row{row}")), (2e-4, 2e-4), name);
        }
    }
}

#[test]
fn chats_are_those_of_transformers() {
    let Some(expected) = case("chat-expected.json") else {
        return;
    };
    let expected: serde_json::Value = serde_json::from_slice(&fs::read(expected).unwrap()).unwrap();
    let render = |name: &str, template: &str, thinking: Option<bool>| {
        let folder = case(name).unwrap();
        let messages: Vec<Message> =
            serde_json::from_slice(&fs::read(folder.join("messages.json")).unwrap()).unwrap();
        let mut chat = ChatTemplate::open_named(&folder.join("model"), template).unwrap();
        if let Some(thinking) = thinking {
            chat = chat.with("enable_thinking", thinking).unwrap();
        }
        chat.render(&messages, true).unwrap()
    };
    assert_eq!(
        render("22-template-generation-tag", "default", None),
        expected["22"]
    );
    assert_eq!(
        render("24-template-enable-thinking", "default", Some(false)),
        expected["24"]
    );
    assert_eq!(
        render("24-template-enable-thinking", "default", None),
        expected["24-default"]
    );
    assert_eq!(
        render("25-additional-chat-templates", "default", None),
        expected["25-default"]
    );
    assert_eq!(
        render("25-additional-chat-templates", "plain", None),
        expected["25-plain"]
    );
}

#[test]
fn overflow_is_an_error_of_the_request() {
    let Some(folder) = case("30-half-overflow") else {
        return;
    };
    let open = |precision| {
        Lm::open(
            folder.join("model"),
            &LoadOptions::default().precision(precision),
        )
        .unwrap()
    };
    let prompt = "Should I keep a promise?";
    for sampling in [Sampling::greedy(), Sampling::random()] {
        let request = || {
            Request::new(prompt)
                .sampling(sampling.clone())
                .stop(Stop::after(6).ids([]))
        };
        let lm = open(Precision::F16);
        let plain = lm.generate(vec![request()], &mut []).unwrap_err();
        let mut run = Engine::new(&lm, EngineOptions::default()).run([request(), request()]);
        for number in 0..2 {
            let error = run.next().unwrap().unwrap_err();
            let Error::InRequest {
                number: found,
                source,
            } = &error
            else {
                panic!("{error}")
            };
            assert_eq!(*found, number);
            assert!(matches!(**source, Error::NotNumbers { .. }), "{error}");
        }
        assert!(run.next().is_none());
        assert_eq!((run.progress().failed, run.progress().ended), (2, 2));
        assert!(plain.to_string().contains("expected numbers"), "{plain}");
        let lm = open(Precision::F32);
        assert_eq!(
            lm.generate(vec![request()], &mut []).unwrap()[0]
                .tokens
                .len(),
            6
        );
    }
}

#[test]
fn autoencoders_belong_where_they_were_trained() {
    let Some(folder) = case("40-sae-place-not-known") else {
        return;
    };
    let lm = gemma1();
    let at = HookPoint::ResidPost(2);
    for name in [
        "head_index",
        "hf_other_layer",
        "ln2",
        "mlp_in",
        "mlp_post",
        "nonsense",
    ] {
        let sae = Rc::new(Sae::open(folder.join(name), &SaeOptions::default()).unwrap());
        let steer = Steer::scale(at, &SteeringDirection::feature(&sae, 3).unwrap(), 30.0);
        let error = lm
            .generate(vec![Request::new("Hello").steer(steer)], &mut [])
            .unwrap_err();
        assert!(
            error.to_string().contains("does not fit the model: "),
            "{name}: {error}"
        );
        assert!(sae.fits(lm.config(), at).is_err(), "{name}");
    }
    let sae = Sae::open(folder.join("hf"), &SaeOptions::default()).unwrap();
    sae.fits(lm.config(), at).unwrap();
    assert!(sae.fits(lm.config(), HookPoint::ResidPost(0)).is_err());
}

#[test]
fn autoencoders_on_heads_take_them_apart_or_flat() {
    let Some(folder) = case("42-sae-on-hook-z") else {
        return;
    };
    let sae = Rc::new(Sae::open(folder.join("sae"), &SaeOptions::default()).unwrap());
    let expected = tensors(folder.join("expected.safetensors"));
    let x = Tensor::read_safetensors(folder.join("x4.safetensors"))
        .unwrap()
        .remove(0)
        .1;
    let near = (5e-5, 5e-5);
    assert_close(&sae.encode(&x).unwrap(), &expected("acts"), near, "apart");
    assert_close(
        &sae.encode(&x.flatten(2, 3)).unwrap(),
        &expected("acts"),
        near,
        "flat",
    );
    assert_close(
        &sae.reconstruct(&x).unwrap(),
        &expected("recon"),
        near,
        "reconstructed",
    );
}

#[test]
fn gemma_scope_2_opens() {
    let Some(folder) = case("41-gemma-scope-2") else {
        return;
    };
    let expected = tensors(folder.join("expected.safetensors"));
    let x = Tensor::read_safetensors(folder.join("x.safetensors"))
        .unwrap()
        .remove(0)
        .1;
    let published = "gemma-scope-2-270m-it/resid_post/layer_2_width_16k_l0_small";
    for path in [published, "repacked/params.npz"] {
        let sae = Sae::open(folder.join(path), &SaeOptions::default()).unwrap();
        let near = (5e-5, 5e-5);
        assert_close(&sae.encode(&x).unwrap(), &expected("acts"), near, path);
        assert_close(
            &sae.reconstruct(&x).unwrap(),
            &expected("recon"),
            near,
            path,
        );
    }
}

#[test]
fn other_layouts_open_or_say_how_to_convert_them() {
    let Some(folder) = case("47-other-layouts") else {
        return;
    };
    let open = |path: &str| Sae::open(folder.join(path), &SaeOptions::default());
    let llama_scope = open("llama_scope/L2R-8x").unwrap();
    assert_eq!(llama_scope.hook_name(), Some("blocks.2.hook_resid_post"));
    assert_eq!((llama_scope.d_in(), llama_scope.d_sae()), (20, 32));
    for path in ["dictionary_learning", "qwen_scope"] {
        let error = open(path).unwrap_err().to_string();
        assert!(error.contains("convert.py"), "{error}");
    }
}

#[test]
fn transcoders_are_steered_at_their_output_and_only_added() {
    let Some(folder) = case("44-sparsify-transcoder") else {
        return;
    };
    let sae = Rc::new(Sae::open(folder.join("layers.2.mlp"), &SaeOptions::default()).unwrap());
    let lm = gemma1();
    assert!(sae.is_transcoder());
    let direction = SteeringDirection::feature(&sae, 3).unwrap();
    let (out, other) = (HookPoint::MlpOut(2), HookPoint::MlpOut(1));
    let run = |steer: Steer| {
        let request = Request::new("Hello").steer(steer).stop(Stop::after(2));
        lm.generate(vec![request], &mut [])
            .map_err(|error| error.to_string())
    };
    run(Steer::add(out, &direction, 3.0)).unwrap();
    for steer in [
        Steer::scale(out, &direction, 3.0),
        Steer::clamp(out, &direction, 3.0),
        Steer::ablate(out, &direction),
        Steer::add(out, &direction, 3.0).keep_error(false),
    ] {
        let error = run(steer).unwrap_err();
        assert!(error.contains("transcoder"), "{error}");
    }
    assert!(
        run(Steer::add(other, &direction, 3.0))
            .unwrap_err()
            .contains("does not fit")
    );
    let x = Tensor::zeros([2, sae.d_in() as i64], (tch::Kind::Float, lm.device()));
    assert!(sae.reconstruct(&x).is_err() && sae.error(&x).is_err());
    assert!(sae.fits(lm.config(), out).is_err());
}
