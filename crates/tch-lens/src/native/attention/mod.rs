//! Attention of one new token per row on the CPU, over each row's own keys, and a prefix that rows share if that is no
//! longer than these, or short enough for the innermost cache.
//!
//! libtorch would copy the keys of a cache that is longer than its texts, score prefixes and own keys apart, and pass the
//! scores through memory some ten times. Here a row's scores stay in the innermost cache from the first to the last step.

#[cfg(target_arch = "x86_64")]
mod kernel;

use tch::{Device, Kind, TchError, Tensor};

use super::team::Team;

/// Keys and values of so many bytes a key head stay in the innermost cache, from which each row reads them anew.
const NEAREST: usize = 16 << 10;
/// Numbers in a vector register, of 32 bits.
const LANES: usize = 16;

/// One kind of what attention remembers, keys or values, and how far one head's lie from the next one's.
#[derive(Clone, Copy)]
struct Part {
    first: *const u8,
    head_bytes: usize,
}

/// Keys and values in memory, in the order of their tokens.
#[derive(Clone, Copy)]
struct Segment {
    keys: Part,
    values: Part,
    tokens: usize,
}

/// The attention of all rows. A query, key or value has `d_head` numbers, one after the other.
struct Job {
    /// `[row, head, d_head]`.
    queries: *const u8,
    /// Likewise.
    out: *mut u8,
    /// By row: the prefix, where there is one, and what the row has for itself.
    segments: Vec<[Option<Segment>; 2]>,
    n_kv_heads: usize,
    /// Heads that share keys.
    per_key: usize,
    d_head: usize,
    scale: f32,
}

#[expect(
    unsafe_code,
    reason = "threads write to different rows and heads of one tensor"
)]
// SAFETY: the pointers are those of tensors that outlive the call; the threads only read queries, keys and values, and the
// part of `out` that belongs to a row's key head is written by the one thread that has it.
unsafe impl Sync for Job {}

/// What each row of `q` `[row, head, 1, d_head]` gathers, in the same shape, from its prefix's keys and values `[kv_head,
/// key_pos, d_head]` and from the first `lengths` of its own, `[row, kv_head, key_pos, d_head]`. None where libtorch should
/// do it: on another device, type or processor, or where long prefixes are longer than what rows have of their own.
pub(crate) fn attention(
    q: &Tensor,
    (keys, values): (&Tensor, &Tensor),
    lengths: &[usize],
    prefixes: &[Option<&(Tensor, Tensor)>],
    scale: f64,
) -> Result<Option<Tensor>, TchError> {
    let kind = q.kind();
    let size = q.size();
    let (Some(kernel), Some(team)) = (Kernel::of(kind), Team::get()) else {
        return Ok(None);
    };
    let &[rows, heads, 1, d_head] = size.as_slice() else {
        return Ok(None);
    };
    let n_kv_heads = keys.size()[1];
    let part = |x: &Tensor, row: usize, tokens: usize| {
        let (size, stride) = (x.size(), x.stride());
        let &[.., kv, found, width] = size.as_slice() else {
            return None;
        };
        let &[.., head, token, 1] = stride.as_slice() else {
            return None;
        };
        let fits = (kv, width, token) == (n_kv_heads, d_head, d_head)
            && (1..=found as usize).contains(&tokens)
            && (row == 0 || row < size[0] as usize)
            && x.device() == Device::Cpu
            && x.kind() == kind
            && !x.requires_grad();
        let bytes = |numbers: i64| numbers as usize * kind.elt_size_in_bytes();
        let first: *const u8 = x.data_ptr().cast_const().cast();
        fits.then(|| Part {
            first: first.wrapping_add(row * bytes(stride[0])),
            head_bytes: bytes(head),
        })
    };
    let segment = |keys: &Tensor, values: &Tensor, row, tokens| {
        Some(Segment {
            keys: part(keys, row, tokens)?,
            values: part(values, row, tokens)?,
            tokens,
        })
    };
    let segments = lengths.iter().zip(prefixes).enumerate();
    let segments = segments.map(|(row, (&length, prefix))| {
        let own = segment(keys, values, row, length)?;
        let Some((keys, values)) = prefix else {
            return Some([None, Some(own)]);
        };
        let prefix = segment(keys, values, 0, keys.size()[1] as usize)?;
        Some([Some(prefix), Some(own)])
    });
    let Some(segments) = segments.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    // A prefix that many rows share is read once for all of them in a product of matrices, here once for each.
    let tokens = |part: usize| {
        let parts = segments.iter().filter_map(move |segments| segments[part]);
        parts.map(|segment| segment.tokens)
    };
    let bytes_of_token = 2 * d_head as usize * kind.elt_size_in_bytes();
    let far = tokens(0).any(|tokens| tokens * bytes_of_token > NEAREST);
    if far && tokens(0).sum::<usize>() > tokens(1).sum() {
        return Ok(None);
    }
    let q = q.f_contiguous()?;
    let suits = q.device() == Device::Cpu
        && !q.requires_grad()
        && segments.len() as i64 == rows
        && heads % n_kv_heads == 0
        && (d_head as usize).is_multiple_of(LANES);
    if !suits {
        return Ok(None);
    }
    let out = Tensor::f_empty(&size, (kind, Device::Cpu))?;
    let job = Job {
        queries: q.data_ptr().cast_const().cast(),
        out: out.data_ptr().cast(),
        segments,
        n_kv_heads: n_kv_heads as usize,
        per_key: (heads / n_kv_heads) as usize,
        d_head: d_head as usize,
        scale: scale as f32,
    };
    team.each((rows * n_kv_heads) as usize, &|i| {
        kernel.run(&job, i / job.n_kv_heads, i % job.n_kv_heads);
    });
    Ok(Some(out))
}

