//! Sparse autoencoders of every layout: against what SAELens and sparsify make of the same files, and against a plain
//! statement of the formulas in double precision. And those that are trained here.

#[path = "../common/mod.rs"]
mod common;
mod goldens;
mod layouts;
#[path = "../common/npz.rs"]
mod npz;
mod properties;
mod refusals;
mod statement;
mod training;
mod written;
