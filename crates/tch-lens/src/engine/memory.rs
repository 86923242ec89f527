//! What memory a device has free.

use std::fs;

use tch::Device;

use crate::native;

/// Bytes free for new tensors; none where the system does not say.
pub(super) fn free(device: Device) -> Option<u64> {
    match device {
        Device::Cuda(index) => native::gpu_memory_free(index),
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
