//! The engine beside the plain path: the same tokens whatever is in the batch, and runs that end as they should.

mod common;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Completion, Dose, Engine, EngineOptions, Error, Lm, LoadOptions, Passes, Precision, Request,
    Sampling, Steer, SteeringDirection, Stop,
};

fn open(name: &str) -> Lm {
    let own = &common::folders()[0];
    Lm::open(own.join("models").join(name), &LoadOptions::default()).unwrap()
}

/// What steers push along: two features and two vectors.
fn directions(lm: &Lm, model: &str, sae: &str) -> Vec<SteeringDirection> {
    let folder = common::folders()[0].join("saes").join(model).join(sae);
    let sae = Rc::new(Sae::open(folder, &SaeOptions::default()).unwrap());
    let d_model = lm.config().d_model as i64;
    let vector = |i: i64| {
        let waves = Tensor::arange(d_model, (Kind::Float, Device::Cpu)) * (0.7 + i as f64);
        SteeringDirection::vector(&waves.sin()).unwrap()
    };
    vec![
        SteeringDirection::feature(&sae, 3).unwrap(),
        SteeringDirection::feature(&sae, 11).unwrap(),
        vector(0),
        vector(1),
    ]
}

#[derive(Debug, Clone)]
struct SteerPlan {
    direction: Index,
    vector_point: &'static str,
    change: usize,
    dose: f64,
    span: Option<(Index, Index)>,
    passes: Passes,
    keeps_error: bool,
}

#[derive(Debug, Clone)]
struct Plan {
    /// Which of three common beginnings, and how much of it.
    beginning: (usize, Index),
    own: Vec<i64>,
    new_tokens: usize,
    drawn: Option<(u64, usize)>,
    stop_ids: Vec<i64>,
    steers: Vec<SteerPlan>,
    /// Candidates to score, of few tokens, so that many begin alike.
    candidates: Option<Vec<Vec<i64>>>,
}

fn steer_plan() -> impl Strategy<Value = SteerPlan> {
    let passes = prop::sample::select(vec![Passes::Prompt, Passes::Decode, Passes::Every]);
    let span = prop::option::of((any::<Index>(), any::<Index>()));
    let points = [
        "hook_embed",
        "blocks.2.hook_resid_post",
        "blocks.1.hook_mlp_out",
        "ln_final.hook_normalized",
    ];
    (
        (any::<Index>(), prop::sample::select(points.to_vec())),
        0_usize..5,
        -4.0..4.0,
        span,
        passes,
        any::<bool>(),
    )
        .prop_map(
            |((direction, vector_point), change, dose, span, passes, keeps_error)| SteerPlan {
                direction,
                vector_point,
                change,
                dose,
                span,
                passes,
                keeps_error,
            },
        )
}

fn plan() -> impl Strategy<Value = Plan> {
    let steers = prop_oneof![
        2 => Just(Vec::new()),
        2 => prop::collection::vec(steer_plan(), 1..2),
        1 => prop::collection::vec(steer_plan(), 2..4),
    ];
    let candidates = prop::collection::vec(prop::collection::vec(5_i64..8, 1..4), 1..6);
    (
        (0_usize..3, any::<Index>()),
        prop::collection::vec(3_i64..300, 1..20),
        1_usize..24,
        prop::option::of((any::<u64>(), 0_usize..3)),
        prop::collection::vec(0_i64..300, 0..20),
        steers,
        prop::option::of(candidates),
    )
        .prop_map(
            |(beginning, own, new_tokens, drawn, stop_ids, steers, candidates)| Plan {
                beginning,
                own,
                new_tokens,
                drawn,
                stop_ids,
                steers,
                candidates,
            },
        )
}

