//! The chat client and what stands on it, against servers of the tests' own and a real one.

mod hostile;
mod key;
mod real;
mod server;
mod uses;
