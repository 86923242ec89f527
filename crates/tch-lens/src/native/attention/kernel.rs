//! The kernels for processors with AVX-512.
#![expect(
    unsafe_code,
    reason = "vector loads and stores through pointers, each within the tensors that `Job` describes"
)]

use std::arch::x86_64::{
    __m256i, __m512, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_add_ps, _mm512_castsi512_ps,
    _mm512_cvtepu16_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_mul_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};
use std::cell::RefCell;

use super::{Job, LANES, Part, Segment};
use crate::native::products::{nearest_bf16, sums_of_8};

/// Heads that are taken together, and vectors of a value.
const TILE: usize = 4;

thread_local! {
    /// A task's queries, then its scores: kept, because fetching memory takes longer than using it.
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A kernel: with `$load` for sixteen numbers, each of `$bytes`, and `$store` for writing sixteen.
macro_rules! kernel {
    ($name:ident, $bytes:literal, $load:expr, $store:expr) => {
        /// What the heads of a row that share a key head gather.
        ///
        /// # Safety
        /// The processor has AVX-512, the job's pointers are as it says, and nobody else writes these heads.
        #[target_feature(enable = "avx512f")]
        pub(super) unsafe fn $name(job: &Job, row: usize, kv_head: usize) {
            let Job {
                d_head, per_key, ..
            } = *job;
            let first = (row * job.n_kv_heads + kv_head) * per_key * d_head * $bytes;
            let segments = || job.segments[row].iter().flatten();
            let tokens: usize = segments().map(|segment| segment.tokens).sum();
            let room = tokens.next_multiple_of(LANES);
            SCRATCH.with_borrow_mut(|scratch| {
                scratch.clear();
                scratch.resize(per_key * (d_head + room), f32::NEG_INFINITY);
                let (queries, scores) = scratch.split_at_mut(per_key * d_head);
                for at in (0..queries.len()).step_by(LANES) {
                    // SAFETY: within the queries of these heads, and within the room for them.
                    unsafe {
                        let query = $load(job.queries.add(first + at * $bytes));
                        let query = _mm512_mul_ps(query, _mm512_set1_ps(job.scale));
                        _mm512_storeu_ps(queries.as_mut_ptr().add(at), query);
                    }
                }

                for head in (0..per_key).step_by(TILE) {
                    let queries = &queries[head * d_head..];
                    let mut scores = &mut scores[head * room..];
                    for segment in segments() {
                        // SAFETY: the keys of the segment, and so many of the queries as there are heads left.
                        unsafe {
                            match per_key - head {
                                1 => score::<1>(segment, kv_head, queries, d_head, scores, room),
                                2 => score::<2>(segment, kv_head, queries, d_head, scores, room),
                                3 => score::<3>(segment, kv_head, queries, d_head, scores, room),
                                _ => score::<TILE>(segment, kv_head, queries, d_head, scores, room),
                            }
                        }
                        scores = &mut scores[segment.tokens..];
                    }
                }
                let mut shares = [0.0; TILE];
                for head in (0..per_key).step_by(TILE) {
                    let heads = TILE.min(per_key - head);
                    for (share, scores) in shares
                        .iter_mut()
                        .zip(scores[head * room..][..heads * room].chunks_exact_mut(room))
                    {
                        *share = 1.0 / weigh(scores);
                    }
                    let scores = &scores[head * room..][..heads * room];
                    let mut at = 0;
                    while at < d_head {
                        let gather = Gather {
                            job,
                            row,
                            kv_head,
                            scores,
                            room,
                            shares: &shares,
                            at,
                            out: first + head * d_head * $bytes,
                        };
                        // SAFETY: numbers of the values that there are, for heads that there are.
                        at += unsafe {
                            match (d_head - at) / LANES {
                                1 => gather_heads::<1>(heads, &gather),
                                2 => gather_heads::<2>(heads, &gather),
                                3 => gather_heads::<3>(heads, &gather),
                                _ => gather_heads::<TILE>(heads, &gather),
                            }
                        };
                    }
                }
            });

            /// Products of queries with the segment's keys, `[head, room]`, two keys at a time.
            #[inline(never)]
            #[target_feature(enable = "avx512f")]
            unsafe fn score<const HEADS: usize>(
                segment: &Segment,
                kv_head: usize,
                queries: &[f32],
                d_head: usize,
                scores: &mut [f32],
                room: usize,
            ) {
                for token in (0..segment.tokens).step_by(2) {
                    let both = [token, (token + 1).min(segment.tokens - 1)];
                    let both = both.map(|token| segment.keys.at(kv_head, token * d_head * $bytes));
                    let mut sums = [_mm512_setzero_ps(); 2 * TILE];
                    for at in (0..d_head).step_by(LANES) {
                        // SAFETY: within two keys of the segment, and within the queries.
                        unsafe {
                            let [one, two] = both.map(|key| key.wrapping_add(at * $bytes));
                            let (one, two) = ($load(one), $load(two));
                            for head in 0..HEADS {
                                let query =
                                    _mm512_loadu_ps(queries.as_ptr().add(head * d_head + at));
                                sums[head] = _mm512_fmadd_ps(query, one, sums[head]);
                                sums[TILE + head] = _mm512_fmadd_ps(query, two, sums[TILE + head]);
                            }
                        }
                    }
                    let sums = sums_of_8(&sums);
                    for head in 0..HEADS {
                        scores[head * room + token] = sums[head];
                        if token + 1 < segment.tokens {
                            scores[head * room + token + 1] = sums[TILE + head];
                        }
                    }
                }
            }

            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn gather_heads<const VECTORS: usize>(
                heads: usize,
                gather: &Gather<'_>,
            ) -> usize {
                // SAFETY: handed on.
                unsafe {
                    match heads {
                        1 => values::<1, VECTORS>(gather),
                        2 => values::<2, VECTORS>(gather),
                        3 => values::<3, VECTORS>(gather),
                        _ => values::<TILE, VECTORS>(gather),
                    }
                }
                VECTORS * LANES
            }

            /// The values of all tokens, each as much as its score weighs.
            #[inline(never)]
            #[target_feature(enable = "avx512f")]
            unsafe fn values<const HEADS: usize, const VECTORS: usize>(gather: &Gather<'_>) {
                let job = gather.job;
                let mut sums = [[_mm512_setzero_ps(); VECTORS]; HEADS];
                let mut scores = gather.scores.as_ptr();
                for segment in job.segments[gather.row].iter().flatten() {
                    let mut value = segment.values.at(gather.kv_head, gather.at * $bytes);
                    for _ in 0..segment.tokens {
                        // SAFETY: numbers of the values of one of the segment's tokens, and its weight for each head.
                        unsafe {
                            let mut numbers = [_mm512_setzero_ps(); VECTORS];
                            for (i, numbers) in numbers.iter_mut().enumerate() {
                                *numbers = $load(value.wrapping_add(i * LANES * $bytes));
                            }
                            for (head, sums) in sums.iter_mut().enumerate() {
                                let weight = _mm512_set1_ps(*scores.add(head * gather.room));
                                for (sum, &numbers) in sums.iter_mut().zip(&numbers) {
                                    *sum = _mm512_fmadd_ps(weight, numbers, *sum);
                                }
                            }
                            scores = scores.add(1);
                        }
                        value = value.wrapping_add(job.d_head * $bytes);
                    }
                }
                for (head, sums) in sums.iter().enumerate() {
                    let share = _mm512_set1_ps(gather.shares[head]);
                    for (i, &sum) in sums.iter().enumerate() {
                        let at = head * job.d_head + gather.at + i * LANES;
                        // SAFETY: a place that belongs to one of these heads.
                        unsafe {
                            $store(
                                job.out.add(gather.out + at * $bytes),
                                _mm512_mul_ps(sum, share),
                            );
                        }
                    }
                }
            }
        }
    };
}

/// What some heads of a row gather of some numbers of the values.
struct Gather<'a> {
    job: &'a Job,
    row: usize,
    kv_head: usize,
    /// The weights `[head, room]`.
    scores: &'a [f32],
    room: usize,
    /// What each head's sum is multiplied by.
    shares: &'a [f32],
    /// The first number.
    at: usize,
    /// Where the heads' places begin.
    out: usize,
}

