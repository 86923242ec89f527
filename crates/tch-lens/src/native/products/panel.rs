//! The kernel for many rows of bfloat16.
//!
//! With many rows it pays to turn a piece of the weights round first, so that a vector holds the same two inputs' weights
//! of sixteen outputs: each of its lanes then sums an output of its own, and nothing is left to add up across lanes.
#![expect(
    unsafe_code,
    reason = "vector loads and stores through pointers, each within the matrices that `Job` describes"
)]

use std::arch::x86_64::{
    __m256bh, __m256i, __m512bh, __m512i, _MM_HINT_T1, _mm_prefetch, _mm256_mask_storeu_epi16,
    _mm512_cvtneps_pbh, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps,
    _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::cell::RefCell;
use std::mem::transmute;
use std::ops::Range;

use super::{Job, PIECE, ROWS, VECTOR};

/// Outputs in a vector, and pairs of inputs in a vector of a row.
const LANES: usize = 16;

thread_local! {
    /// The piece that a thread is at: for each pair of inputs, a vector for every sixteen outputs. Kept, because giving
    /// it back and fetching it again would take longer than filling it.
    static PANEL: RefCell<Vec<__m512i>> = const { RefCell::new(Vec::new()) };
}

/// Columns of the job's product, at most [`PIECE`]. The job's operand lies in bands of [`ROWS`] rows.
///
/// # Safety
/// The processor has the instructions, the job's pointers are as it says, and nobody else writes the columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(super) unsafe fn bf16(job: &Job, columns: Range<usize>) {
    PANEL.with_borrow_mut(|panel| {
        // SAFETY: handed on.
        unsafe {
            match columns.len().div_ceil(LANES) {
                1 => piece::<1>(job, columns, panel),
                2 => piece::<2>(job, columns, panel),
                _ => piece::<{ PIECE / LANES }>(job, columns, panel),
            }
        }
    });
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn piece<const VECTORS: usize>(job: &Job, columns: Range<usize>, panel: &mut Vec<__m512i>) {
    let operand = job.operand;
    panel.clear();
    for at in (0..operand.row_bytes).step_by(VECTOR) {
        let mut turned = [[_mm512_setzero_si512(); LANES]; VECTORS];
        for (vector, turned) in turned.iter_mut().enumerate() {
            let first = columns.start + vector * LANES;
            for (lane, column) in (first..columns.end.min(first + LANES)).enumerate() {
                // SAFETY: a vector of the row of the weights of one of the columns.
                turned[lane] = unsafe {
                    _mm512_loadu_si512(job.weight.add(column * operand.row_bytes + at).cast())
                };
            }
            *turned = transposed(turned);
        }
        for pair in 0..LANES {
            panel.extend(turned.iter().map(|turned| turned[pair]));
        }
    }
    // While this piece is used, the one that the thread will take next comes nearer: as many vectors with each vector of
    // the rows as make it whole by the end.
    let blocks = operand.rows.div_ceil(ROWS);
    let next = columns.start + job.ahead;
    let more = PIECE.min(job.outputs.saturating_sub(next)).div_ceil(blocks);
    for first in (0..operand.rows).step_by(ROWS) {
        let chunks = operand.row_bytes / VECTOR;
        let fetched = next * operand.row_bytes + first / ROWS * chunks * more * VECTOR;
        let block = Block {
            ahead: job.weight.wrapping_add(fetched),
            more,
            x: operand.x.wrapping_add(first * operand.row_bytes),
            out: job.out.cast::<u16>().wrapping_add(first * job.outputs),
            outputs: job.outputs,
        };
        // SAFETY: rows of the operand, as it lies, and their places in the matrix `[rows, outputs]`.
        unsafe {
            match operand.rows - first {
                1 => rows::<1, VECTORS>(&block, &columns, panel),
                2 => rows::<2, VECTORS>(&block, &columns, panel),
                3 => rows::<3, VECTORS>(&block, &columns, panel),
                4 => rows::<4, VECTORS>(&block, &columns, panel),
                5 => rows::<5, VECTORS>(&block, &columns, panel),
                6 => rows::<6, VECTORS>(&block, &columns, panel),
                7 => rows::<7, VECTORS>(&block, &columns, panel),
                _ => rows::<ROWS, VECTORS>(&block, &columns, panel),
            }
        }
    }
}

/// A block of rows, and where their products go.
struct Block {
    x: *const u8,
    /// What is asked for ahead, and how many vectors of it at a time.
    ahead: *const u8,
    more: usize,
    out: *mut u16,
    outputs: usize,
}

// On its own: within a larger function the sums do not stay in registers.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn rows<const ROWS: usize, const VECTORS: usize>(
    block: &Block,
    columns: &Range<usize>,
    panel: &[__m512i],
) {
    let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
    let mut x = block.x;
    let mut ahead = block.ahead;
    for weights in panel.chunks_exact(LANES * VECTORS) {
        // SAFETY: `x` is at a vector of each of the block's rows; a bit pattern is a bit pattern. What is asked for ahead
        // may lie outside; that reads nothing.
        unsafe {
            for _ in 0..block.more {
                _mm_prefetch::<_MM_HINT_T1>(ahead.cast());
                ahead = ahead.wrapping_add(VECTOR);
            }
            for (pair, weights) in weights.chunks_exact(VECTORS).enumerate() {
                for (row, sums) in sums.iter_mut().enumerate() {
                    let pair = x.add(row * VECTOR + pair * 4).cast::<i32>();
                    let input = _mm512_set1_epi32(pair.read_unaligned());
                    let input = transmute::<__m512i, __m512bh>(input);
                    for (sum, &weight) in sums.iter_mut().zip(weights) {
                        let weight = transmute::<__m512i, __m512bh>(weight);
                        *sum = _mm512_dpbf16_ps(*sum, weight, input);
                    }
                }
            }
        }
        x = x.wrapping_add(ROWS * VECTOR);
    }
    for (row, sums) in sums.iter().enumerate() {
        for (vector, &sum) in sums.iter().enumerate() {
            let column = columns.start + vector * LANES;
            let lanes = LANES.min(columns.end - column);
            // SAFETY: as many places of the row as there are columns; a bit pattern is a bit pattern.
            unsafe {
                let numbers = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(sum));
                let out = block.out.add(row * block.outputs + column);
                _mm256_mask_storeu_epi16(out.cast(), u16::MAX >> (LANES - lanes), numbers);
            }
        }
    }
}

