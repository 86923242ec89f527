//! Sparse autoencoders of every layout, against what SAELens and sparsify make of the same files.

mod goldens;
