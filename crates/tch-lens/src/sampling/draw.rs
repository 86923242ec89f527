//! Penalties, filters and draws for the rows of a batch at once, on the logits' device.

use tch::{Kind, TchError, Tensor};

use super::{Drawing, Sampler};
use crate::Error;
use crate::error::Doing;

/// Numbers in the largest tensor of a draw, which holds doubles: rows are drawn for in parts that keep to it.
const LARGEST: i64 = 1 << 23;

/// Into how many parts a row of logits is cut to find the largest: the first of these that divides it.
const PARTS: [i64; 6] = [50, 64, 32, 25, 24, 16];

/// The next token of each row, from `logits` [row, d_vocab] of any float type; `rows` take note of it. A row's token
/// does not depend on the other rows.
///
/// A batch that is greedy without penalties costs one arg-max. Other rows cost passes over their logits in 32 bits, a sort
/// where top-p comes without top-k, and one upload of the tokens seen where there are penalties. Of equal logits greedy takes the
/// first.
///
/// # Errors
/// Logits of another shape; a row whose logits are NaN, all minus infinity, or plus infinity; libtorch's errors.
pub fn next_tokens(logits: &Tensor, rows: &mut [&mut Sampler]) -> Result<Vec<i64>, Error> {
    let tokens = try_next_tokens(logits, rows)?;
    let numbered = tokens.into_iter().enumerate();
    let tokens = numbered
        .map(|(row, token)| token.ok_or_else(|| no_numbers(&format!("the logits of row {row}"))));
    tokens.collect()
}

/// [`next_tokens`] where a row whose logits are no numbers has no token, and the others have theirs.
pub(crate) fn try_next_tokens(
    logits: &Tensor,
    rows: &mut [&mut Sampler],
) -> Result<Vec<Option<i64>>, Error> {
    check_shape(logits, rows.len())?;
    let (plain, other): (Vec<_>, Vec<_>) = (0..rows.len()).partition(|&row| rows[row].is_plain());
    let mut tokens = vec![None; rows.len()];
    if other.is_empty() {
        tokens = best(logits).doing(doing)?;
    } else {
        put(
            &mut tokens,
            &plain,
            best(&select(logits, &plain).doing(doing)?).doing(doing)?,
        );
        for part in other.chunks(rows_at_once(logits)) {
            let samplers: Vec<&Sampler> = part.iter().map(|&row| &*rows[row]).collect();
            let logits = select(logits, part).doing(doing)?;
            put(&mut tokens, part, choose(&logits, &samplers).doing(doing)?);
        }
    }
    for (row, &token) in rows.iter_mut().zip(&tokens) {
        if let Some(token) = token {
            row.accept(token);
        }
    }
    Ok(tokens)
}

/// What is wrong with a row without a token.
pub(crate) fn no_numbers(what: &str) -> Error {
    Error::NotNumbers {
        what: what.to_owned(),
    }
}

/// The logits [row, d_vocab], 32 bits, from which [`next_tokens`] would choose: after penalties, temperature and filters, what is filtered out at minus infinity.
///
/// # Errors
/// As for [`next_tokens`].
pub fn processed_logits(logits: &Tensor, rows: &[&Sampler]) -> Result<Tensor, Error> {
    check_shape(logits, rows.len())?;
    processed(logits, rows).doing(doing)
}

fn doing() -> String {
    "choosing the next tokens".to_owned()
}

fn check_shape(logits: &Tensor, rows: usize) -> Result<(), Error> {
    match logits.size()[..] {
        [found, d_vocab] if usize::try_from(found) == Ok(rows) && d_vocab > 0 => Ok(()),
        _ => Err(Error::Request {
            what: "logits".to_owned(),
            expected: format!("shape [{rows}, d_vocab], a row for each of {rows} samplers"),
            found: format!("shape {:?}", logits.size()),
        }),
    }
}

fn rows_at_once(logits: &Tensor) -> usize {
    let d_vocab = logits.size()[1];
    usize::try_from(LARGEST / d_vocab).unwrap_or(1).max(1)
}

/// The first largest of each row; none where it is no number, as NaN counts as largest of all, or infinite.
fn best(logits: &Tensor) -> Result<Vec<Option<i64>>, TchError> {
    let tokens = largest(logits)?;
    let found = logits.f_gather(-1, &tokens.f_unsqueeze(-1)?, false)?;
    let found = found.f_squeeze_dim(-1)?;
    let numbers = found.f_isfinite()?.f_to_kind(Kind::Int64)?;
    // Both in one tensor: on a GPU each that is read back waits for all work before it.
    let both = Vec::<i64>::try_from(Tensor::f_cat(&[tokens, numbers], 0)?)?;
    let (tokens, numbers) = both.split_at(both.len() / 2);
    let tokens = tokens.iter().zip(numbers);
    Ok(tokens
        .map(|(&token, &number)| (number != 0).then_some(token))
        .collect())
}

