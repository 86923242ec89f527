//! What memory a device has free.

use std::fs;

use tch::Device;

/// Bytes free for new tensors; none where the system does not say.
pub(super) fn free(device: Device) -> Option<u64> {
    match device {
        Device::Cuda(index) => cuda_free(index),
        _ => cpu_free(&fs::read_to_string("/proc/meminfo").ok()?),
    }
}

fn cpu_free(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// libtorch's C interface does not tell, so the CUDA runtime that libtorch has loaded is asked.
#[expect(
    unsafe_code,
    reason = "cudaSetDevice and cudaMemGetInfo are functions of C"
)]
#[cfg(unix)]
fn cuda_free(index: usize) -> Option<u64> {
    use std::ffi::c_int;

    type SetDevice = unsafe extern "C" fn(c_int) -> c_int;
    type MemGetInfo = unsafe extern "C" fn(*mut usize, *mut usize) -> c_int;
    let process = libloading::os::unix::Library::this();
    let index = c_int::try_from(index).ok()?;
    let (mut free, mut total) = (0_usize, 0_usize);
    // SAFETY: the signatures are those of cuda_runtime_api.h; both pointers are valid for the call.
    let failed = unsafe {
        let set_device = process.get::<SetDevice>(b"cudaSetDevice\0").ok()?;
        let mem_get_info = process.get::<MemGetInfo>(b"cudaMemGetInfo\0").ok()?;
        set_device(index) != 0 || mem_get_info(&raw mut free, &raw mut total) != 0
    };
    if failed { None } else { Some(free as u64) }
}

#[cfg(not(unix))]
fn cuda_free(_: usize) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_read() {
        assert_eq!(
            cpu_free("MemTotal: 9 kB\nMemAvailable:   24576 kB\n"),
            Some(24576 * 1024)
        );
        assert_eq!(cpu_free("MemTotal: 9 kB\n"), None);
        assert_eq!(cpu_free("MemAvailable: much kB\n"), None);
    }
}
