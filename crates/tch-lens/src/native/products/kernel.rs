//! The kernels for processors with AVX-512.
#![expect(
    unsafe_code,
    reason = "vector loads through pointers, each within the matrices that `Job` describes"
)]

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _MM_HINT_T1, _mm_prefetch, _mm512_add_ps, _mm512_castpd_ps,
    _mm512_castps_pd, _mm512_dpbf16_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_permute_ps, _mm512_reduce_add_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpacklo_pd,
};
use std::mem::transmute;
use std::ops::Range;

use super::{BAND, Job, PIECE, ROWS, TILE, VECTOR};

/// A kernel: with `$load` for a vector of numbers of type `$t`, `$add` for its products with another one added to sums
/// in 32 bits, and `$store` for a sum as the number that is written.
macro_rules! kernel {
    ($name:ident, $features:literal, $t:ty, $load:expr, $add:expr, $store:expr) => {
        /// Columns of the job's product, at most [`PIECE`].
        ///
        /// # Safety
        /// The processor has the instructions, the job's pointers are as it says, and nobody else writes the columns.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name(job: &Job, columns: Range<usize>) {
            let operand = job.operand;
            for first in (0..operand.rows).step_by(BAND) {
                let band = operand.band(first);
                let mut sums = [[0.0f32; BAND]; PIECE];
                let mut x = operand
                    .x
                    .wrapping_add(first * operand.row_bytes)
                    .cast_const();
                for (at, length) in operand.stretches() {
                    for block in (0..band.len()).step_by(ROWS) {
                        let rows = ROWS.min(band.len() - block);
                        let mut column = columns.start;
                        while column < columns.end {
                            let tile = TILE.min(columns.end - column);
                            // SAFETY: rows and columns of the job, and within them the bytes of one stretch.
                            unsafe {
                                let part = Part {
                                    x,
                                    weight: job.weight.add(column * operand.row_bytes + at),
                                    row_bytes: operand.row_bytes,
                                    length,
                                };
                                let sums = &mut sums[column - columns.start..][..tile];
                                match tile {
                                    TILE => add_rows::<TILE>(rows, &part, sums, block),
                                    2 => add_rows::<2>(rows, &part, sums, block),
                                    _ => add_rows::<1>(rows, &part, sums, block),
                                }
                            }
                            column += tile;
                        }
                        // SAFETY: the next block lies behind this one.
                        x = unsafe { x.add(rows * length) };
                    }
                }
                let out = job.out.cast::<$t>();
                for (row, place) in band.enumerate() {
                    for (column, sums) in columns.clone().zip(&sums) {
                        // SAFETY: a place in the matrix `[rows, outputs]`.
                        unsafe { *out.add(place * job.outputs + column) = $store(sums[row]) };
                    }
                }
            }

            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn add_rows<const COLUMNS: usize>(
                rows: usize,
                part: &Part,
                sums: &mut [[f32; BAND]],
                block: usize,
            ) {
                // SAFETY: handed on.
                unsafe {
                    match rows {
                        1 => add::<1, COLUMNS>(part, sums, block),
                        2 => add::<2, COLUMNS>(part, sums, block),
                        3 => add::<3, COLUMNS>(part, sums, block),
                        4 => add::<4, COLUMNS>(part, sums, block),
                        5 => add::<5, COLUMNS>(part, sums, block),
                        6 => add::<6, COLUMNS>(part, sums, block),
                        7 => add::<7, COLUMNS>(part, sums, block),
                        _ => add::<ROWS, COLUMNS>(part, sums, block),
                    }
                }
            }

            // On its own: within a larger function the sums do not stay in registers.
            #[inline(never)]
            #[target_feature(enable = $features)]
            unsafe fn add<const ROWS: usize, const COLUMNS: usize>(
                part: &Part,
                sums: &mut [[f32; BAND]],
                block: usize,
            ) {
                let mut vectors = [[_mm512_setzero_ps(); ROWS]; COLUMNS];
                let mut x = part.x;
                for at in (0..part.length).step_by(VECTOR) {
                    // SAFETY: `at` lies in the stretch, and `x` moves through its block as `Operand` says. What is
                    // asked for ahead may lie outside; that reads nothing.
                    unsafe {
                        let mut weights = [$load(part.weight.add(at)); COLUMNS];
                        for column in 0..COLUMNS {
                            let weight = part.weight.add(column * part.row_bytes + at);
                            weights[column] = $load(weight);
                            let next = weight.wrapping_add(COLUMNS * part.row_bytes);
                            _mm_prefetch::<_MM_HINT_T1>(next.cast());
                        }
                        for row in 0..ROWS {
                            let input = $load(x.add(row * VECTOR));
                            for column in 0..COLUMNS {
                                let sum = vectors[column][row];
                                vectors[column][row] = $add(sum, weights[column], input);
                            }
                        }
                        x = x.add(ROWS * VECTOR);
                    }
                }
                for (sums, vectors) in sums.iter_mut().zip(&vectors) {
                    let sums = &mut sums[block..block + ROWS];
                    if let Some(eight) = vectors.first_chunk() {
                        for (sum, more) in sums.iter_mut().zip(sums_of_8(eight)) {
                            *sum += more;
                        }
                    } else {
                        for (sum, &vector) in sums.iter_mut().zip(vectors) {
                            *sum += _mm512_reduce_add_ps(vector);
                        }
                    }
                }
            }
        }
    };
}

/// The sums of eight vectors, each added up in the order of `_mm512_reduce_add_ps`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(in crate::native) fn sums_of_8(vectors: &[__m512; 8]) -> [f32; 8] {
    let halved = |a, b| {
        _mm512_add_ps(
            _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b),
            _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b),
        )
    };
    let quartered = |a, b| {
        _mm512_add_ps(
            _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
            _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
        )
    };
    let [a, b, c, d, e, f, g, h] = *vectors;
    let low = quartered(halved(a, b), halved(c, d));
    let high = quartered(halved(e, f), halved(g, h));
    let [low, high] = [low, high].map(|x| _mm512_castps_pd(x));
    let pairs = _mm512_add_ps(
        _mm512_castpd_ps(_mm512_unpacklo_pd(low, high)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(low, high)),
    );
    let sums = _mm512_add_ps(pairs, _mm512_permute_ps::<0b10_11_00_01>(pairs));
    // The sums of vector i lie in lane i % 4, in its first half for the first four vectors.
    let mut all = [0.0; 16];
    // SAFETY: sixteen numbers into sixteen places.
    unsafe { _mm512_storeu_ps(all.as_mut_ptr(), sums) };
    [0, 4, 8, 12, 2, 6, 10, 14].map(|i| all[i])
}

/// A stretch of a block of rows, and of some weights.
struct Part {
    x: *const u8,
    weight: *const u8,
    row_bytes: usize,
    length: usize,
}

kernel!(
    f32,
    "avx512f,avx512vl",
    f32,
    |p: *const u8| _mm512_loadu_ps(p.cast()),
    |sum, weight, input| _mm512_fmadd_ps(weight, input, sum),
    |sum: f32| sum
);
kernel!(
    bf16,
    "avx512f,avx512vl,avx512bf16",
    u16,
    |p: *const u8| transmute::<__m512i, __m512bh>(_mm512_loadu_si512(p.cast())),
    |sum, weight, input| _mm512_dpbf16_ps(sum, weight, input),
    nearest_bf16
);

/// The bits of the nearest bfloat16, ties to even; NaN stays NaN.
pub(in crate::native) fn nearest_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}
