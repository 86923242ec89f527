//! The journal: what it keeps, refuses, merges, and what is made of it.

mod damage;
mod gone;
mod interrupted;
mod merging;
mod rated;
mod refusals;
mod study;
mod tables;
