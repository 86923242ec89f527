//! Identities that hold for any prompts, directions and doses: in batches, with shared prefixes, in the engine.

use std::path::Path;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{
    Dose, Engine, EngineOptions, Gate, HookPoint, Lm, LoadOptions, Passes, Precision, Probe,
    Request, Steer, SteeringDirection, Stop,
};

use crate::common;

const CASES: u32 = 256;
const POINT: HookPoint = HookPoint::ResidPost(1);

fn open() -> Lm {
    let own = &common::folders()[0];
    Lm::open(own.join("models/gemma1"), &LoadOptions::default()).unwrap()
}

fn check<T>(strategy: impl Strategy<Value = T>, test: impl Fn(T) -> Result<(), TestCaseError>)
where
    T: std::fmt::Debug,
{
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(CASES)
    });
    runner.run(&strategy, test).unwrap();
}

fn prompts() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let prompt = prop::collection::vec(3_i64..300, 1..12);
    let prompt = prompt.prop_map(|rest| [vec![2], rest].concat());
    prop::collection::vec(prompt, 1..4)
}

/// A vector with a wave in it.
fn wave(width: usize, frequency: f64) -> Tensor {
    (Tensor::arange(width as i64, (Kind::Double, Device::Cpu)) * frequency + 0.3).sin()
}

/// The bits of every number: negative zeros differ from positive ones.
fn bits(x: &Tensor) -> Vec<u32> {
    let numbers = Vec::<f32>::try_from(x.contiguous().view([-1])).unwrap();
    numbers.into_iter().map(f32::to_bits).collect()
}

fn requests(prompts: &[Vec<i64>], steers: &[Steer]) -> Vec<Request> {
    let request = |prompt: &Vec<i64>| {
        let request = Request::new(prompt.clone()).stop(Stop::after(4).ids([]));
        steers.iter().cloned().fold(request, Request::steer)
    };
    prompts.iter().map(request).collect()
}

/// Each prompt's activations at the hook point `[pos, ..]`.
fn read(lm: &Lm, requests: &[Request], lengths: &[usize], point: HookPoint) -> Vec<Tensor> {
    let read = lm.run_steered(requests, &[point.to_string()]).unwrap();
    let rows = lengths.iter().enumerate();
    let own = |(row, &n): (usize, &usize)| {
        read.activations[&point]
            .get(row as i64)
            .narrow(0, 0, n as i64)
    };
    rows.map(own).collect()
}

fn lengths(prompts: &[Vec<i64>]) -> Vec<usize> {
    prompts.iter().map(Vec::len).collect()
}