impl SteerPlan {
    fn steer(&self, lm: &Lm, directions: &[SteeringDirection], tokens: usize) -> Steer {
        // Features belong to their layer; vectors go anywhere.
        let direction = self.direction.index(directions.len());
        let place = if direction < 2 {
            "blocks.2.hook_resid_post"
        } else {
            self.vector_point
        };
        let point = lm.hook_point(place).unwrap();
        let direction = &directions[direction];
        let steer = match self.change {
            0 => Steer::add(point, direction, self.dose),
            1 => Steer::add(point, direction, Dose::OfNorm(self.dose / 8.0)),
            2 => Steer::scale(point, direction, self.dose),
            3 => Steer::clamp(point, direction, self.dose),
            _ => Steer::ablate(point, direction),
        };
        let steer = steer.passes(self.passes).keep_error(self.keeps_error);
        match &self.span {
            None => steer,
            Some(_) if self.passes == Passes::Decode => steer,
            Some((start, length)) => {
                let start = start.index(tokens);
                let span = start..start + 1 + length.index(tokens - start);
                steer.at_tokens([span])
            }
        }
    }
}

impl Plan {
    fn request(&self, lm: &Lm, directions: &[SteeringDirection]) -> Request {
        let (which, share) = &self.beginning;
        let beginning = (0..40).map(|i| 3 + (i * (7 + which) as i64) % 290);
        // Most prompts have all of a beginning or nothing of it, as those of a job do.
        let shared = [0, 0, 12, 33, 40, 40, 40][share.index(7)];
        let prompt: Vec<i64> = beginning
            .take(shared)
            .chain(self.own.iter().copied())
            .collect();
        let tokens = prompt.len();
        let stop = Stop::after(self.new_tokens).ids(self.stop_ids.clone());
        let mut request = Request::new(prompt).stop(stop);
        if let Some((seed, setting)) = self.drawn {
            let drawn = Sampling::random().temperature(1.2).unwrap();
            let sampling = match setting {
                0 => drawn,
                1 => drawn.top_p(0.9).unwrap().repetition_penalty(1.2).unwrap(),
                _ => drawn.top_k(20).unwrap().frequency_penalty(0.5).unwrap(),
            };
            request = request.seed(seed).sampling(sampling);
        }
        let steers = self
            .steers
            .iter()
            .map(|steer| steer.steer(lm, directions, tokens));
        let request = steers.fold(request, Request::steer);
        match &self.candidates {
            Some(candidates) => request.score(candidates.clone()),
            None => request,
        }
    }
}

fn options() -> impl Strategy<Value = EngineOptions> {
    (
        1_usize..12,
        1_usize..200,
        1_usize..30,
        any::<bool>(),
        prop::option::of(1_u64..400_000),
    )
        .prop_map(|(rows, prompt, least, share, memory)| {
            let options = EngineOptions::default()
                .max_rows(rows)
                .prompt_tokens(prompt)
                .least_prefix(least)
                .share_prefixes(share);
            match memory {
                Some(bytes) => options.memory(bytes),
                None => options,
            }
        })
}

/// The completions by their numbers.
fn by_engine(
    lm: &Lm,
    options: EngineOptions,
    requests: &[Request],
) -> Result<Vec<Completion<usize>>, Error> {
    let numbered = requests.iter().cloned().enumerate();
    let numbered = numbered.map(|(number, request)| request.tag(number));
    let mut all = Engine::new(lm, options)
        .run(numbered)
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|completion| completion.tag);
    Ok(all)
}

/// Whether both are the same, scores up to the rounding of sums in another order.
fn same<A, B>(a: &Completion<A>, b: &Completion<B>) -> bool {
    let scores = (&a.log_probabilities, &b.log_probabilities);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
    (&a.tokens, &a.finish, &a.text, a.prompt_tokens)
        == (&b.tokens, &b.finish, &b.text, b.prompt_tokens)
        && scores.0.len() == scores.1.len()
        && scores.0.iter().zip(scores.1).all(near)
}

