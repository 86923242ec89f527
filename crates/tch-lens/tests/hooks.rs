//! Hooks of the caller's own, and spans given in bytes or tokens.

mod common;

use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Dose, Error, HookPoint, Lm, LoadOptions, Pass, PassKind, Passes, Request, Steer,
    SteeringDirection, Stop,
};

fn open(name: &str) -> Lm {
    let own = &common::folders()[0];
    Lm::open(own.join("models").join(name), &LoadOptions::default()).unwrap()
}

fn ones(lm: &Lm) -> Tensor {
    Tensor::ones([lm.config().d_model as i64], (Kind::Float, Device::Cpu))
}

#[test]
fn a_hook_edits_and_reads() {
    let lm = open("gemma1");
    let point = HookPoint::ResidPost(1);
    let rows = [vec![2, 40, 41, 42], vec![2, 50]];
    let plain = lm
        .run_with_cache(&rows, &["blocks.1.hook_resid_post"], &mut [])
        .unwrap();
    let mut seen = Vec::new();
    let forward = {
        let mut add = (point, |x: Tensor, _: &Pass<'_>| Ok(x.f_add_scalar(0.5)?));
        let mut look = (point, |x: Tensor, pass: &Pass<'_>| {
            seen.push((pass.kind, pass.lengths.to_vec(), x.shallow_clone()));
            Ok(x)
        });
        lm.run_with_cache(
            &rows,
            &["blocks.1.hook_resid_post"],
            &mut [&mut add, &mut look],
        )
        .unwrap()
    };
    let [(kind, lengths, activation)] = &seen[..] else {
        panic!("one pass, not {}", seen.len());
    };
    assert_eq!((*kind, &lengths[..]), (PassKind::Prompt, &[4, 2][..]));
    assert_eq!(
        activation, &forward.activations[&point],
        "hooks come in their order, reading last"
    );
    assert_eq!(activation, &(&plain.activations[&point] + 0.5));
    assert_ne!(forward.logits, plain.logits);
}

#[test]
fn a_hook_in_every_pass_is_a_steer_in_every_pass() {
    for model in ["gemma1", "llama3"] {
        let lm = open(model);
        let point = HookPoint::ResidPost(1);
        let vector = ones(&lm);
        let requests: Vec<Request> = [vec![2, 40, 41, 42], vec![2, 50]]
            .into_iter()
            .map(|prompt| Request::new(prompt).stop(Stop::after(8).ids([])))
            .collect();
        let mut kinds = Vec::new();
        let hooked = {
            let mut hook = (point, |x: Tensor, pass: &Pass<'_>| {
                kinds.push(pass.kind);
                Ok(x.f_add(&(&vector * 2.0))?)
            });
            lm.generate(requests.clone(), &mut [&mut hook]).unwrap()
        };
        assert_eq!(kinds[0], PassKind::Prompt);
        assert_eq!(kinds[1..], [PassKind::Decode; 7]);
        let steer = Steer::add(point, &SteeringDirection::vector(&vector).unwrap(), 2.0);
        let steer = steer.passes(Passes::Every);
        let steered = requests
            .iter()
            .map(|r| r.clone().steer(steer.clone()))
            .collect();
        assert_eq!(lm.generate(steered, &mut []).unwrap(), hooked, "{model}");
    }
}

