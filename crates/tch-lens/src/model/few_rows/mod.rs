//! Products of a few rows with weight matrices on the CPU: what decoding spends its time on.
//!
//! With few rows every weight is read once and used a few times, so that memory should set the pace. libtorch's
//! product, made for many rows, reaches a third of what memory gives; these kernels reach nearly all of it
//! (`benches/products.rs`). They keep the sums of three weights' rows and eight inputs in registers while both stream
//! by, take so many inputs at a time that these stay in the innermost cache, and ask for the next weights ahead.

#[cfg(target_arch = "x86_64")]
mod kernel;
mod team;

use tch::{Device, Kind, TchError, Tensor};

/// Up to so many rows the kernels beat libtorch's product.
const MOST_ROWS: usize = 24;
/// Rows that are summed together.
const ROWS: usize = 8;
/// Weights that are summed together.
const TILE: usize = 3;
/// Weights that a thread takes at a time; a multiple of [`TILE`].
const PIECE: usize = 48;
/// Bytes of a row that are taken at a time, so that [`ROWS`] of them fill half an innermost cache.
const STRETCH: usize = 2048;
/// Bytes of a vector register.
const VECTOR: usize = 64;

/// The products of `x` `[.., in]` with each weight `[out, in]`, transposed: `[.., out]` each. None where libtorch should
/// do it: for many rows, another device, type or processor, or where gradients are asked for.
pub(super) fn products<const N: usize>(
    x: &Tensor,
    weights: [&Tensor; N],
) -> Result<Option<[Tensor; N]>, TchError> {
    let kind = x.kind();
    let Some(kernel) = Kernel::of(kind) else {
        return Ok(None);
    };
    let size = x.size();
    let Some((&inputs, batch)) = size.split_last() else {
        return Ok(None);
    };
    let rows = batch.iter().product::<i64>() as usize;
    let lanes = VECTOR / kind.elt_size_in_bytes();
    let suits = |t: &Tensor| {
        t.device() == Device::Cpu && t.kind() == kind && t.is_contiguous() && !t.requires_grad()
    };
    let fits = |w: &Tensor| w.dim() == 2 && w.size()[1] == inputs && suits(w);
    if !(1..=MOST_ROWS).contains(&rows)
        || inputs == 0
        || !(inputs as usize).is_multiple_of(lanes)
        || !suits(x)
        || !weights.iter().all(|w| fits(w))
    {
        return Ok(None);
    }
    let Some(team) = team::Team::get() else {
        return Ok(None);
    };

    let packed = Tensor::f_empty(&size, (kind, Device::Cpu))?;
    let operand = Operand {
        x: packed.data_ptr().cast(),
        rows,
        row_bytes: inputs as usize * kind.elt_size_in_bytes(),
    };
    operand.pack(x);
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

/// The rows as the kernels read them: stretch by stretch, in each block by block of [`ROWS`] rows, in each the first
/// vector of all its rows, then the next. Rows a power of two apart, read side by side, would throw each other out of
/// the cache.
#[derive(Clone, Copy)]
struct Operand {
    x: *mut u8,
    rows: usize,
    row_bytes: usize,
}

impl Operand {
    /// The stretches: the first byte of each in a row, and its length.
    fn stretches(self) -> impl Iterator<Item = (usize, usize)> {
        let step = if self.rows > ROWS {
            STRETCH / 2
        } else {
            STRETCH
        };
        (0..self.row_bytes)
            .step_by(step)
            .map(move |at| (at, step.min(self.row_bytes - at)))
    }

    /// Copies contiguous rows into that order.
    #[expect(unsafe_code, reason = "copies of bytes between two tensors")]
    fn pack(self, rows: &Tensor) {
        let from: *const u8 = rows.data_ptr().cast();
        let mut to = self.x;
        for (at, length) in self.stretches() {
            for block in (0..self.rows).step_by(ROWS) {
                for vector in (at..at + length).step_by(VECTOR) {
                    for row in block..self.rows.min(block + ROWS) {
                        // SAFETY: both tensors are contiguous and hold `rows * row_bytes` bytes; each vector of `from`
                        // is read once and `to` moves on by as much, so both stay within. `to` was just allocated.
                        unsafe {
                            from.add(row * self.row_bytes + vector)
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

/// Which instructions are used.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]
enum Kernel {
    F32,
    Bf16,
}

impl Kernel {
    #[cfg(target_arch = "x86_64")]
    fn of(kind: Kind) -> Option<Self> {
        if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl")) {
            return None;
        }
        match kind {
            Kind::Float => Some(Self::F32),
            Kind::BFloat16 if is_x86_feature_detected!("avx512bf16") => Some(Self::Bf16),
            _ => None,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(_: Kind) -> Option<Self> {
        None
    }

    /// These columns of the job's product.
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "instructions that only some processors have")]
    fn run(self, job: &Job, columns: std::ops::Range<usize>) {
        // SAFETY: `of` has seen that the processor has the instructions, `products` that the tensors are as described.
        match self {
            Self::F32 => unsafe { kernel::f32(job, columns) },
            Self::Bf16 => unsafe { kernel::bf16(job, columns) },
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run(self, _: &Job, _: std::ops::Range<usize>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(shape: [i64; 2], kind: Kind) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu)).to_kind(kind)
    }

    #[test]
    fn the_same_as_the_product_in_64_bits() {
        for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::BFloat16, 5e-3)] {
            for rows in 1..=MOST_ROWS as i64 {
                for (inputs, outputs) in [(32, 1), (64, 7), (1056, 100), (2816, 50)] {
                    let x = random([rows, inputs], kind).view([rows, 1, inputs]);
                    let weights = [random([outputs, inputs], kind), random([3, inputs], kind)];
                    let Some(found) = products(&x, [&weights[0], &weights[1]]).unwrap() else {
                        eprintln!("skipped: no kernel of this processor for {kind:?}");
                        continue;
                    };
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
    fn the_same_bits_for_a_row_alone_and_among_others() {
        let weight = random([77, 2816], Kind::Float);
        let x = random([8, 2816], Kind::Float);
        let all = products(&x, [&weight]).unwrap();
        for row in 0..8 {
            let one = products(&x.narrow(0, row, 1), [&weight]).unwrap();
            match (&all, one) {
                (Some([all]), Some([one])) => assert_eq!(all.narrow(0, row, 1), one),
                (all, one) => assert!(all.is_none() && one.is_none()),
            }
        }
    }

    #[test]
    fn what_it_has_no_kernel_for_is_left_to_libtorch() {
        let f32 = |rows: i64, inputs: i64| random([rows, inputs], Kind::Float);
        let w = f32(4, 64);
        let left = |x: &Tensor, w: &Tensor| products(x, [w]).unwrap().is_none();
        assert!(left(&f32(MOST_ROWS as i64 + 1, 64), &w));
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
