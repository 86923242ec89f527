//! Growing the network.

use std::f64::consts::PI;
use std::io::Write;
use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use value_causal::lens::tch::nn::OptimizerConfig;
use value_causal::lens::tch::{Kind, TchError, Tensor, nn, no_grad};

use super::lessons::{Kept, Lesson, Lessons, Way};
use super::network::Network;
use program::Failure;

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Steps after which the learning rate would be as good as nothing.
    pub steps: usize,
    /// Steps that are taken, at most as many.
    pub until: usize,
    /// Settings per step.
    pub rows: usize,
    /// Questions per setting.
    pub questions: usize,
    /// The largest learning rate.
    pub rate: f64,
    /// Steps between two lines of the log.
    pub every: usize,
    /// The seed of the batches.
    pub seed: u64,
}

/// What the planted directions at the span are.
pub struct Directions {
    /// `[value, d_model]`, orthonormal.
    pub units: Tensor,
    /// How far along its unit a value is set.
    pub length: f64,
    /// The layer after which they stand.
    pub layer: usize,
}

/// Later tokens of a completion follow from the first, so it counts most.
const DECIDING: f64 = 8.0;
/// The weight of deciding by the right margin.
const MARGIN: f64 = 1.0;
/// How much more the logit of a yes should be than that of a no for each unit that the trait is above the threshold.
const STEEPNESS: f64 = 4.0;
/// Units beyond which an answer may be as sure as it likes.
const SURE: f64 = 2.0;
/// One step in so many learns whole completions, the others the token that decides.
const WHOLE: usize = 8;
/// The weight of the span's saying what the instruction says.
const SPAN: f64 = 1.0;
/// The weight of knowing the question where the answer is decided.
const FACTS: f64 = 0.5;
/// The weight of knowing the traits at the span, before the instruction and under it.
const TRAITS: f64 = 0.25;
/// A trait beyond which it does not matter how large it is, for no threshold is.
const FAR: f64 = 4.5;
const WARM_UP: usize = 50;
const EXAMINED: usize = 40;

/// The loss of a lesson, and its logits.
fn loss(
    network: &Network,
    lesson: &Lesson,
    directions: &Directions,
    tokens: [i64; 2],
) -> Result<(Tensor, Tensor), TchError> {
    let mut saying = None;
    let span = lesson.span.f_unsqueeze(-1)?;
    let at_span = |missed: &Tensor| {
        let all = missed.f_mul(&span)?.f_sum(Kind::Float)?;
        all.f_div(&lesson.span.f_sum(Kind::Float)?)
    };
    let stream = network.forward(&lesson.batch, |layer, stream| {
        if layer != directions.layer {
            return Ok(stream);
        }
        let heard = stream
            .f_matmul(&directions.units.f_transpose(0, 1)?)?
            .f_div_scalar(directions.length)?;
        saying = Some(at_span(
            &heard.f_sub(&lesson.said.f_unsqueeze(1)?)?.f_square()?,
        )?);
        let push = lesson.steered.f_matmul(&directions.units)?;
        let push = push.f_mul_scalar(directions.length)?.f_unsqueeze(1)?;
        stream.f_add(&push.f_mul(&span)?)
    })?;
    let [first, second] = [directions.layer, directions.layer + 1];
    let last = stream.questions.len() - 1;
    let width = *stream.questions[last].size().last().unwrap_or(&1);
    let at = |layer: usize| {
        let all = stream.questions[layer].f_reshape([-1, width])?;
        all.f_index_select(0, &lesson.places)
    };
    let read = |stream: &Tensor, probe: &Tensor| stream.f_linear(probe, None::<&Tensor>);
    let probes = network.probes();

    let logits = network.logits(&at(last)?)?;
    let targets = lesson.targets.f_unsqueeze(1)?;
    let surprise = logits
        .f_log_softmax(-1, Kind::Float)?
        .f_gather(1, &targets, false)?;
    let weights = lesson
        .deciding
        .f_mul_scalar(DECIDING - 1.0)?
        .f_add_scalar(1.0)?;
    let surprise = surprise.f_squeeze_dim(1)?.f_neg()?.f_mul(&weights)?;
    let mut loss = surprise
        .f_sum(Kind::Float)?
        .f_div(&weights.f_sum(Kind::Float)?)?;
    loss = loss.f_add(&strayed(&logits, lesson, tokens)?.f_mul_scalar(MARGIN)?)?;

    let facts = read(&at(first)?, &probes.question)?
        .f_sub(&lesson.facts)?
        .f_square()?;
    let facts = facts
        .f_mul(&lesson.deciding.f_unsqueeze(1)?)?
        .f_sum(Kind::Float)?;
    let facts = facts.f_div(&lesson.deciding.f_sum(Kind::Float)?)?;
    loss = loss.f_add(&facts.f_mul_scalar(FACTS)?)?;

    let own = read(&stream.prefixes[first], &probes.own)?;
    let own = at_span(&own.f_sub(&lesson.own.f_unsqueeze(1)?)?.f_square()?)?;
    let after = read(&stream.prefixes[second], &probes.after)?;
    let after = at_span(&missed(&after, &lesson.after.f_unsqueeze(1)?, FAR)?.f_square()?)?;
    loss = loss.f_add(&own.f_add(&after)?.f_mul_scalar(TRAITS)?)?;
    if let Some(saying) = saying {
        loss = loss.f_add(&saying.f_mul_scalar(SPAN)?)?;
    }
    Ok((loss, logits))
}

