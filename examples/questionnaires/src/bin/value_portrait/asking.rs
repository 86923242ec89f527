//! Every item under every variant of the prompt.

use std::path::Path;
use std::sync::Arc;

use program::{Failure, Interruption, counted, remark, steps};
use questionnaires::asking::{Likely, Speaker, Written};
use value_causal::bench::journal::{
    Design, Journal, JournalError, Manifest, PlannedRow, Question, Response, Shard, Verdict,
    prompt_hash,
};
use value_causal::bench::portrait::{
    PortraitItem, PortraitPrompts, PortraitRatings, Query, Variant,
};
use value_causal::bench::{Item, RatingJudge, RatingScale, Reading, Scale, Setting};

/// Questions that are handed over together: a stop costs at most their answers.
const TOGETHER: usize = 128;

/// What is asked, and how an answer is read.
pub struct Asking<'a> {
    pub items: &'a [PortraitItem],
    pub prompts: &'a PortraitPrompts,
    pub scale: &'a RatingScale,
    pub max_new_tokens: u32,
    pub interruption: &'a Interruption,
}

/// What a model rated.
pub struct Ratings {
    /// Of each item, by variant.
    pub of_items: Vec<PortraitRatings>,
    answers: usize,
    /// Why the first answer without a rating has none.
    unrated: Option<String>,
}

impl Ratings {
    /// What there is in the place of a rating, if there is none at all.
    pub fn none(&self) -> Option<String> {
        let why = self.unrated.as_deref().unwrap_or("nothing was asked");
        let is_rated = self.of_items.iter().any(|of| of.mean().is_some());
        (!is_rated)
            .then(|| format!("expected a rating in some answer, found none; the first: {why}"))
    }

    /// How many there are, in words.
    pub fn counts(&self) -> String {
        let all = self.of_items.iter().flat_map(|ratings| ratings.0);
        let rated = all.flatten().count();
        let why = self.unrated.as_ref().map_or(String::new(), |why| {
            format!(" (the first that is not: {why})")
        });
        format!(
            "{}, {rated} of them rated{why}",
            counted(self.answers, "answer")
        )
    }
}

impl Asking<'_> {
    /// Asks what the journal in `out` lacks, and reads all ratings.
    ///
    /// # Errors
    /// The model or the journal fails, the journal is another model's or of other items, or the run is to end; what was
    /// answered before stays.
    pub fn ask(&self, speaker: &Speaker, out: &Path) -> Result<Ratings, Failure> {
        let design = self.design()?;
        let prompts: Vec<Vec<String>> = Variant::ALL.map(|variant| self.rendered(variant)).into();
        let (most, form) = (self.max_new_tokens, speaker.asked_in());
        let asked = format!("at most {most} tokens, asked in {form}");
        let manifest = Manifest::default()
            .with("model", speaker.name())
            .with("asked", asked)
            .with("prompts", speaker.asked(&prompts.concat().concat()));
        let path = out.join("answers.journal");
        let mut journal = Journal::open(&path, &manifest, &design, Shard::WHOLE)?;
        let pending = journal.pending()?;
        let there = design.n_questions(Shard::WHOLE) - pending.len();
        if there > 0 && !pending.is_empty() {
            remark(format_args!("{} there already", counted(there, "answer")));
        }
        let bar = steps(pending.len() as u64);
        for questions in pending.chunks(TOGETHER) {
            let texts = questions
                .iter()
                .map(|question| prompts[question.row][question.item].clone());
            let texts: Vec<String> = texts.collect();
            let mut answers = Vec::new();
            let outcome = speaker.write(&texts, most, &mut |place, written| {
                answers.push(self.response(questions[place], &texts[place], written));
                bar.inc(1);
                Ok(self.interruption.check()?)
            });
            // What is there is kept, also where the model broke off.
            journal.record(&answers)?;
            outcome?;
        }
        bar.finish_and_clear();
        journal.verify()?;
        self.ratings(&journal)
    }

    /// A row for each variant.
    fn design(&self) -> Result<Design, Failure> {
        let items = self.items.iter().map(|item| Item {
            inventory: "Value Portrait".to_owned(),
            statement: format!("{}/{}", item.query.id, item.response),
            question: item.text.clone(),
            scale: Scale::Ratings(self.scale.clone()),
            ..Item::default()
        });
        let all: Arc<[usize]> = (0..self.items.len()).collect();
        let rows = Variant::ALL.map(|variant| PlannedRow {
            part: variant.name().to_owned(),
            setting: Setting::default(),
            items: all.clone(),
        });
        Ok(Design::new(items.collect(), rows.into())?)
    }

    fn rendered(&self, variant: Variant) -> Vec<String> {
        let items = self.items.iter();
        items
            .map(|item| self.prompts.render(variant, item))
            .collect()
    }

    fn response(&self, question: Question, prompt: &str, written: Written) -> Response {
        // As the released ratings are read: from the whole answer.
        let judge = RatingJudge::new(self.scale);
        let (verdict, text) = match written.text {
            Ok(text) => match judge.judge(&text) {
                Some(rating) => (Verdict::of(Reading::Rating(rating), "spellings"), text),
                None => (unrated("it holds no spelling of a rating".to_owned()), text),
            },
            Err(why) => (unrated(why), String::new()),
        };
        let [prompt_tokens, new_tokens] = written.tokens;
        Response {
            question,
            prompt_hash: prompt_hash(prompt),
            text,
            prompt_tokens,
            new_tokens,
            seconds: written.seconds,
            verdict,
        }
    }

    fn ratings(&self, journal: &Journal) -> Result<Ratings, Failure> {
        let mut ratings = Ratings {
            of_items: vec![PortraitRatings::default(); self.items.len()],
            answers: 0,
            unrated: None,
        };
        journal.for_each(|recorded| {
            let Question { row, item } = recorded.response.question;
            ratings.answers += 1;
            match (
                recorded.response.verdict.reading(),
                recorded.response.verdict,
            ) {
                (Some(Reading::Rating(rating)), _) => ratings.of_items[item].0[row] = Some(rating),
                (_, Verdict::Unjudged { reason }) => {
                    ratings.unrated.get_or_insert(reason);
                }
                _ => {}
            }
            Ok::<_, JournalError>(())
        })?;
        Ok(ratings)
    }
}

/// How likely a local model finds each item's response behind its query, in the order of the items; none at all of a served
/// one.
///
/// # Errors
/// The model fails.
pub fn likelihoods(
    speaker: &Speaker,
    items: &[PortraitItem],
) -> Result<Option<Vec<Option<Likely>>>, Failure> {
    let queries = items.chunk_by(|a, b| a.query.id == b.query.id);
    let responses = queries.map(|items| {
        let texts = items.iter().map(|item| item.text.as_str());
        (said(&items[0].query), texts.collect())
    });
    let found = speaker.likelihoods(&responses.collect::<Vec<_>>())?;
    Ok(found.map(|found| found.concat()))
}

/// What somebody says or asks in a query.
fn said(query: &Query) -> String {
    let title = query.title.as_deref().map(|title| format!("{title}\n\n"));
    format!("{}{}", title.unwrap_or_default(), query.text)
}

fn unrated(reason: String) -> Verdict {
    Verdict::Unjudged { reason }
}
