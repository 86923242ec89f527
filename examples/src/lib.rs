//! Glue shared by the example binaries.
