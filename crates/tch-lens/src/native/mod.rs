#![doc = include_str!("README.md")]

#[cfg(feature = "native")]
mod attention;
#[cfg(all(test, feature = "native"))]
mod earnings;
#[cfg(feature = "native")]
mod gpu;
#[cfg(feature = "native")]
mod map;
#[cfg(not(feature = "native"))]
mod portable;
#[cfg(feature = "native")]
mod products;
#[cfg(feature = "native")]
mod team;

#[cfg(not(feature = "native"))]
pub(crate) use portable::{FileMap, attention, gpu_memory_free, products};
#[cfg(feature = "native")]
pub(crate) use {
    attention::attention, gpu::gpu_memory_free, map::FileMap, products::of as products,
};