/// Sixteen vectors of sixteen numbers, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: &[__m512i; LANES]) -> [__m512i; LANES] {
    let mut fours = [_mm512_setzero_si512(); LANES];
    for (rows, fours) in rows.chunks_exact(4).zip(fours.chunks_exact_mut(4)) {
        let low = [0, 2].map(|i| _mm512_unpacklo_epi32(rows[i], rows[i + 1]));
        let high = [0, 2].map(|i| _mm512_unpackhi_epi32(rows[i], rows[i + 1]));
        fours[0] = _mm512_unpacklo_epi64(low[0], low[1]);
        fours[1] = _mm512_unpackhi_epi64(low[0], low[1]);
        fours[2] = _mm512_unpacklo_epi64(high[0], high[1]);
        fours[3] = _mm512_unpackhi_epi64(high[0], high[1]);
    }
    let mut columns = [_mm512_setzero_si512(); LANES];
    for i in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|four| fours[four + i]);
        let even = [(a, b), (c, d)].map(|(a, b)| _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b));
        let odd = [(a, b), (c, d)].map(|(a, b)| _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b));
        columns[i] = _mm512_shuffle_i32x4::<0b10_00_10_00>(even[0], even[1]);
        columns[4 + i] = _mm512_shuffle_i32x4::<0b10_00_10_00>(odd[0], odd[1]);
        columns[8 + i] = _mm512_shuffle_i32x4::<0b11_01_11_01>(even[0], even[1]);
        columns[12 + i] = _mm512_shuffle_i32x4::<0b11_01_11_01>(odd[0], odd[1]);
    }
    columns
}
