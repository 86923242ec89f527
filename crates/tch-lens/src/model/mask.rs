//! Which tokens a query can see.

use tch::{Device, Kind, TchError, Tensor};

/// What hides keys from queries in one pass, for one window size. Masks are added to scores: 0 or minus infinity.
#[derive(Debug)]
pub(crate) struct Mask {
    /// Over the batch's own keys, `[batch or 1, 1, pos, key_pos]`; none where all see all.
    pub(crate) own: Option<Tensor>,
    /// The own mask is that of causal attention among the pass's tokens and nothing else.
    pub(crate) causal: bool,
    /// Over each group's prefix, `[row, 1, pos, key_pos]`; none where all see all.
    pub(crate) prefixes: Vec<Option<Tensor>>,
}

/// Where the tokens of a pass stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent<'a> {
    /// For each row, the index among its own keys of the pass's first token.
    pub(crate) firsts: &'a [usize],
    /// Tokens per row in this pass.
    pub(crate) tokens: usize,
    /// Own keys that are looked at.
    pub(crate) keys: usize,
}

impl Mask {
    /// `window`: how many tokens back a query sees, itself included. `prefixes`: length and rows of each group.
    pub(crate) fn new(
        extent: Extent<'_>,
        window: Option<usize>,
        prefixes: &[(usize, &[usize])],
        (kind, device): (Kind, Device),
    ) -> Result<Self, TchError> {
        let Extent {
            firsts,
            tokens,
            keys,
        } = extent;
        let uniform = firsts.iter().all(|&first| first == firsts[0]);
        let rows = if uniform { &firsts[..1] } else { firsts };
        let narrow = window.filter(|&window| rows.iter().any(|first| first + tokens > window));
        let sees_all =
            tokens == 1 && narrow.is_none() && rows.iter().all(|&first| first + 1 == keys);
        let own = if sees_all {
            None
        } else {
            let queries = positions(rows, tokens, device)?;
            let keys = Tensor::f_arange(keys as i64, (Kind::Int64, device))?;
            let back = queries.f_unsqueeze(-1)?.f_sub(&keys)?;
            Some(hidden(&back, narrow, kind)?.f_unsqueeze(1)?)
        };
        let causal = narrow.is_none() && tokens > 1 && rows == [0] && keys == tokens;
        let prefixes = prefixes
            .iter()
            .map(|&(length, rows)| {
                let firsts: Vec<usize> = rows.iter().map(|&row| firsts[row] + length).collect();
                let narrow =
                    window.filter(|&window| firsts.iter().any(|first| first + tokens > window));
                let Some(window) = narrow else {
                    return Ok(None);
                };
                let keys = Tensor::f_arange(length as i64, (Kind::Int64, device))?;
                let back = positions(&firsts, tokens, device)?
                    .f_unsqueeze(-1)?
                    .f_sub(&keys)?;
                Ok(Some(hidden(&back, Some(window), kind)?.f_unsqueeze(1)?))
            })
            .collect::<Result<_, TchError>>()?;
        Ok(Self {
            own,
            causal,
            prefixes,
        })
    }
}

/// Indices `[row, pos]` of `tokens` tokens from each of `firsts` on.
pub(crate) fn positions(
    firsts: &[usize],
    tokens: usize,
    device: Device,
) -> Result<Tensor, TchError> {
    let firsts: Vec<i64> = firsts.iter().map(|&first| first as i64).collect();
    let firsts = Tensor::f_from_slice(&firsts)?
        .f_to_device(device)?
        .f_unsqueeze(1)?;
    firsts.f_add(&Tensor::f_arange(tokens as i64, (Kind::Int64, device))?)
}

/// Minus infinity where a key lies ahead (`back` below 0) or out of the window.
fn hidden(back: &Tensor, window: Option<usize>, kind: Kind) -> Result<Tensor, TchError> {
    let ahead = back.f_lt(0)?;
    let hidden = match window {
        Some(window) => ahead.f_logical_or(&back.f_ge(window as i64)?)?,
        None => ahead,
    };
    Tensor::f_zeros(back.size(), (kind, back.device()))?.f_masked_fill(&hidden, f64::NEG_INFINITY)
}