/// Which numbers are read and written.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
enum Kernel {
    F32,
    Bf16,
}

impl Kernel {
    #[cfg(target_arch = "x86_64")]
    fn of(kind: Kind) -> Option<Self> {
        // Not optimised, they are slower than libtorch.
        let optimised = cfg!(test) || !cfg!(debug_assertions);
        if !(optimised && is_x86_feature_detected!("avx512f")) {
            return None;
        }
        #[cfg(test)]
        if super::earnings::is_off(super::earnings::Part::Attention) {
            return None;
        }
        match kind {
            Kind::Float => Some(Self::F32),
            Kind::BFloat16 => Some(Self::Bf16),
            _ => None,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(_: Kind) -> Option<Self> {
        None
    }

    /// One row's heads that share a key head.
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "instructions that only some processors have")]
    fn run(self, job: &Job, row: usize, kv_head: usize) {
        // SAFETY: `Kernel::of` has seen that the processor has the instructions, `attention` that the tensors are as
        // described.
        match self {
            Self::F32 => unsafe { kernel::f32(job, row, kv_head) },
            Self::Bf16 => unsafe { kernel::bf16(job, row, kv_head) },
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run(self, _: &Job, _: usize, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(shape: &[i64], kind: Kind) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu)).to_kind(kind)
    }

    /// The same in 64 bits, from the definition.
    fn plain(q: &Tensor, keys: &Tensor, values: &Tensor, scale: f64) -> Tensor {
        let [q, keys, values] = [q, keys, values].map(|x| x.to_kind(Kind::Double));
        let shared = q.size()[0] / keys.size()[0];
        let [keys, values] = [keys, values].map(|x| x.repeat_interleave_self_int(shared, 0, None));
        let scores = q.matmul(&keys.transpose(1, 2)) * scale;
        scores.softmax(-1, Kind::Double).matmul(&values)
    }

    #[test]
    fn what_the_definition_gives() {
        // Scores of up to 50 are sums of 256 products: their rounding weighs more than that of the results.
        for (kind, tolerance, last_place) in [
            (Kind::Float, 3e-5, f64::from(f32::EPSILON)),
            (Kind::BFloat16, 1e-2, 2f64.powi(-7)),
        ] {
            if Kernel::of(kind).is_none() || Team::get().is_none() {
                eprintln!("skipped: there is no kernel of ours for {kind:?} here");
                continue;
            }
            for (heads, kv_heads, d_head) in [(4, 4, 16), (8, 2, 64), (7, 1, 112), (6, 2, 256)] {
                let lengths = [1_usize, 2, 17, 33, 40];
                let rows = lengths.len() as i64;
                let q = random(&[rows, heads, 1, d_head], kind) * 2.0;
                // A cache longer than its texts, in which the rest may be anything.
                let cache = || random(&[rows, kv_heads, 64, d_head], kind).narrow(2, 0, 40);
                let (keys, values) = (cache(), cache());
                let prefix = || random(&[kv_heads, 21, d_head], kind);
                let shared = (prefix(), prefix());
                let prefixes = [None, Some(&shared), Some(&shared), None, Some(&shared)];
                let found = attention(&q, (&keys, &values), &lengths, &prefixes, 0.3)
                    .unwrap()
                    .unwrap();
                assert_eq!(found.size(), q.size());
                for (row, (&length, prefix)) in lengths.iter().zip(prefixes).enumerate() {
                    let of_row = |x: &Tensor, prefix: Option<&Tensor>| {
                        let own = x.get(row as i64).narrow(1, 0, length as i64);
                        match prefix {
                            Some(prefix) => Tensor::cat(&[prefix, &own], 1),
                            None => own,
                        }
                    };
                    let expected = plain(
                        &q.get(row as i64),
                        &of_row(&keys, prefix.map(|(keys, _)| keys)),
                        &of_row(&values, prefix.map(|(_, values)| values)),
                        0.3,
                    );
                    let found = found.get(row as i64).to_kind(Kind::Double);
                    let rounding = expected.abs() * last_place;
                    let worst = ((found - expected).abs() - rounding)
                        .max()
                        .double_value(&[]);
                    assert!(
                        worst <= tolerance,
                        "{kind:?}, {heads} heads on {kv_heads} of {d_head}, row {row}: {worst}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_it_has_no_kernel_for_is_left_to_libtorch() {
        let left = |kind: Kind, d_head: i64| {
            let q = random(&[1, 2, 1, d_head], kind);
            let own = random(&[1, 2, 3, d_head], kind);
            attention(&q, (&own, &own), &[3], &[None], 1.0)
                .unwrap()
                .is_none()
        };
        assert!(left(Kind::Float, 20));
        assert!(left(Kind::Double, 16));
        assert!(left(Kind::Half, 16));
    }
}
