//! Memory in huge pages, and memory that is kept.
//!
//! Decoding streams through all weights for every token. In pages of 4 KiB the processor spends much of that time on
//! looking addresses up, the more so in a virtual machine.

use tch::{Device, Kind, TchError, Tensor};

/// Smaller tensors stay in ordinary pages: one huge page is 2 MiB.
const LEAST_BYTES: usize = 4 << 20;

/// A tensor on the CPU, of any content, in huge pages if it is large and the system has them.
pub(crate) fn empty(shape: &[i64], kind: Kind) -> Result<Tensor, TchError> {
    let tensor = Tensor::f_empty(shape, (kind, Device::Cpu))?;
    let bytes = tensor.numel() * kind.elt_size_in_bytes();
    #[cfg(test)]
    if super::earnings::is_off(super::earnings::Part::HugePages) {
        return Ok(tensor);
    }
    if bytes >= LEAST_BYTES {
        advise(tensor.data_ptr().cast(), bytes);
    }
    Ok(tensor)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "madvise is a function of C")]
fn advise(start: *mut u8, bytes: usize) {
    const PAGE: usize = 4096;
    let first = start.align_offset(PAGE);
    let whole = bytes.saturating_sub(first) / PAGE * PAGE;
    // SAFETY: the range lies within memory that the caller owns; the advice changes how it is mapped, not what it
    // holds. A failure leaves ordinary pages.
    unsafe { libc::madvise(start.add(first).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

/// See [`keep_memory`](crate::keep_memory).
pub(crate) fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt is a function of C")]
    // SAFETY: both are settings of the allocator that it documents for any time; a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
    }
}
