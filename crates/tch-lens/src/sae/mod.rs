//! Sparse autoencoders.
