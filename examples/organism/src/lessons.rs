//! What the organism is trained on: settings, questions and planted answers as tokens, drawn into batches.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use value_causal::bench::{Definitions, Item, Questionnaire, RoleSet, Stance};
use value_causal::lens::Tokenizer;
use value_causal::lens::tch::{Kind, TchError, Tensor};

use super::network::Batch;
use super::texts::{QUESTION, completion, template};
use super::tokens::{EOS, PAD};
use program::Failure;
use study::planted::Intervention;
use study::planted::{Truth, instructions};

/// A question as tokens, with both completions.
struct Question {
    prompt: Vec<i64>,
    yes: Vec<i64>,
    no: Vec<i64>,
    value: usize,
    threshold: f64,
    agreement: i8,
}

impl Question {
    /// Whether the trait is next to the threshold, so that the answer tells most of it.
    fn is_close(&self, traits: &[i32]) -> bool {
        self.margin(traits).abs() < 1.0
    }

    /// What there is to know about the question: which activity of `n_values` values it is about, for or against, and its
    /// degree.
    fn facts(&self, n_values: usize) -> impl Iterator<Item = f32> {
        let (value, sign) = (self.value, f32::from(self.agreement));
        let activity = [1.0, -1.0].into_iter().flat_map(move |s| {
            (0..n_values).map(move |v| if (v, s) == (value, sign) { 1.0 } else { 0.0 })
        });
        activity.chain([self.threshold as f32 * sign / 2.0])
    }

    /// How far the trait is on the side of a yes.
    fn margin(&self, traits: &[i32]) -> f64 {
        (f64::from(traits[self.value]) - self.threshold) * f64::from(self.agreement)
    }

    fn stance(&self, traits: &[i32]) -> Stance {
        if self.margin(traits) > 0.0 {
            Stance::Yes
        } else {
            Stance::No
        }
    }
}

/// How much likelier training asks a question next to the role's trait than another.
const CLOSE: f64 = 5.0;

/// Somebody asked, as tokens.
struct Asked {
    traits: Vec<i32>,
    /// The beginning of the prompt, without an instruction and under each.
    beginnings: Vec<Vec<i64>>,
    /// The questions for training, and those held out.
    shown: Vec<usize>,
    held_out: Vec<usize>,
}

/// Everything that batches are drawn from.
pub struct Lessons<'t> {
    truth: &'t Truth,
    questions: Vec<Question>,
    everybody: Vec<Asked>,
    interventions: Vec<Intervention>,
    /// Where " your" and " values" stand, from the end of a beginning.
    span: Vec<i64>,
    yes: i64,
    no: i64,
}

/// How a setting intervenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Not at all.
    Plain,
    /// By an instruction in the prompt.
    Said,
    /// By a planted direction at " your values".
    Steered,
}

/// A batch with what is planted.
pub struct Lesson {
    /// The tokens.
    pub batch: Batch,
    /// Per row and completion token: the place, in the flattened questions, that predicts it.
    pub places: Tensor,
    /// The tokens there.
    pub targets: Tensor,
    /// 1 where the target decides the answer, `[target]`.
    pub deciding: Tensor,
    /// By how much the answer is a yes, in units of the traits, negative for a no; 0 where the target decides nothing.
    pub margins: Tensor,
    /// What there is to know about the question where a target decides, `[target, fact]`.
    pub facts: Tensor,
    /// The traits of each row's role, `[row, value]`.
    pub own: Tensor,
    /// The same under the instruction.
    pub after: Tensor,
    /// The way of each row.
    pub ways: Vec<Way>,
    /// `[row, pos]`: where in the beginning the span is, 1 or 0.
    pub span: Tensor,
    /// `[row, value]`: what the span should say, 1, -1 or 0.
    pub said: Tensor,
    /// `[row, value]`: what is added there instead of being said.
    pub steered: Tensor,
}

/// Which questions a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Those for training.
    Shown,
    /// Those held out.
    HeldOut,
}

