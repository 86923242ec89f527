//! Products of rows with weight matrices on the CPU: what generating spends its time on.
//!
//! With the few rows of a decode pass every weight is read once and used a few times, so that memory should set the
//! pace. libtorch's product, made for many rows, reaches a third of what memory gives; these kernels reach nearly all of
//! it. They keep the sums of three weights' rows and eight inputs in registers while both stream by, take so many inputs
//! at a time that these stay in the innermost cache, and ask for the next weights ahead.

#[cfg(target_arch = "x86_64")]
mod kernel;

#[cfg(target_arch = "x86_64")]
pub(super) use kernel::{nearest_bf16, sums_of_8};

use tch::{Device, Kind, TchError, Tensor};

use super::team::Team;

/// Rows that are summed together.
const ROWS: usize = 8;
/// Rows that meet a piece of the weights at a time; a multiple of [`ROWS`].
const BAND: usize = 24;
/// Weights that are summed together.
const TILE: usize = 3;
/// Weights that a thread takes at a time; a multiple of [`TILE`].
const PIECE: usize = 48;
/// Bytes of a row that are taken at a time, so that [`ROWS`] of them fill half an innermost cache.
const STRETCH: usize = 2048;
/// Bytes of a vector register.
const VECTOR: usize = 64;
/// Up to so many rows the weights' way from memory sets the pace.
const FEW_ROWS: usize = 24;
/// Up to so many rows of 32 bits the kernel beats MKL on processors that are not Intel's, from which MKL keeps its best.
const SOME_ROWS: usize = 64;

/// The products of `x` `[.., in]` with each weight `[out, in]`, transposed: `[.., out]` each. None where libtorch should
/// do it: for many rows, another device, type or processor, or where gradients are asked for.
pub(crate) fn of<const N: usize>(
    x: &Tensor,
    weights: [&Tensor; N],
) -> Result<Option<[Tensor; N]>, TchError> {
    let kind = x.kind();
    let size = x.size();
    let Some((&inputs, batch)) = size.split_last() else {
        return Ok(None);
    };
    let rows = batch.iter().product::<i64>() as usize;
    let Some(kernel) = Kernel::of(kind, rows) else {
        return Ok(None);
    };
    let lanes = VECTOR / kind.elt_size_in_bytes();
    let suits = |t: &Tensor| {
        t.device() == Device::Cpu && t.kind() == kind && t.is_contiguous() && !t.requires_grad()
    };
    let fits = |w: &Tensor| w.dim() == 2 && w.size()[1] == inputs && suits(w);
    if rows == 0
        || inputs == 0
        || !(inputs as usize).is_multiple_of(lanes)
        || !suits(x)
        || !weights.iter().all(|w| fits(w))
    {
        return Ok(None);
    }
    let Some(team) = Team::get() else {
        return Ok(None);
    };

    let packed = Tensor::f_empty(&size, (kind, Device::Cpu))?;
    let operand = Operand {
        rows_at: x.data_ptr().cast_const().cast(),
        x: packed.data_ptr().cast(),
        rows,
        row_bytes: inputs as usize * kind.elt_size_in_bytes(),
    };
    team.each(rows.div_ceil(BAND), &|band| {
        operand.pack(band * BAND);
    });
    let mut outs = Vec::with_capacity(N);
    let mut jobs = Vec::with_capacity(N);
    for weight in weights {
        let outputs = weight.size()[0];
        let shape: Vec<i64> = batch.iter().copied().chain([outputs]).collect();
        let out = Tensor::f_empty(shape, (kind, Device::Cpu))?;
        jobs.push(Job {
            operand,
            weight: weight.data_ptr().cast(),
            out: out.data_ptr().cast(),
            outputs: outputs as usize,
        });
        outs.push(out);
    }
    let pieces: Vec<(&Job, usize)> = jobs
        .iter()
        .flat_map(|job| {
            (0..job.outputs)
                .step_by(PIECE)
                .map(move |first| (job, first))
        })
        .collect();
    team.each(pieces.len(), &|i| {
        let (job, first) = pieces[i];
        kernel.run(job, first..job.outputs.min(first + PIECE));
    });
    Ok(outs.try_into().ok())
}

