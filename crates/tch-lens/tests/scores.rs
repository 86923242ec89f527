//! Scores of given continuations, beside what whole passes over prompt and continuation say.

mod common;

use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Engine, EngineOptions, Error, Finish, HookPoint, Lm, LoadOptions, Pass, Passes, Request, Steer,
    SteeringDirection,
};

fn open(name: &str) -> Lm {
    let own = &common::folders()[0];
    Lm::open(own.join("models").join(name), &LoadOptions::default()).unwrap()
}

fn prompt() -> Vec<i64> {
    (0..24).map(|i| 3 + i * 11 % 290).collect()
}

/// Of one token and of several, some with a common beginning, one the beginning of another.
fn candidates() -> Vec<Vec<i64>> {
    vec![
        vec![5],
        vec![5, 6, 7],
        vec![9, 5],
        vec![5, 6],
        vec![5, 6, 200],
        vec![17, 18, 19, 20, 21],
    ]
}

/// The log-probability of `candidate` behind `prompt` from one pass over both.
fn by_forward(
    lm: &Lm,
    prompt: &[i64],
    candidate: &[i64],
    at: HookPoint,
    edit: impl Fn(&Tensor) -> Tensor,
) -> f64 {
    let text = [prompt, candidate].concat();
    let mut hook = (at, |x: Tensor, _: &Pass<'_>| Ok::<_, Error>(edit(&x)));
    let logits = lm.forward(&[text], &mut [&mut hook]).unwrap();
    let log_softmax = logits.get(0).log_softmax(-1, Kind::Double);
    let each = candidate.iter().enumerate().map(|(i, &token)| {
        let at = prompt.len() + i - 1;
        log_softmax.double_value(&[at as i64, token])
    });
    each.sum()
}

fn assert_near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < 1e-4,
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn scores_are_those_of_a_pass_over_prompt_and_candidate() {
    for model in ["gemma1", "gemma2", "llama3", "llama31", "mistral", "qwen2"] {
        let lm = open(model);
        let request = Request::new(prompt()).score(candidates());
        let scored = &lm.generate(vec![request], &mut []).unwrap()[0];
        assert_eq!(scored.finish, Finish::Scored);
        assert!(scored.tokens.is_empty() && scored.text.is_empty());
        assert_eq!(scored.log_probabilities.len(), candidates().len());
        for (candidate, &found) in candidates().iter().zip(&scored.log_probabilities) {
            let expected = by_forward(
                &lm,
                &prompt(),
                candidate,
                HookPoint::Embed,
                Tensor::shallow_clone,
            );
            assert_near(found, expected, &format!("{model}, {candidate:?}"));
        }
    }
}

#[test]
fn a_steer_acts_on_candidates_as_it_does_on_tokens_that_are_written() {
    let lm = open("llama3");
    let d_model = lm.config().d_model as i64;
    let vector = (Tensor::arange(d_model, (Kind::Float, Device::Cpu)) * 0.7).sin();
    let direction = SteeringDirection::vector(&vector).unwrap();
    let at = lm.hook_point("blocks.1.hook_resid_post").unwrap();
    let n = prompt().len() as i64;
    let (steer, span) = (Steer::add(at, &direction, 3.0), 4..9);
    // Where each adds the vector: from a position up to another, or to the end.
    let cases = [
        (steer.clone(), (0, Some(n))),
        (steer.clone().at_tokens([span]), (4, Some(9))),
        (steer.clone().passes(Passes::Decode), (n, None)),
        (steer.passes(Passes::Every), (0, None)),
    ];
    for (steer, (from, to)) in cases {
        let request = Request::new(prompt()).score(candidates()).steer(steer);
        let scored = &lm.generate(vec![request], &mut []).unwrap()[0];
        for (candidate, &found) in candidates().iter().zip(&scored.log_probabilities) {
            let edit = |x: &Tensor| {
                let x = x.copy();
                let to = to.unwrap_or(x.size()[1]);
                let _ = x.narrow(1, from, to - from).g_add_(&(&vector * 3.0));
                x
            };
            let expected = by_forward(&lm, &prompt(), candidate, at, edit);
            assert_near(found, expected, &format!("{from} to {to:?}, {candidate:?}"));
        }
    }
}

#[test]
fn the_prompt_is_read_once_and_its_beginning_once_for_all() {
    let lm = open("llama3");
    let requests = (0..40).map(|i| {
        let text: Vec<i64> = prompt().into_iter().chain([30 + i, 7]).collect();
        Request::new(text).score(candidates())
    });
    let mut run = Engine::new(&lm, EngineOptions::default().max_rows(8)).run(requests);
    assert_eq!(run.by_ref().filter(Result::is_ok).count(), 40);
    let progress = run.progress();
    assert_eq!(
        (progress.prompt_tokens, progress.shared_tokens),
        (24 + 80, 40 * 24)
    );
    assert_eq!(progress.new_tokens, 0);
}

#[test]
fn a_text_is_scored_by_the_tokens_that_it_has_behind_the_prompt() {
    let lm = open("llama3");
    let tokenizer = lm.tokenizer().unwrap();
    let prompt = "Should I help?\nAnswer:";
    let scores = |candidate: &str| {
        let asked = Request::new(prompt).score([candidate]);
        lm.generate(vec![asked], &mut []).unwrap()[0].log_probabilities[0]
    };
    for candidate in [" yes", " no", " I cannot say", "yes"] {
        let tokens = tokenizer.encode_continuation(prompt, candidate).unwrap();
        let whole = tokenizer.encode(&(prompt.to_owned() + candidate)).unwrap();
        assert!(whole.ends_with(&tokens), "{candidate:?}");
        let asked = Request::new(tokenizer.encode(prompt).unwrap()).score([tokens]);
        let found = &lm.generate(vec![asked], &mut []).unwrap()[0];
        assert_eq!(
            found.log_probabilities[0],
            scores(candidate),
            "{candidate:?}"
        );
    }
}

#[test]
fn candidates_that_cannot_be_scored_are_named() {
    let lm = open("llama3");
    let n_ctx = lm.config().n_ctx;
    let d_vocab = lm.config().d_vocab as i64;
    let base = || Request::new(prompt());
    let cases: Vec<(Request, &str)> = vec![
        (
            base().score(Vec::<Vec<i64>>::new()),
            "the candidates: expected at least one, found none",
        ),
        (base().score([" yes", ""]), "candidate 1: expected 1 to"),
        (
            base().score([Vec::<i64>::new()]),
            "candidate 0: expected 1 to",
        ),
        (base().score([vec![d_vocab]]), "token ids from 0 to"),
        (
            base().score([vec![5; n_ctx - 23]]),
            "the number of new tokens: expected from 1 to",
        ),
    ];
    for (request, words) in cases {
        let error = lm.generate(vec![request], &mut []).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