#[test]
fn a_probe_says_at_least_what_is_asked_and_what_it_said_where_it_said_more() {
    let lm = open();
    let strategy = (
        prompts(),
        0.1..3.0,
        -3.0..3.0,
        0.02..0.98,
        any::<bool>(),
        any::<bool>(),
    );
    check(strategy, |(prompts, frequency, bias, p0, once, least)| {
        let weights = wave(lm.config().d_model, frequency) * 0.2;
        let probe = Probe::new(&weights, bias).unwrap();
        let steer = if least {
            Steer::at_least_probability(POINT, &probe, p0).unwrap()
        } else {
            Steer::at_most_probability(POINT, &probe, p0).unwrap()
        };
        let steer = if once { steer.measured_once() } else { steer };
        let n = lengths(&prompts);
        let before = read(&lm, &requests(&prompts, &[]), &n, POINT);
        let after = read(&lm, &requests(&prompts, &[steer]), &n, POINT);
        for (before, after) in before.iter().zip(&after) {
            let p = |x: &Tensor| Vec::<f64>::try_from(probe.probability(x).unwrap()).unwrap();
            let (was, is) = (p(before), p(after));
            let met = |p: f64| if least { p >= p0 } else { p <= p0 };
            for (at, (was, is)) in was.iter().zip(&is).enumerate() {
                if once {
                    continue;
                }
                if met(*was) {
                    let (before, after) = (before.get(at as i64), after.get(at as i64));
                    prop_assert_eq!(bits(&before), bits(&after));
                } else {
                    prop_assert!((is - p0).abs() < 1e-5, "{} at {}, not {}", is, at, p0);
                }
            }
            if once {
                let (was, is) = (was.last().unwrap(), is.last().unwrap());
                if met(*was) {
                    prop_assert_eq!(bits(before), bits(after));
                } else {
                    prop_assert!((is - p0).abs() < 1e-5, "{}, not {}", is, p0);
                    let moved = after - before;
                    let same = moved.get(-1).expand_as(&moved);
                    let off = (moved - same).abs().max().double_value(&[]);
                    prop_assert!(off < 1e-4, "positions move alike: {}", off);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn opposite_doses_are_opposite_and_a_head_moves_alone() {
    let lm = open();
    let heads = lm.config().n_heads;
    let strategy = (prompts(), 0.1..3.0, 0.1..20.0, 0..heads);
    check(strategy, |(prompts, frequency, dose, head)| {
        let n = lengths(&prompts);
        let vector = wave(lm.config().d_head, frequency);
        let theta = &vector / vector.norm();
        let direction = SteeringDirection::head(head, &theta).unwrap();
        let point = HookPoint::Z(1);
        let steer = |dose: f64| vec![Steer::add(point, &direction, dose)];
        let at = |steers: &[Steer]| read(&lm, &requests(&prompts, steers), &n, point);
        let (zero, plus, minus) = (at(&[]), at(&steer(dose)), at(&steer(-dose)));
        for ((zero, plus), minus) in zero.iter().zip(&plus).zip(&minus) {
            let even = (plus + minus - zero * 2.0).abs().max().double_value(&[]);
            prop_assert!(even < 1e-5 * (1.0 + dose), "{}", even);
            for other in 0..heads {
                let of = |x: &Tensor| x.select(1, other as i64);
                if other == head {
                    let moved = (of(plus) - of(zero)).to_kind(Kind::Double);
                    let off = (moved - &theta * dose).abs().max().double_value(&[]);
                    prop_assert!(off < 1e-4, "{}", off);
                } else {
                    prop_assert_eq!(bits(&of(plus)), bits(&of(zero)));
                }
            }
        }
        Ok(())
    });
}

/// Steers that change nothing, whatever the prompt.
fn without_effect(lm: &Lm, sae: &Rc<Sae>, frequency: f64) -> Vec<Steer> {
    let d_model = lm.config().d_model;
    let vector = wave(d_model, frequency);
    let line = SteeringDirection::vector(&vector).unwrap();
    let head = SteeringDirection::head(1, &wave(lm.config().d_head, frequency)).unwrap();
    let feature = SteeringDirection::feature(sae, 3).unwrap();
    let numbers = SteeringDirection::numbers([(1, 3.0), (5, -1.0)]).unwrap();
    let rows = SteeringDirection::rows(&vector.view([1, -1])).unwrap();
    let plane = SteeringDirection::plane(&vector, &wave(d_model, 0.05)).unwrap();
    let probe = Probe::new(&vector, 0.0).unwrap();
    // An activation that is long enough to be cut to one of 1e4 there is not.
    let far = Probe::new(&(&vector * 1e-9), -20.0).unwrap();
    let at = HookPoint::ResidPost(2);
    let shut = Gate::probe(POINT, &far, 0.5).unwrap();
    let also_shut = Gate::cosine(HookPoint::ResidPre(1), &vector, -2.0)
        .unwrap()
        .inverted();
    let mut steers = vec![
        Steer::add(POINT, &line, 0.0),
        Steer::add(POINT, &line, Dose::OfNorm(0.0)),
        Steer::add(HookPoint::Z(1), &head, 0.0),
        Steer::add(POINT, &rows, 0.0),
        Steer::add(HookPoint::MlpGate(1), &numbers, 0.0),
        Steer::scale(POINT, &line, 1.0),
        Steer::at_least(POINT, &line, -1e4),
        Steer::at_most(HookPoint::Z(0), &head, 1e4),
        Steer::at_least(HookPoint::MlpGate(0), &numbers, -1e4),
        Steer::at_least(at, &feature, 0.0),
        Steer::at_most(POINT, &line, 1e4).measured_once(),
        Steer::add(POINT, &line, 5.0).gate(Gate::fixed(false)),
        Steer::clamp(at, &feature, 9.0).gate(shut.clone()),
        Steer::at_least_probability(at, &probe, 0.9)
            .unwrap()
            .gate(shut.clone()),
        Steer::at_least(POINT, &line, 9.0)
            .measured_once()
            .gate(shut.clone()),
        Steer::add(POINT, &line, 5.0).gate(shut),
        Steer::turn(at, &plane, 90.0).gate(also_shut),
    ];
    steers
        .iter_mut()
        .for_each(|steer| *steer = steer.clone().passes(Passes::Every));
    steers
}

#[test]
fn what_has_no_effect_leaves_every_bit() {
    let lm = open();
    let own = common::folders()[0].clone();
    let sae = Sae::open(
        Path::new(&own).join("saes/gemma1/jumprelu"),
        &SaeOptions::default(),
    );
    let sae = Rc::new(sae.unwrap());
    let count = without_effect(&lm, &sae, 1.0).len();
    let strategy = (
        prompts(),
        0.1..3.0,
        prop::collection::vec(0..count, 1..4),
        0_usize..4,
    );
    check(strategy, |(prompts, frequency, which, steered)| {
        let nothing = without_effect(&lm, &sae, frequency);
        let nothing: Vec<Steer> = which.iter().map(|&i| nothing[i].clone()).collect();
        // Beside a row that does change.
        let strong = SteeringDirection::vector(&wave(lm.config().d_model, 0.9)).unwrap();
        let strong = Steer::add(POINT, &strong, 8.0).passes(Passes::Every);
        let mut with = requests(&prompts, &nothing);
        let mut without = requests(&prompts, &[]);
        if let Some(prompt) = prompts.get(steered) {
            let changed = requests(std::slice::from_ref(prompt), &[strong]).remove(0);
            with[steered] = changed.clone();
            without[steered] = changed;
        }
        let logits =
            |requests: &[Request]| lm.run_steered::<_, &str>(requests, &[]).unwrap().logits;
        prop_assert_eq!(bits(&logits(&with)), bits(&logits(&without)));
        let plain = lm.generate(without.clone(), &mut []).unwrap();
        prop_assert_eq!(&lm.generate(with.clone(), &mut []).unwrap(), &plain);
        Ok(())
    });
}

#[test]
fn the_engine_shares_no_more_than_it_may() {
    let lm = open();
    let d_model = lm.config().d_model;
    let strategy = (
        prop::collection::vec(3_i64..300, 6..10),
        prop::collection::vec(prop::collection::vec(3_i64..300, 1..4), 2..4),
        0.1..3.0,
        prop::collection::vec((0_usize..8, prop::sample::select(vec![0.0, 3.0, 6.0])), 5),
    );
    check(strategy, |(beginning, endings, frequency, kinds)| {
        let line = SteeringDirection::vector(&wave(d_model, frequency)).unwrap();
        let plane =
            SteeringDirection::plane(&wave(d_model, frequency), &wave(d_model, 0.05)).unwrap();
        let probe = Probe::new(&(wave(d_model, frequency) * 0.1), 0.0).unwrap();
        let gate = Gate::probe(HookPoint::ResidPre(1), &probe, 0.5).unwrap();
        let steer = |kind: usize, dose: f64| {
            let steer = match kind {
                0 => Steer::add(POINT, &line, dose),
                1 => Steer::at_least(POINT, &line, dose),
                2 => Steer::at_least(POINT, &line, dose).measured_once(),
                3 => Steer::add(POINT, &line, dose).gate(gate.clone()),
                4 => Steer::add(POINT, &line, dose).at_last(),
                5 => Steer::turn(POINT, &plane, dose * 30.0),
                6 => Steer::add(POINT, &line, dose).from_token(4),
                _ => Steer::at_most_probability(POINT, &probe, 0.1 + dose / 10.0).unwrap(),
            };
            steer.passes(Passes::Every)
        };
        let requests = || {
            endings
                .iter()
                .zip(&kinds)
                .flat_map(|(ending, &(kind, dose))| {
                    // The same prompt with two doses, one after the other: the second is never the first one's.
                    [dose, dose + 1.5].map(|dose| {
                        let prompt = [&[2][..], &beginning, ending].concat();
                        Request::new(prompt)
                            .steer(steer(kind, dose))
                            .stop(Stop::after(2).ids([]))
                    })
                })
        };
        let alone: Vec<_> = requests()
            .map(|request| lm.generate(vec![request], &mut []).unwrap().remove(0))
            .collect();
        let together = lm.generate(requests().collect(), &mut []).unwrap();
        let options = EngineOptions::default().least_prefix(2).max_rows(3);
        let tagged = requests().enumerate().map(|(i, request)| request.tag(i));
        let mut engine: Vec<_> = Engine::new(&lm, options)
            .run(tagged)
            .map(|completion| completion.unwrap())
            .collect();
        engine.sort_by_key(|completion| completion.tag);
        for ((alone, together), engine) in alone.iter().zip(&together).zip(&engine) {
            prop_assert_eq!(&alone.tokens, &together.tokens);
            prop_assert_eq!(&alone.tokens, &engine.tokens);
        }
        Ok(())
    });
}

#[test]
fn what_depends_on_the_whole_prompt_is_not_shared_and_the_rest_is() {
    let lm = open();
    let line = SteeringDirection::vector(&wave(lm.config().d_model, 0.7)).unwrap();
    let probe = Probe::new(&wave(lm.config().d_model, 0.3), 0.0).unwrap();
    let gate = Gate::probe(HookPoint::ResidPre(1), &probe, 0.5).unwrap();
    let steer = Steer::add(POINT, &line, 3.0).passes(Passes::Every);
    for (steer, shared) in [
        (steer.clone(), true),
        (steer.clone().at_last(), true),
        (steer.clone().from_token(2), true),
        (steer.clone().gate(Gate::fixed(true)), true),
        (steer.clone().gate(gate.clone()), false),
        (Steer::at_least(POINT, &line, 3.0), true),
        (Steer::at_least(POINT, &line, 3.0).measured_once(), false),
        (Steer::add(POINT, &line, 0.0).gate(gate), true),
    ] {
        let requests = (0..6).map(|i| {
            let prompt = [vec![2, 40, 41, 42, 43, 44, 45, 46], vec![50 + i]].concat();
            Request::new(prompt)
                .steer(steer.clone())
                .stop(Stop::after(2).ids([]))
        });
        let mut run = Engine::new(&lm, EngineOptions::default().least_prefix(4)).run(requests);
        for completion in run.by_ref() {
            completion.unwrap();
        }
        assert_eq!(run.progress().shared_tokens > 0, shared, "{steer:?}");
    }
}

#[test]
fn a_planted_direction_is_found() {
    let lm = open();
    let width = lm.config().d_model;
    check(
        (prompts(), 0.1..3.0, 2.0..20.0),
        |(prompts, frequency, dose)| {
            let planted = wave(width, frequency);
            let planted = &planted / planted.norm();
            let direction = SteeringDirection::vector(&planted).unwrap();
            let steer = Steer::add(POINT, &direction, dose);
            let n = lengths(&prompts);
            let last = |steers: &[Steer]| {
                let read = read(&lm, &requests(&prompts, steers), &n, POINT);
                Tensor::stack(&Vec::from_iter(read.iter().map(|x| x.get(-1))), 0)
            };
            let (positive, negative) = (last(&[steer]), last(&[]));
            let mean = tch_lens::contrast::mean_difference(&positive, &negative).unwrap();
            let off: Tensor = mean - &planted * dose;
            let off = off.abs().max().double_value(&[]);
            prop_assert!(off < 1e-4, "{}", off);
            let pairs = tch_lens::contrast::Centring::Pairs;
            let found =
                tch_lens::contrast::principal_direction(&positive, &negative, pairs).unwrap();
            let cosine = found.direction.dot(&planted).double_value(&[]);
            prop_assert!(cosine > 0.9999, "{}", cosine);
            Ok(())
        },
    );
}

#[test]
fn zeros_keep_their_signs() {
    let lm = open();
    let point = HookPoint::Z(1);
    let (heads, d_head) = (lm.config().n_heads, lm.config().d_head);
    let prompts = [vec![2, 40, 41, 42, 43]];
    let all = SteeringDirection::numbers((0..heads * d_head).map(|i| (i, 1.0))).unwrap();
    let head = SteeringDirection::head(1, &wave(d_head, 0.7)).unwrap();
    let number = SteeringDirection::numbers([(0, 1.0)]).unwrap();
    let emptied = Steer::scale(point, &all, 0.0);
    let at = |steers: &[Steer]| read(&lm, &requests(&prompts, steers), &[5], point).remove(0);
    let before = at(std::slice::from_ref(&emptied));
    let negative = bits(&before)
        .into_iter()
        .filter(|&bits| bits == (-0.0_f32).to_bits());
    assert!(negative.count() > 20);
    for (steer, kept) in [
        (Steer::add(point, &head, 2.0), 2..heads as i64),
        (Steer::add(point, &number, 2.0), 1..heads as i64),
        (Steer::clamp(point, &head, 2.0), 2..heads as i64),
        (Steer::at_least(point, &head, -1.0), 0..heads as i64),
    ] {
        let after = at(&[emptied.clone(), steer.clone()]);
        for head in kept {
            let of = |x: &Tensor| bits(&x.select(1, head));
            assert_eq!(of(&after), of(&before), "{steer:?}, head {head}");
        }
    }
}

#[test]
fn sixteen_bits_are_steered_too() {
    let own = &common::folders()[0];
    let options = LoadOptions::default().precision(Precision::Bf16);
    let lm = Lm::open(own.join("models/gemma1"), &options).unwrap();
    let sae = Sae::open(own.join("saes/gemma1/jumprelu"), &SaeOptions::default());
    let feature = SteeringDirection::feature(&Rc::new(sae.unwrap()), 3).unwrap();
    let (d_model, d_head) = (lm.config().d_model, lm.config().d_head);
    let vector = wave(d_model, 0.7);
    let line = SteeringDirection::vector(&vector).unwrap();
    let head = SteeringDirection::head(1, &wave(d_head, 0.7)).unwrap();
    let numbers = SteeringDirection::numbers([(1, 3.0), (5, -1.0)]).unwrap();
    let rows = SteeringDirection::rows(&vector.view([1, -1])).unwrap();
    let plane = SteeringDirection::plane(&vector, &wave(d_model, 0.05)).unwrap();
    let probe = Probe::new(&vector, 0.0).unwrap();
    let gate = Gate::probe(HookPoint::ResidPre(1), &probe, 1e-9).unwrap();
    let at = HookPoint::ResidPost(2);
    let prompts = [vec![2, 40, 41, 42, 43], vec![2, 50]];
    let plain = lm.next_logits(&requests(&prompts, &[])).unwrap();
    for steer in [
        Steer::add(POINT, &line, 3.0).gate(gate),
        Steer::add(POINT, &line, Dose::OfNorm(0.5)),
        Steer::add(HookPoint::Z(1), &head, 3.0),
        Steer::at_least(HookPoint::Z(1), &head, 3.0),
        Steer::add(POINT, &rows, 3.0),
        Steer::add(HookPoint::MlpGate(1), &numbers, 3.0),
        Steer::at_least(HookPoint::MlpGate(1), &numbers, 3.0),
        Steer::at_least_probability(POINT, &probe, 1.0 - 1e-9).unwrap(),
        Steer::clamp(POINT, &line, 9.0).measured_once(),
        Steer::at_least(at, &feature, 30.0),
        Steer::turn(POINT, &plane, 90.0),
        Steer::turn_what_is_along(POINT, &plane, 90.0),
    ] {
        let steered = requests(&prompts, std::slice::from_ref(&steer));
        let logits = lm.next_logits(&steered).unwrap();
        assert_ne!(logits, plain, "{steer:?}");
        assert_eq!(logits.isfinite().all().int64_value(&[]), 1, "{steer:?}");
        let written = lm.generate(steered, &mut []).unwrap();
        assert!(
            written
                .iter()
                .all(|completion| completion.tokens.len() == 4)
        );
    }
}
