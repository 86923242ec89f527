//! A comparison from end to end.

use std::path::{Path, PathBuf};

use study::chat::in_chat;
use study::file::{JudgedBy, StudyFile};
use study::judging_open::{judge_open, say_unjudged};
use study::lens::{LensRespondent, open_model};
use study::place::{Kind, fetched};
use study::planted::Truth;
use study::whole_run::{ask_all, pace_of, say_time};
use study::{
    Materials, ModelFiles, Questions as _, Respondent, Watch, journal_of, journals_of_shards,
    manifest,
};
use value_causal::bench::journal::{Journal, Manifest, Question, Shard, merge};
use value_causal::bench::{Prompt, Scale};
use value_causal::lens::Lm;

use crate::answers::Answers;
use crate::contrast::{self, From};
use crate::cost::{Cost, Ruler};
use crate::costs::measure;
use crate::file::ComparisonFile;
use crate::graph::{Expected, expected};
use crate::learned::Learner;
use crate::measures::Judge;
use crate::method::How;
use crate::outcome::{Made, Outcome};
use crate::plan::{Questions, values};
use crate::steers::{Compared, Planned};
use crate::write::write;
use program::{Failure, Interruption, make_folder, say};
use reproduce::{bytes_checksum, checksum};

/// What a run is told.
pub struct Run<'a> {
    /// The comparison.
    pub file: ComparisonFile,
    /// The study that it builds on.
    pub study: StudyFile,
    /// The folder of all files.
    pub data: PathBuf,
    /// Where all goes.
    pub out: &'a Path,
    /// Which rows are asked.
    pub shard: Shard,
}

/// What is known before a model is opened.
struct Prepared {
    materials: Materials,
    planned: Vec<Planned>,
    questions: Questions,
}

