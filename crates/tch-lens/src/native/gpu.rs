//! What memory a GPU has free.

/// libtorch's C interface does not tell, so the CUDA runtime that libtorch has loaded is asked.
#[expect(
    unsafe_code,
    reason = "cudaSetDevice and cudaMemGetInfo are functions of C"
)]
#[cfg(unix)]
pub(crate) fn gpu_memory_free(index: usize) -> Option<u64> {
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
pub(crate) fn gpu_memory_free(_: usize) -> Option<u64> {
    None
}