/// The index of the first largest of each row, `[row]`.
fn largest(logits: &Tensor) -> Result<Tensor, TchError> {
    let (rows, d_vocab) = (logits.size()[0], logits.size()[1]);
    // On the CPU arg-max goes number by number, the maximum many at a time: so first the part that holds it.
    let parts = PARTS.into_iter().find(|n| d_vocab % n == 0);
    let (Some(parts), true) = (parts, logits.is_contiguous() && !logits.device().is_cuda()) else {
        return logits.f_argmax(-1, false);
    };
    let length = d_vocab / parts;
    let logits = logits.f_view([rows, parts, length])?;
    let part = logits.f_amax([-1].as_slice(), false)?.f_argmax(-1, true)?;
    let index = part.f_unsqueeze(-1)?.f_expand([rows, 1, length], false)?;
    let within = logits.f_gather(1, &index, false)?.f_argmax(-1, false)?;
    part.f_mul_scalar(length)?.f_add(&within)?.f_squeeze_dim(-1)
}

fn select(logits: &Tensor, rows: &[usize]) -> Result<Tensor, TchError> {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    logits.f_index_select(
        0,
        &Tensor::f_from_slice(&rows)?.f_to_device(logits.device())?,
    )
}

fn put(tokens: &mut [Option<i64>], rows: &[usize], chosen: Vec<Option<i64>>) {
    for (&row, token) in rows.iter().zip(chosen) {
        tokens[row] = token;
    }
}

fn choose(logits: &Tensor, rows: &[&Sampler]) -> Result<Vec<Option<i64>>, TchError> {
    let logits = processed(logits, rows)?;
    let mut tokens = best(&logits)?;
    let is_drawn = |&row: &usize| !rows[row].settings.is_greedy();
    let drawn: Vec<usize> = (0..rows.len()).filter(is_drawn).collect();
    if drawn.is_empty() {
        return Ok(tokens);
    }
    let uniforms: Vec<f64> = drawn.iter().map(|&row| rows[row].uniform()).collect();
    let (chosen, masses) = draw(&select(&logits, &drawn)?, &uniforms)?;
    let chosen = chosen.into_iter().zip(masses);
    let chosen = chosen.map(|(token, mass)| (mass.is_finite() && mass > 0.0).then_some(token));
    put(&mut tokens, &drawn, chosen.collect());
    Ok(tokens)
}

/// For each row the first token at which the cumulative probability passes the row's uniform number, and the sum that the
/// probabilities are relative to. In doubles, so that the order in which a device adds does not show.
fn draw(logits: &Tensor, uniforms: &[f64]) -> Result<(Vec<i64>, Vec<f64>), TchError> {
    let largest = logits.f_amax([-1].as_slice(), true)?;
    let cumulative = logits
        .f_sub(&largest)?
        .f_to_kind(Kind::Double)?
        .f_exp()?
        .f_cumsum(-1, Kind::Double)?;
    let mass = cumulative.f_narrow(-1, -1, 1)?;
    let target = Tensor::f_from_slice(uniforms)?
        .f_to_device(logits.device())?
        .f_unsqueeze(-1)?
        .f_mul(&mass)?;
    let chosen = target.f_searchsorted(&cumulative, false, true, "right", None::<Tensor>)?;
    Ok((
        chosen.f_squeeze_dim(-1)?.try_into()?,
        mass.f_squeeze_dim(-1)?.try_into()?,
    ))
}

fn processed(logits: &Tensor, rows: &[&Sampler]) -> Result<Tensor, TchError> {
    let logits = penalised(&logits.f_to_kind(Kind::Float)?, rows)?;
    let drawings: Vec<Option<Drawing>> = rows.iter().map(|row| row.settings.drawing).collect();
    if drawings.iter().all(Option::is_none) {
        return Ok(logits);
    }
    let temperature = column(&logits, &drawings, |drawing| Some(drawing.temperature), 1.0)?;
    filtered(&logits.f_div(&temperature)?, &drawings)
}