impl Part {
    fn at(self, head: usize, byte: usize) -> *const u8 {
        self.first.wrapping_add(head * self.head_bytes + byte)
    }
}

/// Turns scores, a whole number of vectors, into weights, and gives their sum.
#[inline]
#[target_feature(enable = "avx512f")]
fn weigh(scores: &mut [f32]) -> f32 {
    let mut largest = _mm512_set1_ps(f32::NEG_INFINITY);
    for scores in scores.chunks_exact(LANES) {
        // SAFETY: sixteen numbers.
        largest = _mm512_max_ps(largest, unsafe { _mm512_loadu_ps(scores.as_ptr()) });
    }
    let largest = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
    let mut sum = _mm512_setzero_ps();
    for scores in scores.chunks_exact_mut(LANES) {
        // SAFETY: sixteen numbers.
        unsafe {
            let weight = exp(_mm512_sub_ps(_mm512_loadu_ps(scores.as_ptr()), largest));
            sum = _mm512_add_ps(sum, weight);
            _mm512_storeu_ps(scores.as_mut_ptr(), weight);
        }
    }
    _mm512_reduce_add_ps(sum)
}

/// The exponential of numbers that are not above 0, within two units in the last place; 0 below -104. The polynomial is
/// that of the Cephes library.
#[inline]
#[target_feature(enable = "avx512f")]
fn exp(x: __m512) -> __m512 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let number = |x: f32| _mm512_set1_ps(x);
    // In this order NaN stays NaN.
    let x = _mm512_max_ps(number(-110.0), x);
    let power = _mm512_mul_ps(x, number(std::f32::consts::LOG2_E));
    let power = _mm512_roundscale_ps::<0>(power);
    let rest = _mm512_fmadd_ps(power, number(-LN_2_HIGH), x);
    let rest = _mm512_fmadd_ps(power, number(-LN_2_LOW), rest);
    let mut sum = number(1.987_569_1e-4);
    for factor in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_66,
        0.5,
        1.0,
        1.0,
    ] {
        sum = _mm512_fmadd_ps(sum, rest, number(factor));
    }
    _mm512_scalef_ps(sum, power)
}

kernel!(
    f32,
    4,
    |p: *const u8| _mm512_loadu_ps(p.cast()),
    |p: *mut u8, x: __m512| _mm512_storeu_ps(p.cast(), x)
);
kernel!(
    bf16,
    2,
    |p: *const u8| {
        let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast()));
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves))
    },
    |p: *mut u8, x: __m512| {
        let mut numbers = [0.0_f32; LANES];
        _mm512_storeu_ps(numbers.as_mut_ptr(), x);
        let numbers = numbers.map(nearest_bf16);
        let numbers: *const __m256i = numbers.as_ptr().cast();
        _mm256_storeu_si256(p.cast(), _mm256_loadu_si256(numbers));
    }
);
