//! Which Python wheels hold the parts, and how each must look.

/// A wheel on the package index, and what is wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct Wheel<'a> {
    /// The project's name.
    pub project: &'a str,
    /// Its release.
    pub version: &'a str,
    /// The platform's tag, as pip wants it named.
    pub platform: &'a str,
    /// The file's name.
    pub file: &'a str,
    /// The file's length in bytes.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: &'a str,
    /// Entries and the paths they get; one that ends in `/` is a folder with all below it.
    pub parts: &'a [(&'a str, &'a str)],
}

/// The Python version whose wheel is fetched, by whichever Python: nothing of Python is taken from it.
pub const PYTHON: &str = "311";

/// The CPU part of PyTorch's CUDA wheel, and the two small libraries of CUDA that this part is linked with. (The
/// index has no wheel for CPUs alone on this platform.)
pub const WHEELS: &[Wheel<'static>] = &[
    Wheel {
        project: "torch",
        version: super::VERSION,
        platform: "manylinux_2_28_x86_64",
        file: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        size: 530_604_548,
        sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
        parts: &[
            ("torch/include/", "include/"),
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
        ],
    },
    Wheel {
        project: "nvidia-cuda-runtime",
        version: "13.0.96",
        platform: "manylinux_2_17_x86_64",
        file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        size: 2_243_632,
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        parts: &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")],
    },
    Wheel {
        project: "nvidia-cuda-cupti",
        version: "13.0.85",
        platform: "manylinux_2_25_x86_64",
        file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        size: 10_715_597,
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        parts: &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")],
    },
];