#[test]
fn what_a_hook_must_not_give_back_is_refused() {
    let lm = open("llama3");
    let rows = [vec![2, 40, 41]];
    let refused = |hook: fn(Tensor) -> Tensor| {
        let mut hook = (HookPoint::MlpOut(2), |x: Tensor, _: &Pass<'_>| Ok(hook(x)));
        let error = lm.forward(&rows, &mut [&mut hook]).unwrap_err();
        assert!(matches!(error, Error::Hook { .. }), "{error}");
        error.to_string()
    };
    let shape = refused(|x| x.narrow(1, 0, 2));
    assert!(shape.contains("blocks.2.hook_mlp_out"), "{shape}");
    assert!(
        shape.contains("[1, 2, 24]") && shape.contains("[1, 3, 24]"),
        "{shape}"
    );
    let kind = refused(|x| x.to_kind(Kind::Double));
    assert!(kind.contains("Double") && kind.contains("Float"), "{kind}");

    let mut failing = (HookPoint::Embed, |_: Tensor, _: &Pass<'_>| {
        Err(Error::Cancelled)
    });
    let error = lm.forward(&rows, &mut [&mut failing]).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

#[test]
fn unknown_names_list_what_there_is() {
    let lm = open("mistral");
    let name = "blocks.2.hook_resid_post";
    let errors = [
        lm.run_with_cache(&[vec![2]], &[name], &mut [])
            .map(drop)
            .unwrap_err(),
        lm.generate_with_cache(vec![Request::new(vec![2])], &[name], &mut [])
            .map(drop)
            .unwrap_err(),
        lm.forward(
            &[vec![2]],
            &mut [&mut (HookPoint::ResidPost(2), |x, _: &Pass<'_>| Ok(x))],
        )
        .unwrap_err(),
        lm.hook_point("blocks.0.hook_resid").map(drop).unwrap_err(),
    ];
    for error in errors {
        let message = error.to_string();
        assert!(matches!(error, Error::UnknownHookPoint { .. }), "{message}");
        for there in [
            "blocks.N.hook_resid_post",
            "with N from 0 to 1",
            "hook_embed",
            "ln_final.hook_normalized",
        ] {
            assert!(message.contains(there), "{there} is not in: {message}");
        }
    }
}

#[test]
fn bytes_are_the_tokens_that_cover_them() {
    for model in ["gemma1", "llama3", "mistral", "qwen2"] {
        let lm = open(model);
        let text = "Do you value honesty? Say what your values are.";
        let start = text.find(" your values").unwrap();
        let bytes = start..start + " your values".len();
        let point = HookPoint::ResidPost(1);
        let steer = Steer::add(point, &SteeringDirection::vector(&ones(&lm)).unwrap(), 3.0);
        let request = |steer: Steer| {
            Request::new(text)
                .stop(Stop::after(10).ids([]))
                .steer(steer)
        };
        let in_bytes = request(steer.clone().at_bytes(bytes.clone()));
        let shown = lm.steered(&in_bytes).unwrap();
        let [spans] = &shown[..] else {
            panic!("one steer")
        };
        let [span] = &spans[..] else {
            panic!("one span")
        };
        assert_eq!(span.pieces.len(), span.tokens.len());
        let ids = lm.tokenizer().unwrap().encode(text).unwrap();
        let covered = lm
            .tokenizer()
            .unwrap()
            .decode(&ids[span.tokens.clone()], true)
            .unwrap();
        assert!(covered.contains("your values"), "{model}: {covered:?}");
        assert_eq!(
            lm.tokenizer()
                .unwrap()
                .pieces(&ids[span.tokens.clone()])
                .unwrap(),
            span.pieces
        );

        let in_tokens = request(steer.clone().at_tokens([span.tokens.clone()]));
        assert_eq!(lm.steered(&in_tokens).unwrap(), shown);
        let names = ["blocks.1.hook_resid_post"];
        let read = |request: Request| {
            let mut read = lm
                .generate_with_cache(vec![request], &names, &mut [])
                .unwrap();
            (
                read.completions.remove(0),
                read.passes.remove(0).activations.remove(&point).unwrap(),
            )
        };
        let (steered, activations) = read(in_bytes);
        let (same, same_activations) = read(in_tokens);
        assert_eq!(
            (&same, &same_activations),
            (&steered, &activations),
            "{model}"
        );

        // The span's activations have changed by the vector, and no others.
        let (_, plain) = read(Request::new(text).stop(Stop::after(1)));
        let change = (activations - plain).get(0).amax([-1].as_slice(), false);
        let mut expected = vec![0.0; ids.len()];
        expected[span.tokens.clone()].fill(3.0);
        let expected = Tensor::from_slice(&expected);
        common::assert_close(&change, &expected, (1e-5, 0.0), model);

        let everywhere = lm.steered(&request(steer.clone())).unwrap();
        assert_eq!(everywhere[0][0].tokens, 0..ids.len());
        for bytes in [3..3, 40..90] {
            let error = lm
                .steered(&request(steer.clone().at_bytes(bytes)))
                .unwrap_err();
            assert!(matches!(error, Error::Request { .. }), "{error}");
        }
    }
}

#[test]
fn a_prompt_that_spells_out_its_bos_gets_no_second_one() {
    for model in ["gemma1", "llama3"] {
        let lm = open(model);
        let tokenizer = lm.tokenizer().unwrap();
        let bos = tokenizer
            .pieces(&[tokenizer.bos().unwrap()])
            .unwrap()
            .remove(0);
        let chat = format!("{bos}Answer according to your values.");
        let at = chat.find("your").unwrap();
        let steer = Steer::add(
            HookPoint::ResidPost(0),
            &SteeringDirection::vector(&ones(&lm)).unwrap(),
            1.0,
        );
        for request in [
            Request::new(chat.as_str()),
            Request::new(chat.as_str()).steer(steer.at_bytes(at..at + 4)),
        ] {
            let spans = lm.steered(&request).unwrap();
            let done = lm
                .generate(vec![request.stop(Stop::after(1))], &mut [])
                .unwrap();
            assert_eq!(
                done[0].prompt_tokens,
                tokenizer.encode_plain(&chat).unwrap().len(),
                "{model}"
            );
            assert!(
                spans
                    .iter()
                    .flatten()
                    .all(|span| span.pieces.concat().contains("your")),
                "{model}"
            );
        }
        let plain = Request::new(&chat[bos.len()..]).stop(Stop::after(1));
        let done = lm.generate(vec![plain], &mut []).unwrap();
        assert_eq!(
            done[0].prompt_tokens,
            tokenizer.encode_plain(&chat).unwrap().len(),
            "{model}"
        );
    }
}

#[test]
fn doses_beyond_the_precision_are_refused() {
    let lm = open("gemma1");
    let point = HookPoint::ResidPost(1);
    let d_model = lm.config().d_model as i64;
    let vector = Tensor::ones([d_model], (Kind::Float, Device::Cpu)) * 10.0;
    let direction = SteeringDirection::vector(&vector).unwrap();
    let run = |steer: Steer| {
        let request = Request::new("Hello").steer(steer).stop(Stop::after(1));
        lm.generate(vec![request], &mut [])
            .map_err(|error| error.to_string())
    };
    for steer in [
        Steer::add(point, &direction, 1e308),
        Steer::add(point, &direction, -1e38), // times 10
        Steer::add(point, &direction, Dose::OfNorm(1e39)),
        Steer::scale(point, &direction, 1e39),
        Steer::clamp(point, &direction, -1e39),
        Steer::add(point, &direction, f64::NAN),
    ] {
        let error = run(steer.clone()).unwrap_err();
        assert!(
            error.contains("the steering dose: expected"),
            "{steer:?}: {error}"
        );
    }
    run(Steer::add(point, &direction, 1e3)).unwrap();
}

#[test]
fn hook_points_with_heads_are_steered_as_one_vector() {
    let lm = open("gemma1");
    let config = lm.config();
    for (point, width) in [
        (HookPoint::Z(1), config.n_heads * config.d_head),
        (HookPoint::V(1), config.n_kv_heads * config.d_head),
        (HookPoint::MlpPost(1), config.d_mlp),
    ] {
        assert_eq!(point.width(config), Some(width));
        let vector = Tensor::arange(width as i64, (Kind::Float, Device::Cpu));
        let direction = SteeringDirection::vector(&vector).unwrap();
        let names = [point.to_string()];
        let read = |request: Request| {
            let request = request.stop(Stop::after(1));
            let read = lm
                .generate_with_cache(vec![request], &names, &mut [])
                .unwrap();
            read.passes[0].activations[&point].get(0).flatten(1, -1)
        };
        let steered = read(Request::new("Hello").steer(Steer::add(point, &direction, 0.5)));
        let change = steered - read(Request::new("Hello"));
        common::assert_close(
            &change,
            &(vector * 0.5).expand_as(&change),
            (1e-4, 1e-4),
            "change",
        );
    }
    for point in [HookPoint::Pattern(1), HookPoint::HeadOut(1)] {
        let direction =
            SteeringDirection::vector(&Tensor::ones([8], (Kind::Float, Device::Cpu))).unwrap();
        let request = Request::new("Hello").steer(Steer::add(point, &direction, 1.0));
        let error = lm.generate(vec![request], &mut []).unwrap_err().to_string();
        assert!(error.contains("one vector per position"), "{error}");
    }
}