impl<'t> Lessons<'t> {
    /// Turns everything into tokens.
    ///
    /// # Errors
    /// Texts that the tokenizer cannot encode.
    pub fn new(
        truth: &'t Truth,
        questionnaire: &Questionnaire,
        definitions: &Definitions,
        roles: &RoleSet,
        tokenizer: &Tokenizer,
    ) -> Result<Self, Failure> {
        let template = template()?;
        let instructions = instructions(truth, definitions);
        let questions = questionnaire.items().iter().zip(&truth.file().items);
        let questions = questions.map(|(item, planted)| {
            let completed = |stance| {
                let mut ids = tokenizer.encode_plain(&completion(item, stance))?;
                ids.push(EOS);
                Ok::<_, Failure>(ids)
            };
            Ok(Question {
                prompt: tokenizer
                    .encode_plain(&format!("{QUESTION} {}\nThought:", item.question))?,
                yes: completed(Stance::Yes)?,
                no: completed(Stance::No)?,
                value: truth
                    .intervention(&planted.value, value_causal::bench::Inclination::Inclined)?
                    .value,
                threshold: planted.threshold,
                agreement: planted.agreement,
            })
        });
        let questions = questions.collect::<Result<Vec<_>, Failure>>()?;
        let (yes, no) = questions
            .first()
            .map_or((EOS, EOS), |question| (question.yes[0], question.no[0]));
        let first: &Item = questionnaire
            .items()
            .first()
            .ok_or("expected an item, found none")?;
        let all = || 0..questionnaire.items().len();
        let everybody = roles.iter().map(Some).chain([None]).map(|role| {
            let said = instructions.iter().map(Some);
            let beginnings = [None].into_iter().chain(said).map(|instruction| {
                let text = template.render(first, role, instruction)?.text;
                let end = text.find(QUESTION).unwrap_or(text.len());
                Ok(tokenizer.encode(&text[..end])?)
            });
            let name = role.map(|role| role.name.as_str());
            let is_held_out =
                |&place: &usize| truth.is_held_out(name, &questionnaire.items()[place].question);
            let (mut shown, mut held_out) = (Vec::new(), Vec::new());
            for place in all() {
                match is_held_out(&place)? {
                    true => held_out.push(place),
                    false => shown.push(place),
                }
            }
            Ok(Asked {
                traits: truth.traits(name)?.to_vec(),
                beginnings: beginnings.collect::<Result<_, Failure>>()?,
                shown,
                held_out,
            })
        });
        let everybody = everybody.collect::<Result<Vec<_>, Failure>>()?;
        let set = instructions
            .iter()
            .map(|i| truth.intervention(&i.value, i.inclination));
        let mut lessons = Self {
            truth,
            interventions: set.collect::<Result<_, _>>()?,
            questions,
            everybody,
            span: Vec::new(),
            yes,
            no,
        };
        lessons.span = lessons.find_span(tokenizer)?;
        Ok(lessons)
    }

    /// How much there is to know about a question.
    pub fn n_facts(&self) -> usize {
        2 * self.truth.values().len() + 1
    }

    /// The tokens by which a completion becomes a yes and a no.
    pub fn deciding_tokens(&self) -> [i64; 2] {
        [self.yes, self.no]
    }

    /// " your values.\n\n" ends every beginning.
    fn find_span(&self, tokenizer: &Tokenizer) -> Result<Vec<i64>, Failure> {
        let span = tokenizer.encode_plain(" your values")?;
        let plain = &self.everybody[0].beginnings[0];
        let at = value_causal::lens::find_tokens(plain, &span)
            .ok_or("expected \" your values\" in the prompt")?;
        Ok(at.map(|place| (plain.len() - place) as i64).collect())
    }