/// The rows as the kernels read them: band by band of rows, in each stretch by stretch, in each block by block
/// of [`ROWS`] rows, in each the first vector of all its rows, then the next. Rows a power of two apart, read side by
/// side, would throw each other out of the cache.
#[derive(Clone, Copy)]
struct Operand {
    /// The rows as they came, contiguous.
    rows_at: *const u8,
    /// The rows in this order.
    x: *mut u8,
    rows: usize,
    row_bytes: usize,
}

#[expect(unsafe_code, reason = "threads pack different bands of one tensor")]
// SAFETY: the pointers are those of tensors that outlive the call; each band is written by one thread, and read when all
// are.
unsafe impl Sync for Operand {}

impl Operand {
    /// The rows of the band that begins with the row `first`.
    fn band(self, first: usize) -> std::ops::Range<usize> {
        first..self.rows.min(first + BAND)
    }

    /// The stretches: the first byte of each in a row, and its length.
    fn stretches(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.row_bytes)
            .step_by(STRETCH)
            .map(move |at| (at, STRETCH.min(self.row_bytes - at)))
    }

    /// Copies a band of the rows into that order.
    #[expect(unsafe_code, reason = "copies of bytes between two tensors")]
    fn pack(self, first: usize) {
        let band = self.band(first);
        let mut to = self.x.wrapping_add(first * self.row_bytes);
        for (at, length) in self.stretches() {
            for block in band.clone().step_by(ROWS) {
                for vector in (at..at + length).step_by(VECTOR) {
                    for row in block..band.end.min(block + ROWS) {
                        // SAFETY: both tensors hold `rows * row_bytes` bytes; each vector of the
                        // band is read once and `to` moves on by as much, so both stay within it.
                        unsafe {
                            self.rows_at
                                .add(row * self.row_bytes + vector)
                                .copy_to_nonoverlapping(to, VECTOR);
                            to = to.add(VECTOR);
                        }
                    }
                }
            }
        }
    }
}

/// One product as the kernels see it.
struct Job {
    operand: Operand,
    weight: *const u8,
    out: *mut u8,
    outputs: usize,
}

#[expect(
    unsafe_code,
    reason = "threads write to different columns of one matrix"
)]
// SAFETY: the pointers are those of tensors that outlive the call; the threads only read rows and weights, and each
// column of `out` is written by the one thread that has its piece.
unsafe impl Sync for Job {}

/// Which instructions are used, and how.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
enum Kernel {
    F32,
    Bf16,
}

impl Kernel {
    /// The kernel that beats libtorch's product of so many rows.
    #[cfg(target_arch = "x86_64")]
    fn of(kind: Kind, rows: usize) -> Option<Self> {
        // Not optimised, they are slower than libtorch.
        let optimised = cfg!(test) || !cfg!(debug_assertions);
        let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
        if !(optimised && avx512) {
            return None;
        }
        let bf16 = is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512bw");
        let few = rows <= FEW_ROWS;
        #[cfg(test)]
        if super::earnings::is_off(match few {
            true => super::earnings::Part::FewRows,
            false => super::earnings::Part::ManyRows,
        }) {
            return None;
        }
        match kind {
            Kind::Float if few || (rows <= SOME_ROWS && !is_intel()) => Some(Self::F32),
            Kind::BFloat16 if bf16 && few => Some(Self::Bf16),
            _ => None,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(_: Kind, _: usize) -> Option<Self> {
        None
    }

    /// These columns of the job's product.
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "instructions that only some processors have")]
    fn run(self, job: &Job, columns: std::ops::Range<usize>) {
        // SAFETY: `Kernel::of` has seen that the processor has the instructions, `of` that the tensors are as described.
        match self {
            Self::F32 => unsafe { kernel::f32(job, columns) },
            Self::Bf16 => unsafe { kernel::bf16(job, columns) },
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run(self, _: &Job, _: std::ops::Range<usize>) {}
}

#[cfg(target_arch = "x86_64")]
fn is_intel() -> bool {
    let vendor = std::arch::x86_64::__cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx]
        .map(u32::to_le_bytes)
        .concat()
        == b"GenuineIntel"
}

#[cfg(not(target_arch = "x86_64"))]
fn is_intel() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether so many rows are for the kernels here.
    fn is_ours(kind: Kind, rows: i64) -> bool {
        let ours = Kernel::of(kind, rows as usize).is_some() && Team::get().is_some();
        if !ours {
            eprintln!("skipped: {rows} rows of {kind:?} are not for kernels of ours here");
        }
        ours
    }