fn mixes_agree(model: &str, lm: &Lm, directions: &[SteeringDirection]) {
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let inputs = (prop::collection::vec(plan(), 1..16), options(), options());
    let shared = Cell::new(0);
    let result = TestRunner::new(config).run(&inputs, |(plans, first, second)| {
        let requests: Vec<Request> = plans
            .iter()
            .map(|plan| plan.request(lm, directions))
            .collect();
        let failed = |error: Error| TestCaseError::fail(error.to_string());
        let together = lm.generate(requests.clone(), &mut []).map_err(failed)?;
        for (number, request) in requests.iter().enumerate() {
            let alone = lm
                .generate(vec![request.clone()], &mut [])
                .map_err(failed)?;
            prop_assert!(
                same(&alone[0], &together[number]),
                "request {} alone: {:?} and {:?}",
                number,
                alone[0],
                together[number]
            );
        }
        for options in [first, second] {
            let found = by_engine(lm, options.clone(), &requests).map_err(failed)?;
            prop_assert_eq!(found.len(), requests.len());
            for (number, (found, expected)) in found.iter().zip(&together).enumerate() {
                prop_assert_eq!(found.tag, number);
                prop_assert!(
                    same(found, expected),
                    "request {}: {:?} and {:?}",
                    number,
                    found,
                    expected
                );
            }
            let mut run = Engine::new(lm, options).run(requests.iter().cloned());
            let new: usize = run.by_ref().flatten().map(|c| c.tokens.len()).sum();
            let progress = run.progress();
            prop_assert_eq!(progress.new_tokens, new);
            prop_assert_eq!(progress.ended, requests.len());
            shared.set(shared.get() + progress.shared_tokens);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{model}: {error}"));
    assert!(shared.get() > 0, "{model}: no prefix was ever shared");
}

#[test]
fn a_gemma_gives_the_same_tokens_alone_together_and_in_the_engine() {
    let lm = open("gemma1");
    mixes_agree("gemma1", &lm, &directions(&lm, "gemma1", "jumprelu"));
}

#[test]
fn a_llama_gives_the_same_tokens_alone_together_and_in_the_engine() {
    let lm = open("llama3");
    let directions = directions(&lm, "llama3", "old_llama_it_style");
    mixes_agree("llama3", &lm, &directions);
}

/// The heads of the checkpoints are too narrow for the CPU's own attention kernel.
#[test]
fn wide_heads_give_the_same_tokens_alone_together_and_in_the_engine() {
    let mut config = open("llama3").config().clone();
    (config.d_head, config.n_heads, config.n_kv_heads) = (16, 4, 2);
    config.attention_scale = 0.25;
    let vector = |i: usize| {
        let waves = Tensor::arange(config.d_model as i64, (Kind::Float, Device::Cpu));
        SteeringDirection::vector(&(waves * (0.7 + i as f64)).sin()).unwrap()
    };
    let directions: Vec<SteeringDirection> = (0..4).map(vector).collect();
    let lm = Lm::random(config, Precision::F32, Device::Cpu, 5).unwrap();
    mixes_agree("wide heads", &lm, &directions);
}

#[test]
fn a_row_that_overflows_leaves_the_rows_after_it_alone() {
    let lm = open("gemma2");
    let point = lm.hook_point("blocks.1.hook_resid_post").unwrap();
    let large = Tensor::full(
        [lm.config().d_model as i64],
        1e10,
        (Kind::Float, Device::Cpu),
    );
    let large = SteeringDirection::vector(&large).unwrap();
    let steer = Steer::add(point, &large, 3e28).passes(Passes::Every);
    let request = |number: i64| {
        let length = if number == 0 { 30 } else { 5 + number };
        let prompt: Vec<i64> = (0..length).map(|i| 3 + (i * 7 + number) % 290).collect();
        Request::new(prompt).stop(Stop::after(6 + number as usize % 3).ids([]))
    };
    let mut requests: Vec<Request> = (0..8).map(request).collect();
    // Each is a number, and both together are none.
    requests[0] = requests[0].clone().steer(steer.clone()).steer(steer);
    let options = EngineOptions::default().max_rows(2).prompt_tokens(32);
    let tagged = requests.iter().cloned().enumerate();
    let tagged = tagged.map(|(number, request)| request.tag(number));
    let mut run = Engine::new(&lm, options).run(tagged);
    let mut completed = 0;
    for found in run.by_ref() {
        match found {
            Ok(found) => {
                let request = requests[found.tag].clone();
                let alone = lm.generate(vec![request], &mut []).unwrap();
                assert_eq!(alone[0].tokens, found.tokens);
                completed += 1;
            }
            Err(Error::InRequest { number: 0, source }) => {
                assert!(matches!(*source, Error::NotNumbers { .. }), "{source}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(completed, 7);
    assert_eq!((run.progress().failed, run.progress().ended), (1, 8));
}

/// Requests that share twenty tokens.
fn alike(n: usize) -> impl Iterator<Item = Request<usize>> {
    (0..n).map(|number| {
        let own = [7 + number as i64 % 200, 9 + number as i64 / 200];
        let prompt: Vec<i64> = (3..23).chain(own).collect();
        Request::new(prompt)
            .stop(Stop::after(3).ids([]))
            .tag(number)
    })
}

#[test]
fn a_request_that_cannot_be_carried_out_is_named_and_the_others_go_on() {
    let lm = open("gemma1");
    let point = lm.hook_point("blocks.2.hook_resid_post").unwrap();
    let vector =
        SteeringDirection::vector(&Tensor::ones([20], (Kind::Float, Device::Cpu))).unwrap();
    let short = SteeringDirection::vector(&Tensor::ones([19], (Kind::Float, Device::Cpu))).unwrap();
    let good = || Request::new(vec![2_i64, 5, 6]).stop(Stop::after(2).ids([]));
    let (beyond, once) = (1..4, 0..1);
    let deep = tch_lens::HookPoint::ResidPost(4);
    let bad: Vec<(Request, &str)> = vec![
        (
            Request::new(Vec::new()),
            "the prompt: expected 1 to 512 tokens, found 0 tokens",
        ),
        (
            Request::new(vec![2, 373]),
            "token ids from 0 to 372, found 373 at position 1",
        ),
        (Request::new(vec![2, -1]), "found -1 at position 1"),
        (
            Request::new(vec![2; 513]),
            "1 to 512 tokens, found 513 tokens",
        ),
        (good().stop(Stop::after(510)), "from 1 to 509"),
        (
            good().steer(Steer::add(point, &vector, 1.0).at_tokens([beyond])),
            "within the prompt's 3 tokens, found 1..4",
        ),
        (
            good().steer(
                Steer::add(point, &vector, 1.0)
                    .at_tokens([once])
                    .passes(Passes::Decode),
            ),
            "Passes::Prompt or Passes::Every: new tokens lie in no range, found Passes::Decode",
        ),
        (
            good().steer(Steer::add(point, &vector, 1.0).at_bytes(0..1)),
            "a prompt of text",
        ),
        (
            good().steer(Steer::add(point, &vector, f64::NAN)),
            "the steering dose: expected",
        ),
        (good().steer(Steer::add(point, &short, 1.0)), "shape [20]"),
        (
            good().steer(Steer::add(deep, &vector, 1.0)),
            "unknown hook point",
        ),
    ];
    for (request, words) in &bad {
        let requests = vec![good(), request.clone(), good()];
        let refused = lm.generate(requests, &mut []).unwrap_err().to_string();
        assert!(refused.starts_with("request 1: "), "{refused}");
        assert!(refused.contains(words), "{refused}");
    }
    let expected = lm.generate(vec![good()], &mut []).unwrap();
    let requests = bad.iter().flat_map(|(bad, _)| [good(), bad.clone()]);
    let mut run = Engine::new(&lm, EngineOptions::default().max_rows(3)).run(requests);
    let (completed, refused): (Vec<_>, Vec<_>) = run.by_ref().partition(Result::is_ok);
    assert_eq!(completed.len(), bad.len());
    assert!(completed.into_iter().all(|c| c.unwrap() == expected[0]));
    assert_eq!(refused.len(), bad.len());
    for ((number, error), (_, words)) in refused.into_iter().enumerate().zip(&bad) {
        let error = error.unwrap_err().to_string();
        let start = format!("request {}: ", 2 * number + 1);
        assert!(
            error.starts_with(&start) && error.contains(words),
            "{error}"
        );
    }
    assert_eq!(run.progress().ended, 2 * bad.len());
}

#[test]
fn a_cancelled_run_ends() {
    let lm = open("llama3");
    let flag = Arc::new(AtomicBool::new(false));
    let options = EngineOptions::default().max_rows(4).cancel(flag.clone());
    let mut run = Engine::new(&lm, options).run(alike(100));
    assert!(run.next().unwrap().is_ok());
    flag.store(true, Ordering::Relaxed);
    let rest: Vec<_> = run.by_ref().collect();
    let (last, before) = rest.split_last().unwrap();
    assert!(matches!(last, Err(Error::Cancelled)), "{last:?}");
    assert!(before.iter().all(Result::is_ok));
    assert!(before.len() < 4, "only what had ended already");
    assert!(run.next().is_none());
    assert_eq!(run.progress().ended, 1 + before.len());
}

#[test]
fn progress_adds_up() {
    let lm = open("llama3");
    let run_all = |options: EngineOptions| {
        let mut run = Engine::new(&lm, options.max_rows(8)).run(alike(50));
        let mut ended = 0;
        while let Some(completion) = run.next() {
            assert_eq!(completion.unwrap().tokens.len(), 3);
            ended += 1;
            let progress = run.progress();
            assert_eq!(progress.ended, ended);
            assert!(progress.running <= progress.rows && progress.rows <= 8);
        }
        run.progress()
    };
    let shared = run_all(EngineOptions::default());
    assert_eq!((shared.taken, shared.ended, shared.running), (50, 50, 0));
    assert_eq!((shared.new_tokens, shared.halvings), (150, 0));
    // The twenty tokens once, then each row's own two.
    assert_eq!(
        (shared.prompt_tokens, shared.shared_tokens),
        (20 + 100, 50 * 20)
    );

    let apart = run_all(EngineOptions::default().share_prefixes(false));
    assert_eq!((apart.prompt_tokens, apart.shared_tokens), (50 * 22, 0));
    assert_eq!(apart.new_tokens, 150);
}

#[test]
fn requests_are_taken_as_they_are_needed() {
    let lm = open("llama3");
    let taken = Cell::new(0);
    let requests = alike(3000).inspect(|_| taken.set(taken.get() + 1));
    let mut run = Engine::new(&lm, EngineOptions::default().max_rows(64)).run(requests);
    let first = run.next().unwrap().unwrap();
    // Twice the batch or 256, whichever is more, wait for one batch that runs.
    assert!(taken.get() <= 256 + 64, "{} were taken", taken.get());
    let mut seen: Vec<usize> = run.map(|c| c.unwrap().tag).chain([first.tag]).collect();
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..3000));
    assert_eq!(taken.get(), 3000);
}

#[test]
fn decode_passes_read_what_the_whole_text_gives() {
    let names = [
        "hook_embed",
        "blocks.0.attn.hook_z",
        "blocks.2.hook_resid_post",
        "blocks.3.mlp.hook_post",
        "ln_final.hook_normalized",
    ];
    for model in ["gemma1", "llama3"] {
        let lm = open(model);
        let prompts = [
            vec![2, 30, 31, 32, 33, 34],
            vec![2, 50],
            vec![2, 60, 61, 62],
        ];
        let requests = prompts.iter().enumerate().map(|(row, prompt)| {
            Request::new(prompt.clone()).stop(Stop::after(3 + 4 * row).ids([]))
        });
        let read = lm
            .generate_with_cache(requests.collect(), &names, &mut [])
            .unwrap();
        let texts: Vec<Vec<i64>> = prompts
            .iter()
            .zip(&read.completions)
            .map(|(prompt, completion)| [&prompt[..], &completion.tokens].concat())
            .collect();
        let whole = lm.run_with_cache(&texts, &names, &mut []).unwrap();
        let mut tokens_read: BTreeMap<usize, usize> = BTreeMap::new();
        for pass in &read.passes {
            for (point, found) in &pass.activations {
                for (at, &row) in pass.rows.iter().enumerate() {
                    let (start, n) = (pass.starts[at] as i64, pass.lengths[at] as i64);
                    if n == 0 {
                        continue;
                    }
                    let expected = whole.activations[point].get(row as i64).narrow(0, start, n);
                    let found = found.get(at as i64).narrow(0, 0, n);
                    let what = format!("{model}, {point}, request {row} from {start}");
                    common::assert_close(&found, &expected, (1e-5, 1e-4), &what);
                    *tokens_read.entry(row).or_default() += n as usize;
                }
            }
        }
        for (row, text) in texts.iter().enumerate() {
            // All but the last token, which nothing reads.
            assert!(
                tokens_read[&row] >= names.len() * (text.len() - 1),
                "{model}, {row}"
            );
        }
    }
}