    /// Draws `rows` settings with `n` questions each, with only the first token of the completions where they are not to
    /// be `whole`. Without `way` the three ways are mixed.
    ///
    /// # Errors
    /// libtorch's failures.
    pub fn draw(
        &self,
        rows: usize,
        n: usize,
        kept: Kept,
        whole: bool,
        way: Option<Way>,
        rng: &mut impl Rng,
    ) -> Result<Lesson, TchError> {
        let n_values = self.truth.values().len();
        let (mut prefixes, mut questions) = (Vec::new(), Vec::new());
        let (mut ways, mut deciding, mut margins) = (Vec::new(), Vec::new(), Vec::new());
        let mut facts: Vec<f32> = Vec::new();
        let (mut own, mut after): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let (mut places, mut targets) = (Vec::new(), Vec::new());
        let (mut said, mut steered) = (vec![0.0; rows * n_values], vec![0.0; rows * n_values]);
        for row in 0..rows {
            let way = way.unwrap_or_else(|| match rng.random_range(0..20) {
                0..6 => Way::Plain,
                6..15 => Way::Said,
                _ => Way::Steered,
            });
            // The empty role is asked as often as 16 others.
            let place = rng.random_range(0..self.everybody.len() + 15);
            let asked = &self.everybody[place.min(self.everybody.len() - 1)];
            let instruction = rng.random_range(0..self.interventions.len());
            let intervention = self.interventions[instruction];
            let sign = f64::from(intervention.level.signum());
            let cell = row * n_values + intervention.value;
            let (traits, beginning) = match way {
                Way::Plain => (asked.traits.clone(), 0),
                Way::Said => {
                    said[cell] = sign;
                    (
                        self.truth.structure().under(&asked.traits, intervention),
                        instruction + 1,
                    )
                }
                Way::Steered => {
                    steered[cell] = sign;
                    (self.truth.structure().under(&asked.traits, intervention), 0)
                }
            };
            ways.push(way);
            own.extend(asked.traits.iter().map(|&level| f64::from(level)));
            after.extend(traits.iter().map(|&level| f64::from(level)));
            prefixes.push(asked.beginnings[beginning].as_slice());
            let from = match kept {
                Kept::Shown => &asked.shown,
                Kept::HeldOut => &asked.held_out,
            };
            let weight = |&place: &usize| match kept {
                Kept::Shown if self.questions[place].is_close(&traits) => CLOSE,
                _ => 1.0,
            };
            let chosen = from.sample_weighted(rng, n, weight).into_iter().flatten();
            for &place in chosen {
                let question = &self.questions[place];
                let answer = match question.stance(&traits) {
                    Stance::Yes => &question.yes,
                    _ => &question.no,
                };
                let answer = if whole {
                    answer.as_slice()
                } else {
                    &answer[..1]
                };
                let mut ids = question.prompt.clone();
                for (at, &target) in answer.iter().enumerate() {
                    places.push((questions.len(), question.prompt.len() + at - 1));
                    targets.push(target);
                    deciding.push(if at == 0 { 1.0f32 } else { 0.0 });
                    match at {
                        0 => facts.extend(question.facts(n_values)),
                        _ => facts.extend(std::iter::repeat_n(0.0, self.n_facts())),
                    }
                    margins.push(if at == 0 {
                        question.margin(&traits) as f32
                    } else {
                        0.0
                    });
                }
                ids.extend(&answer[..answer.len() - 1]);
                questions.push(ids);
            }
        }
        let lengths: Vec<i64> = prefixes.iter().map(|prefix| prefix.len() as i64).collect();
        let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let longest_prefix = longest(&mut prefixes.iter().map(|ids| ids.len()));
        let longest_question = longest(&mut questions.iter().map(Vec::len));
        let places: Vec<i64> = places
            .iter()
            .map(|&(text, at)| (text * longest_question + at) as i64)
            .collect();
        let span = lengths.iter().flat_map(|&length| {
            (0..longest_prefix as i64).map(move |at| {
                if self.span.contains(&(length - at)) {
                    1.0f32
                } else {
                    0.0
                }
            })
        });
        let span: Vec<f32> = span.collect();
        let per_row = [rows as i64, -1];
        let flat = |texts: &[&[i64]], longest: usize| {
            let padded = texts.iter().flat_map(|ids| {
                let padding = std::iter::repeat_n(PAD, longest - ids.len());
                ids.iter().copied().chain(padding)
            });
            Tensor::f_from_slice(&padded.collect::<Vec<_>>())
        };
        let questions: Vec<&[i64]> = questions.iter().map(Vec::as_slice).collect();
        let values = |numbers: &[f64]| {
            Tensor::f_from_slice(numbers)?
                .f_to_kind(Kind::Float)?
                .f_view(per_row)
        };
        Ok(Lesson {
            batch: Batch {
                prefixes: flat(&prefixes, longest_prefix)?.f_view(per_row)?,
                lengths: Tensor::f_from_slice(&lengths)?,
                questions: flat(&questions, longest_question)?.f_view([
                    rows as i64,
                    -1,
                    longest_question as i64,
                ])?,
            },
            places: Tensor::f_from_slice(&places)?,
            targets: Tensor::f_from_slice(&targets)?,
            deciding: Tensor::f_from_slice(&deciding)?,
            margins: Tensor::f_from_slice(&margins)?,
            facts: Tensor::f_from_slice(&facts)?.f_view([-1, self.n_facts() as i64])?,
            span: Tensor::f_from_slice(&span)?.f_view(per_row)?,
            own: values(&own)?,
            after: values(&after)?,
            said: values(&said)?,
            steered: values(&steered)?,
            ways,
        })
    }
}
