//! The journal of a study: every raw answer, in a file that a kill at any moment leaves whole.
//!
//! A [`Design`] says what a study asks: rows, each a [`Setting`](crate::Setting) in a named part of
//! the study, and the items that each row is asked. A [`Manifest`] says what else would change an
//! answer, the model's files or the dose of a steer, say. A [`Journal`] belongs to one design and
//! one manifest and refuses every other; it tells which questions are [pending](Journal::pending),
//! takes [answers](Journal::record), and holds each one's judgement, or why there is none. What it
//! has acknowledged it keeps: who starts again goes on where the journal stopped.
//!
//! ```text
//! Design, Manifest ──▶ Journal ──pending──▶ Question ──your model──▶ Response ──record──▶ Journal
//!                        │ unjudged ──▶ text ──your judge──▶ Verdict ──judge──▶ Journal
//!                        └──▶ OrientationTable::from_journal, item_scores, item_changes, consistency,
//!                             item_statistics, write_csv
//! ```
//!
//! On many machines each has a [`Shard`] of the rows and a journal of its own; [`merge`] makes one
//! of them.
//!
//! The file is a SQLite database. Its view `answers` has every answer with its setting and item in
//! words, for any program that reads SQLite.
//!
//! ```
//! use valuebench::journal::{
//!     Design, Journal, Manifest, PlannedRow, Response, Shard, Unjudged, Verdict, prompt_hash,
//! };
//! use valuebench::{OrientationTable, Questionnaire, Setting, Stance};
//!
//! let csv = "\
//! questionnaire,item,value,agreement,question
//! TCI,I feel with others.,Empathy,1,Should I feel with others?
//! SOV,I avoid people.,Social,-1,Should I avoid people?
//! ";
//! let items = Questionnaire::from_reader(csv.as_bytes())?.items().to_vec();
//! let rows = vec![PlannedRow {
//!     part: "train".into(),
//!     setting: Setting::default(),
//!     items: [0, 1].into(),
//! }];
//! let design = Design::new(items, rows)?;
//! let manifest = Manifest::default().with("model", "always yes");
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("study.journal");
//! let mut journal = Journal::open(&path, &manifest, &design, Shard::WHOLE)?;
//! for question in journal.pending()? {
//!     journal.record(&[Response {
//!         question,
//!         prompt_hash: prompt_hash(&design.item(question).question),
//!         text: " Why not.\nAnswer: yes".into(),
//!         prompt_tokens: 9,
//!         new_tokens: 6,
//!         seconds: 0.1,
//!         verdict: Verdict::Judged { stance: Stance::Yes, judge: "rules".into() },
//!     }])?;
//! }
//! assert!(journal.pending()?.is_empty());
//! let table = OrientationTable::from_journal(&journal, "train", Unjudged::Refuse)?;
//! assert_eq!(table.matrix().row(0).to_vec(), [1.0, -1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The files:
//
//   design, manifest     what a study asks, and what else an answer depends on
//   answer, words        what is recorded, and the words for it in the tables
//   likelihood           answers that are read off, not written
//   open, place          the journal as it is opened and closed; whether it is still there
//   database, scales     its tables; those of items that are rated
//   digest               one number over all records
//   write, read          answers and verdicts on their way in and out
//   verify, merge        whether all is as it was written; one journal of many
//   said                 what an answer counts for
//   tables, export       orientations, item scores, consistency; answers as CSV

mod answer;
mod database;
mod design;
mod digest;
mod error;
mod export;
mod likelihood;
mod manifest;
mod merge;
mod open;
mod place;
mod read;
mod said;
mod scales;
mod tables;
mod verify;
mod words;
mod write;

pub use answer::{Aspect, LONGEST_ANSWER, Response, Verdict, prompt_hash};
pub use design::{Design, DesignError, PlannedRow, Question, Shard, ShardError};
pub use error::JournalError;
pub use likelihood::{BY_LIKELIHOOD, Leans, Likelihoods, RatingLikelihoods};
pub use manifest::{Difference, Manifest};
pub use merge::merge;
pub use open::Journal;
pub use read::{Recorded, Tally, ToJudge};
pub use tables::{Consistency, ItemStatistics, Steering, Unjudged};
pub use verify::Verified;
