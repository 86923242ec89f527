//! Sparse autoencoders of every layout: against what SAELens and sparsify make of the same files, and against a plain
//! statement of the formulas in double precision.

mod goldens;
mod properties;
mod refusals;
mod statement;
mod written;