impl Run<'_> {
    fn prepared(&self) -> Result<Prepared, Failure> {
        let (file, study, data) = (&self.file, &self.study, &self.data);
        let materials = in_chat(Materials::read(study, data)?, study, data)?;
        if let Some(item) = materials
            .items
            .items()
            .iter()
            .find(|item| item.scale != Scale::YesNo)
        {
            let (question, scale) = (&item.question, &item.scale);
            return Err(format!(
                "{question:?}: expected an item that is answered with yes or no, found {scale}"
            )
            .into());
        }
        let values = values(file, &materials)?;
        let planned = Planned::all(file, &values);
        let questions = Questions::new(file, study, &materials, &planned, values)?;
        Ok(Prepared {
            materials,
            planned,
            questions,
        })
    }

    fn learned(&self, lm: &Lm, prepared: &Prepared) -> Result<Compared, Failure> {
        let from = From {
            study: &self.study,
            materials: &prepared.materials,
            data: &self.data,
        };
        let learner = Learner::new(lm, &self.file, from);
        let mut compared = Compared::learned(&self.file, &prepared.planned, &learner, lm)?;
        compared.set_rows(prepared.questions.steers.clone());
        Ok(compared)
    }

    /// Says what would be done and how long it would take.
    ///
    /// # Errors
    /// Something that the files name cannot be used; standard output fails.
    pub fn plan(&self) -> Result<(), Failure> {
        let prepared = self.prepared()?;
        let Prepared {
            questions, planned, ..
        } = &prepared;
        say(questions
            .describe(&self.file, planned, self.shard)
            .trim_end())?;
        let lm = open_model(&self.study, &self.data)?;
        let compared = self.learned(&lm, &prepared)?;
        let mut respondent = LensRespondent::steered_by(lm, &self.study, &compared);
        questions.plan.check(&respondent)?;
        let pace = pace_of(&questions.plan, &mut respondent, self.shard, false)?;
        let answers = questions.plan.design.n_questions(self.shard);
        Ok(say_time(answers, &pace, Some(LensRespondent::threads()))?)
    }

    /// Asks what is pending, measures what it costs, and writes all that follows; of a shard, asks alone.
    ///
    /// # Errors
    /// Something that the files name cannot be used; the journal is of another comparison; a question got no answer; the run
    /// is to end; a file cannot be written.
    pub fn go(&self) -> Result<(), Failure> {
        let prepared = self.prepared()?;
        let Prepared {
            questions, planned, ..
        } = &prepared;
        let files = ModelFiles::of(&self.study, &self.data)?;
        say(questions
            .describe(&self.file, planned, self.shard)
            .trim_end())?;
        let lm = open_model(&self.study, &self.data)?;
        let compared = self.learned(&lm, &prepared)?;
        let mut respondent = LensRespondent::steered_by(lm, &self.study, &compared);
        questions.plan.check(&respondent)?;
        let interruption = Interruption::watched()?;
        let manifest = self.manifest(&prepared.materials, &files, &questions.values)?;
        let watch = Watch {
            interruption: &interruption,
            files: &files,
        };
        let journal = self.asked(questions, &manifest, &mut respondent, &watch)?;
        if self.shard != Shard::WHOLE {
            let (path, of) = (journal.path().display(), self.shard.of());
            return Ok(say(format_args!(
                "{path}: complete. Once all {of} shards are, run the same command without --shard."
            ))?);
        }
        let lm = respondent.model();
        let costs = self.costs(&prepared, manifest, (lm, &compared), &interruption)?;
        let outcome = self.outcome(&prepared, &journal, &compared, costs)?;
        for file in write(&outcome, self.out)? {
            say(self.out.join(file).display())?;
        }
        Ok(())
    }

    /// The journal, once all is answered and judged.
    fn asked(
        &self,
        questions: &Questions,
        manifest: &Manifest,
        respondent: &mut dyn Respondent,
        watch: &Watch<'_>,
    ) -> Result<Journal, Failure> {
        let judging = &self.study.judging;
        // A judge that cannot be had is known before anything is asked.
        let server = match judging.judge {
            JudgedBy::Chat => Some(judging.server.clone().unwrap_or_default().client()?),
            JudgedBy::Rules => None,
        };
        let mut journal = self.journal(manifest, questions)?;
        ask_all(&questions.plan, &mut journal, respondent, watch)?;
        let judged = judge_open(&self.study, &mut journal, server, watch.interruption);
        say_unjudged(&journal, judging.judges_thoughts())?;
        judged?;
        Ok(journal)
    }

    /// What the model without a steer costs, and what each steer does.
    fn costs(
        &self,
        prepared: &Prepared,
        manifest: Manifest,
        (lm, compared): (&Lm, &Compared),
        interruption: &Interruption,
    ) -> Result<(Cost, Vec<Cost>), Failure> {
        let neutral = &self.file.neutral;
        let ruler = Ruler::new(neutral, &self.data, lm, &prepared.materials)?;
        let of = manifest.with("neutral.sha256", checksum(&self.data.join(&neutral.file))?);
        let of = of.with("neutral", serde_json::to_string(neutral)?);
        let of: String = of
            .iter()
            .map(|(key, value)| format!("{key}={value}\n"))
            .collect();
        let costs = measure(
            &self.out.join("costs.jsonl"),
            &bytes_checksum(of),
            (&self.file, &prepared.planned, compared),
            (&ruler, &prompts(&prepared.questions)?),
            interruption,
        )?;
        Ok((ruler.unsteered, costs))
    }

    fn outcome(
        &self,
        prepared: &Prepared,
        journal: &Journal,
        compared: &Compared,
        (unsteered, costs): (Cost, Vec<Cost>),
    ) -> Result<Outcome, Failure> {
        let (materials, questions) = (&prepared.materials, &prepared.questions);
        let Expected { follows, truth } = expected(&self.file, &self.study, &self.data, materials)?;
        let design = journal.design();
        let asked = design.rows().first().map(|row| row.items.clone());
        let asked = asked.iter().flat_map(|items| items.iter());
        let judge = Judge {
            items: asked.map(|&item| &design.items()[item]).collect(),
            values: materials.items.values(),
            roles: roles(questions),
            follows,
            truth: truth.as_ref(),
            definitions: &materials.definitions,
        };
        let made = Made {
            file: &self.file,
            planned: &prepared.planned,
            costs: &costs,
            answers: &Answers::of(journal)?,
            judge: &judge,
            values: &questions.values,
            compared,
            unsteered,
        };
        Outcome::of(&self.study.name, &made)
    }

    /// The journal of this comparison. Where there is none of the whole, but shards have some, these become one.
    fn journal(&self, manifest: &Manifest, questions: &Questions) -> Result<Journal, Failure> {
        let path = journal_of(self.out, self.shard);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let shards = journals_of_shards(&self.out.join("shards"))?;
        if self.shard == Shard::WHOLE && !path.exists() && !shards.is_empty() {
            merge(&path, &shards)?.close()?;
        }
        Ok(Journal::open(
            &path,
            manifest,
            &questions.plan.design,
            self.shard,
        )?)
    }

    /// What an answer of this comparison depends on: all that one of the study does, and whatever steers are learned from.
    fn manifest(
        &self,
        materials: &Materials,
        files: &ModelFiles,
        values: &[String],
    ) -> Result<Manifest, Failure> {
        let mut manifest = manifest(&self.study, materials, files, None)?;
        for method in &self.file.methods {
            let key = format!("methods.{}", method.name);
            manifest = manifest.with(&key, serde_json::to_string(&method)?);
            if let How::Direction { file, .. } = &method.how {
                manifest = manifest.with(format!("{key}.sha256"), checksum(&self.data.join(file))?);
            }
            if let How::Feature { sae: Some(sae), .. } = &method.how {
                manifest = manifest.with(
                    format!("{key}.sha256"),
                    checksum(&fetched(&self.data, sae, Kind::Sae)?)?,
                );
            }
        }
        for (name, of) in &self.file.contrasts {
            let key = format!("contrasts.{name}");
            manifest = manifest.with(&key, serde_json::to_string(of)?);
            let files = contrast::files(of, values, &self.data);
            let sums = files.iter().map(|file| checksum(file));
            let sums: Vec<String> = sums.collect::<Result<_, _>>()?;
            manifest = manifest.with(format!("{key}.sha256"), bytes_checksum(sums.concat()));
        }
        Ok(manifest)
    }
}

/// Prompts that are asked, a few of them from all over.
fn prompts(questions: &Questions) -> Result<Vec<Prompt>, Failure> {
    const PROMPTS: usize = 4;
    let plan = &questions.plan;
    let rows = plan.design.rows();
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let items = (0..PROMPTS).map(|at| first.items[at * first.items.len() / PROMPTS]);
    let prompts = items.map(|item| Ok(plan.prompt(Question { row: 0, item })?));
    prompts.collect()
}

/// The roles asked, in order.
fn roles(questions: &Questions) -> Vec<Option<String>> {
    let rows = questions.plan.design.rows().iter().zip(&questions.steers);
    let unsteered = rows.take_while(|(_, steer)| steer.is_none());
    unsteered.map(|(row, _)| row.setting.role.clone()).collect()
}

/// A truth, if the study's analysis has one that says every answer.
pub(crate) fn organism(study: &StudyFile, data: &Path) -> Result<Option<Truth>, Failure> {
    match &study.analysis {
        Some(analysis) => study::finish::organism(analysis, data),
        None => Ok(None),
    }
}
