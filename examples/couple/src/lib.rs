//! Plans that meet an objective about a model's values.
//!
//! An objective file says where values should be, how much that matters and how near is near enough, and what may be done at
//! which price. The model is asked as it is and under everything that may be done; what it would take is searched, asked
//! again, and held against that until the objective is met or nothing better is expected. `docs/couple.md` of the
//! repository says how to use it and what it was measured to do.
//!
//! | file | what it does |
//! |---|---|
//! | `file` | the objective file |
//! | `levers` | what may be done, with prices, and what excludes what |
//! | `questions` | the questions to a role under some levers, in the study's words |
//! | `asking` | each of them asked once, into journals |
//! | `goal` | an objective with the numbers that it is held against |
//! | `causes` | the model that is fitted to a study's orientations, and what it would set |
//! | `search` | what is expected of levers together, what was measured, when to stop |
//! | `run` | measure, search, confirm |
//! | `outcome` | what came of it: `couple.json` |
//! | `report`, `picture` | the same to read and to see |

pub mod asking;
pub mod causes;
pub mod file;
pub mod goal;
pub mod levers;
pub mod outcome;
pub mod picture;
pub mod questions;
pub mod report;
pub mod run;
pub mod search;

pub use file::ObjectiveFile;
pub use outcome::Coupled;
pub use run::couple;