    fn random(shape: [i64; 2], kind: Kind) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu)).to_kind(kind)
    }

    #[test]
    fn the_same_as_the_product_in_64_bits() {
        for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::BFloat16, 5e-3)] {
            for rows in (1..=25).chain([48, 64]).filter(|&rows| is_ours(kind, rows)) {
                for (inputs, outputs) in [(32, 1), (64, 7), (1056, 100), (2816, 50)] {
                    let x = random([rows, inputs], kind).view([rows, 1, inputs]);
                    let weights = [random([outputs, inputs], kind), random([3, inputs], kind)];
                    let found = of(&x, [&weights[0], &weights[1]]).unwrap().unwrap();
                    for (found, weight) in found.iter().zip(&weights) {
                        assert_eq!(found.size(), [rows, 1, weight.size()[0]]);
                        let [x, weight] = [&x, weight].map(|t| t.to_kind(Kind::Double));
                        let error = (found.to_kind(Kind::Double) - x.matmul(&weight.tr())).abs();
                        let size = x.abs().matmul(&weight.abs().tr());
                        let worst = (error / size).max().double_value(&[]);
                        assert!(
                            worst <= tolerance,
                            "{kind:?}, {rows} rows of {inputs} to {outputs}: {worst}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_bits_for_a_row_among_few_and_among_many() {
        let float = [5, 8, 23, 64].map(|many| (Kind::Float, 1, many));
        let few = [5, 8, 23, 24].map(|many| (Kind::BFloat16, 1, many));
        for (kind, few, many) in float.into_iter().chain(few) {
            if !is_ours(kind, few) || !is_ours(kind, many) {
                continue;
            }
            let weight = random([77, 2816], kind);
            let x = random([many, 2816], kind);
            let [all] = of(&x, [&weight]).unwrap().unwrap();
            let [last] = of(&x.narrow(0, many - few, few), [&weight])
                .unwrap()
                .unwrap();
            assert_eq!(all.narrow(0, many - few, few), last);
        }
    }

    #[test]
    fn what_it_has_no_kernel_for_is_left_to_libtorch() {
        let f32 = |rows: i64, inputs: i64| random([rows, inputs], Kind::Float);
        let w = f32(4, 64);
        let left = |x: &Tensor, w: &Tensor| of(x, [w]).unwrap().is_none();
        if !cfg!(target_arch = "x86_64") || is_intel() {
            let bf16 = |rows| random([rows, 64], Kind::BFloat16);
            assert!(left(&f32(25, 64), &w));
            assert!(left(&bf16(25), &bf16(4)));
        }
        assert!(left(&f32(0, 64), &w));
        for kind in [Kind::Half, Kind::Double] {
            assert!(left(&random([2, 64], kind), &random([4, 64], kind)));
        }
        assert!(left(&random([2, 64], Kind::BFloat16), &w));
        assert!(left(&f32(64, 2).tr(), &w));
        assert!(left(&f32(2, 20), &f32(4, 20)));
        assert!(left(&f32(2, 64), &f32(4, 64).set_requires_grad(true)));
        assert!(left(&f32(2, 64), &f32(4, 32)));
    }
}
