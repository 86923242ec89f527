//! The tutorials: one program per crate and one over all, each to be read from top to bottom.
//!
//! This library is empty; its tests are the Rust code of the repository's README and guides.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/from-causal-learn-and-pcalg.md")]
struct FromCausalLearnAndPcalg;