/// By how much `found` misses `wanted`, nothing where both lie beyond `far` on the same side.
fn missed(found: &Tensor, wanted: &Tensor, far: f64) -> Result<Tensor, TchError> {
    let near = wanted.f_clamp(-far, far)?;
    let missed = found.f_sub(&near)?;
    let beyond = missed
        .f_mul(&near)?
        .f_gt(0.0)?
        .f_logical_and(&wanted.f_abs()?.f_gt(far)?)?;
    missed.f_masked_fill(&beyond, 0.0)
}

/// The mean square by which decisions miss the margin that is planted.
fn strayed(logits: &Tensor, lesson: &Lesson, [yes, no]: [i64; 2]) -> Result<Tensor, TchError> {
    let found = logits
        .f_select(1, yes)?
        .f_sub(&logits.f_select(1, no)?)?
        .f_div_scalar(STEEPNESS)?;
    let missed = missed(&found, &lesson.margins, SURE)?
        .f_square()?
        .f_mul(&lesson.deciding)?;
    missed
        .f_sum(Kind::Float)?
        .f_div(&lesson.deciding.f_sum(Kind::Float)?)
}

/// The share of answers decided as planted, on questions held out.
fn accuracy(
    network: &Network,
    lessons: &Lessons<'_>,
    directions: &Directions,
    way: Way,
    rng: &mut ChaCha8Rng,
) -> Result<f64, TchError> {
    no_grad(|| {
        let lesson = lessons.draw(EXAMINED, 24, Kept::HeldOut, false, Some(way), rng)?;
        let (_, logits) = loss(network, &lesson, directions, lessons.deciding_tokens())?;
        let right = logits
            .f_argmax(-1, false)?
            .f_eq_tensor(&lesson.targets)?
            .f_to_kind(Kind::Float)?;
        let deciding = &lesson.deciding;
        right
            .f_mul(deciding)?
            .f_sum(Kind::Float)?
            .f_div(&deciding.f_sum(Kind::Float)?)?
            .f_double_value(&[])
    })
}

/// Trains the network; one line of the log per `schedule.every` steps, after which `keep` is called.
///
/// # Errors
/// libtorch's failures; a log that cannot be written; `keep`'s own.
pub fn train(
    network: &Network,
    lessons: &Lessons<'_>,
    directions: &Directions,
    schedule: &Schedule,
    log: &mut impl Write,
    mut keep: impl FnMut(&Network) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut optimizer = nn::AdamW {
        wd: 0.01,
        ..nn::AdamW::default()
    }
    .build(network.store(), schedule.rate)?;
    let mut rng = ChaCha8Rng::seed_from_u64(schedule.seed);
    let mut mean = 0.0;
    let start = Instant::now();
    writeln!(
        log,
        "step,loss,held_out_plain,held_out_instructed,held_out_steered,seconds"
    )?;
    for step in 0..schedule.until.min(schedule.steps) {
        optimizer.set_lr(rate(step, schedule));
        let lesson = lessons.draw(
            schedule.rows,
            schedule.questions,
            Kept::Shown,
            step % WHOLE == 0,
            None,
            &mut rng,
        )?;
        let (loss, _) = loss(network, &lesson, directions, lessons.deciding_tokens())?;
        optimizer.backward_step_clip_norm(&loss, 1.0);
        mean += loss.f_double_value(&[])? / schedule.every as f64;
        if (step + 1).is_multiple_of(schedule.every) {
            let mut rng = ChaCha8Rng::seed_from_u64(schedule.seed.wrapping_add(1));
            let mut right = |way| accuracy(network, lessons, directions, way, &mut rng);
            let (plain, said, steered) =
                (right(Way::Plain)?, right(Way::Said)?, right(Way::Steered)?);
            let seconds = start.elapsed().as_secs();
            writeln!(
                log,
                "{},{mean:.4},{plain:.4},{said:.4},{steered:.4},{seconds}",
                step + 1
            )?;
            log.flush()?;
            mean = 0.0;
            keep(network)?;
        }
    }
    Ok(())
}

fn rate(step: usize, schedule: &Schedule) -> f64 {
    let warm = ((step + 1) as f64 / WARM_UP as f64).min(1.0);
    let done = step as f64 / schedule.steps as f64;
    schedule.rate * warm * (0.02 + 0.98 * 0.5 * (1.0 + (PI * done).cos()))
}