fn penalised(logits: &Tensor, rows: &[&Sampler]) -> Result<Tensor, TchError> {
    let d_vocab = logits.size()[1];
    let (mut places, mut factors, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for (row, sampler) in (0..).zip(rows) {
        for penalty in sampler
            .penalties()
            .filter(|penalty| (0..d_vocab).contains(&penalty.token))
        {
            places.push(row * d_vocab + penalty.token);
            factors.push(penalty.factor);
            taken.push(penalty.taken);
        }
    }
    if places.is_empty() {
        return logits.f_contiguous();
    }
    let device = logits.device();
    let places = Tensor::f_from_slice(&places)?.f_to_device(device)?;
    let factors = Tensor::f_from_slice(&factors)?.f_to_device(device)?;
    let taken = Tensor::f_from_slice(&taken)?.f_to_device(device)?;
    let found = logits.f_take(&places)?;
    let changed = found
        .f_mul(&factors)?
        .f_where_self(&found.f_lt(0.0)?, &found.f_div(&factors)?)?
        .f_sub(&taken)?;
    logits.f_put(&places, &changed, false)
}

/// The logits with minus infinity where a filter of their row leaves them out. Each filter comes to a smallest logit that stays.
fn filtered(logits: &Tensor, drawings: &[Option<Drawing>]) -> Result<Tensor, TchError> {
    let mut smallest = logits.f_amin([-1].as_slice(), true)?;
    if let Some(largest_k) = drawings
        .iter()
        .flatten()
        .filter_map(|drawing| drawing.top_k)
        .max()
    {
        smallest = top_k(logits, drawings, largest_k)?;
    }
    if drawings
        .iter()
        .flatten()
        .any(|drawing| drawing.top_p.is_some_and(|p| p < 1.0))
    {
        smallest = top_p(logits, drawings, &smallest)?;
    }
    if drawings
        .iter()
        .flatten()
        .any(|drawing| drawing.min_p.is_some())
    {
        let largest = logits.f_amax([-1].as_slice(), true)?;
        let log_p = column(
            logits,
            drawings,
            |drawing| drawing.min_p.map(f64::ln),
            f64::NEG_INFINITY,
        )?;
        smallest = smallest.f_maximum(&largest.f_add(&log_p)?)?;
    }
    logits.f_masked_fill(&logits.f_lt_tensor(&smallest)?, f64::NEG_INFINITY)
}

/// Each row's k-th largest logit; its smallest where the row has no k.
fn top_k(
    logits: &Tensor,
    drawings: &[Option<Drawing>],
    largest_k: usize,
) -> Result<Tensor, TchError> {
    let d_vocab = logits.size()[1];
    let at_most = |k: usize| i64::try_from(k).unwrap_or(d_vocab).min(d_vocab);
    let (best, _) = logits.f_topk(at_most(largest_k), -1, true, true)?;
    let last = |drawing: &Option<Drawing>| drawing.and_then(|drawing| drawing.top_k).map(at_most);
    let index: Vec<i64> = drawings
        .iter()
        .map(|drawing| last(drawing).unwrap_or(1) - 1)
        .collect();
    let index = Tensor::f_from_slice(&index)?.f_to_device(logits.device())?;
    let kth = best.f_gather(-1, &index.f_unsqueeze(-1)?, false)?;
    let has: Vec<bool> = drawings
        .iter()
        .map(|drawing| last(drawing).is_some())
        .collect();
    let has = Tensor::f_from_slice(&has)?.f_to_device(logits.device())?;
    kth.f_where_self(
        &has.f_unsqueeze(-1)?,
        &logits.f_amin([-1].as_slice(), true)?,
    )
}

/// Each row's smallest logit that stays: the one with which the likeliest tokens, of those at or above `smallest`, reach its p.
fn top_p(
    logits: &Tensor,
    drawings: &[Option<Drawing>],
    smallest: &Tensor,
) -> Result<Tensor, TchError> {
    let staying =
        logits
            .f_ge_tensor(smallest)?
            .f_sum_dim_intlist([-1].as_slice(), false, Kind::Int64)?;
    let widest = i64::try_from(staying.f_max()?)?;
    let sorted = if widest < logits.size()[1] {
        logits.f_topk(widest, -1, true, true)?.0
    } else {
        logits.f_sort(-1, true)?.0
    };
    let weight = sorted
        .f_sub(&sorted.f_narrow(-1, 0, 1)?)?
        .f_to_kind(Kind::Double)?
        .f_exp()?
        .f_masked_fill(&sorted.f_lt_tensor(smallest)?, 0.0)?;
    let cumulative = weight.f_cumsum(-1, Kind::Double)?;
    let p = column(&cumulative, drawings, |drawing| drawing.top_p, 1.0)?;
    let wanted = cumulative.f_narrow(-1, -1, 1)?.f_mul(&p)?;
    let before = cumulative.f_sub(&weight)?;
    let last =
        before
            .f_lt_tensor(&wanted)?
            .f_sum_dim_intlist([-1].as_slice(), true, Kind::Int64)?;
    let reached = sorted.f_gather(-1, &last.f_sub_scalar(1)?.f_clamp_min(0)?, false)?;
    let all = p.f_ge(1.0)?;
    smallest.f_where_self(&all, &reached)
}

/// A setting of the rows as [row, 1] in the kind and on the device of `like`.
fn column(
    like: &Tensor,
    drawings: &[Option<Drawing>],
    setting: impl Fn(Drawing) -> Option<f64>,
    default: f64,
) -> Result<Tensor, TchError> {
    let values: Vec<f64> = drawings
        .iter()
        .map(|drawing| drawing.and_then(&setting).unwrap_or(default))
        .collect();
    Tensor::f_from_slice(&values)?
        .f_to_kind(like.kind())?
        .f_to_device(like.device())?
        .f_unsqueeze(-1)
}
