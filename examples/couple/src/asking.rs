//! Postures asked, each once: answers into journals, orientations out of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use program::{Failure, Interruption, counted, make_folder, say};
use study::file::{JudgedBy, StudyFile};
use study::finish::unjudged;
use study::served::{chat_judge, judge_by_chat};
use study::{Meter, ModelFiles, Questions, Respondent, Watch, ask};
use value_causal::bench::OrientationTable;
use value_causal::bench::journal::{Aspect, Journal, Manifest, Shard};
use value_causal::ndarray::Array1;

use crate::levers::Posture;
use crate::questions::{Asks, ToPostures, Words};

/// Whoever answers, and what was answered.
pub struct Asker<'a> {
    /// The study.
    pub study: &'a StudyFile,
    /// The words of all questions.
    pub words: &'a Words,
    /// Who answers.
    pub respondent: Box<dyn Respondent>,
    /// All but the questions that answers depend on.
    pub manifest: Manifest,
    /// The files of the model.
    pub files: &'a ModelFiles,
    /// What may end the run.
    pub interruption: &'a Interruption,
    /// The folder of the journals.
    pub folder: PathBuf,
    /// What was found, by items and posture.
    pub found: Found,
    /// Answers in the journals that were needed.
    pub answers: usize,
}

/// Orientations, `[values]`, by the items that were asked and by who was.
pub type Found = BTreeMap<(Asks, Posture), Array1<f64>>;

impl Asker<'_> {
    /// Asks those of the postures that were not asked before. A journal belongs to one batch of them, whose digest it is named
    /// by: started again, a run finds it.
    ///
    /// # Errors
    /// Answers are missing, or not judged where they have to be; the run is to end; a journal is damaged or of another model.
    pub fn ask(
        &mut self,
        postures: impl IntoIterator<Item = Posture>,
        asks: Asks,
    ) -> Result<(), Failure> {
        let new = postures
            .into_iter()
            .filter(|posture| !self.found.contains_key(&(asks, posture.clone())));
        let new: Vec<Posture> = new.collect::<BTreeSet<_>>().into_iter().collect();
        if new.is_empty() {
            return Ok(());
        }
        let words = self.words;
        let questions = words.to(&new, asks)?;
        questions.check(&*self.respondent)?;
        let journal = self.answered(&questions)?;
        self.read(&journal, &questions, asks)
    }

    fn answered(&mut self, questions: &ToPostures<'_>) -> Result<Journal, Failure> {
        make_folder(&self.folder)?;
        let design = questions.design();
        let path = self
            .folder
            .join(format!("{}.journal", &design.digest()[..16]));
        let mut journal = Journal::open(&path, &self.manifest, design, Shard::WHOLE)?;
        let (all, pending) = (design.n_questions(Shard::WHOLE), journal.pending()?);
        let there = match all - pending.len() {
            0 => String::new(),
            there => format!(", {there} of them there already"),
        };
        let (settings, answers) = (
            counted(design.rows().len(), "setting"),
            counted(all, "answer"),
        );
        say(format_args!("{settings}, {answers}{there}"))?;
        self.answers += all;
        if !pending.is_empty() {
            let (meter, watch) = (
                Meter::new(pending.len(), "answers"),
                Watch {
                    interruption: self.interruption,
                    files: self.files,
                },
            );
            let asking = ask(
                questions,
                &mut journal,
                &mut *self.respondent,
                &pending,
                meter,
                &watch,
            )?;
            asking.check(questions)?;
        }
        self.judge(&mut journal)?;
        Ok(journal)
    }

    fn judge(&self, journal: &mut Journal) -> Result<(), Failure> {
        let judging = &self.study.judging;
        if judging.judge == JudgedBy::Rules {
            return Ok(());
        }
        let client = judging.server.clone().unwrap_or_default().client()?;
        let name = client.model().to_owned();
        let meter = |n| Meter::new(n, "answers judged");
        let judge = chat_judge(client, judging);
        judge_by_chat(
            journal,
            Aspect::Answer,
            &judge,
            &name,
            meter,
            self.interruption,
        )
    }

    fn read(
        &mut self,
        journal: &Journal,
        questions: &ToPostures<'_>,
        asks: Asks,
    ) -> Result<(), Failure> {
        let mut tables: BTreeMap<&str, OrientationTable> = BTreeMap::new();
        for part in journal.design().parts() {
            tables.insert(
                part,
                OrientationTable::from_journal(journal, part, unjudged(self.study))?,
            );
        }
        for (row, posture) in journal.design().rows().iter().zip(questions.postures()) {
            let of = |value: &String| {
                let table = tables.get(row.part.as_str())?;
                table.orientation(&row.setting, value)
            };
            let missing = |value: &String| missing(journal.path(), &row.part, value);
            let all = self.words.values().iter();
            let all = all.map(|value| of(value).ok_or_else(|| missing(value)));
            let all = all.collect::<Result<Array1<f64>, String>>()?;
            self.found.insert((asks, posture.clone()), all);
        }
        Ok(())
    }
}

fn missing(journal: &Path, part: &str, value: &str) -> String {
    let journal = journal.display();
    format!("{journal}, {part}: expected an orientation towards {value:?}, found none")
}
