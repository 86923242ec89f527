//! All steers of a comparison, each with its name: by it its answers are known in the journal.

use study::lens::Steers;
use study::{Asked, Told};
use value_causal::bench::Prompt;
use value_causal::lens::{Lm, Steer};

use crate::file::{ComparisonFile, Sign};
use crate::learned::{Learned, Learner, Line};
use crate::method::{How, Method};
use program::{Failure, steps};

/// The part of the answers without any steer.
pub const UNSTEERED: &str = "unsteered";

/// A value and which way it is to move, if any.
pub type Aim = Option<(String, Sign)>;

/// One steer.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its method's place in the file.
    pub method: usize,
    /// Which value it is to move, and which way; none for a random direction, which is held against all.
    pub aim: Aim,
    /// How far; 1 where the method has no doses.
    pub dose: f64,
    /// Which of the random directions, from 0.
    pub draw: Option<usize>,
}

impl Planned {
    /// All steers of a file over these values, in its order.
    #[must_use]
    pub fn all(file: &ComparisonFile, values: &[String]) -> Vec<Self> {
        let of = |(method, own): (usize, &Method)| {
            let doses = if own.doses.is_empty() {
                vec![1.0]
            } else {
                own.doses.clone()
            };
            let aims: Vec<(Aim, Option<usize>)> = match own.how {
                How::Random { draws, .. } => (0..draws).map(|draw| (None, Some(draw))).collect(),
                _ => {
                    let both = |value: &String| {
                        let signs = file.signs.iter();
                        signs
                            .map(|&sign| (Some((value.clone(), sign)), None))
                            .collect::<Vec<_>>()
                    };
                    values.iter().flat_map(both).collect()
                }
            };
            aims.into_iter().flat_map(move |(aim, draw)| {
                let aim = aim.clone();
                doses.clone().into_iter().map(move |dose| Self {
                    method,
                    aim: aim.clone(),
                    dose,
                    draw,
                })
            })
        };
        file.methods.iter().enumerate().flat_map(of).collect()
    }

    /// Its name: method, aim and dose, so that no two steers share one.
    #[must_use]
    pub fn name(&self, file: &ComparisonFile) -> String {
        let method = &file.methods[self.method];
        let mut name = method.name.clone();
        match &self.aim {
            Some((value, Sign::Raise)) => name += &format!(": raise {value}"),
            Some((value, Sign::Lower)) => name += &format!(": lower {value}"),
            None => name += &format!(": direction {}", self.draw.unwrap_or(0) + 1),
        }
        match method.how {
            How::Instruction {} => name,
            _ => format!("{name}, {}", self.dose),
        }
    }

    /// A random direction goes one way, which is held against both.
    fn sign(&self) -> Sign {
        self.aim.as_ref().map_or(Sign::Raise, |(_, sign)| *sign)
    }

    /// Whether both are learned at once, and differ by sign and dose alone.
    fn is_learned_with(&self, other: &Self) -> bool {
        let value = |one: &Self| one.aim.as_ref().map(|(value, _)| value.clone());
        (self.method, value(self), self.draw) == (other.method, value(other), other.draw)
    }

    fn learn(&self, file: &ComparisonFile, learner: &Learner<'_>) -> Result<Learned, Failure> {
        let method = &file.methods[self.method];
        match (&method.how, &self.aim) {
            (How::Random { at, seed, .. }, _) => {
                learner.random(at, seed + self.draw.unwrap_or(0) as u64)
            }
            (_, Some((value, _))) => learner.learn(method, value),
            (_, None) => Err(format!("{}: no value", method.name).into()),
        }
    }

    /// What the model is told under it.
    #[must_use]
    pub fn told(&self, file: &ComparisonFile) -> Told {
        match (&file.methods[self.method].how, &self.aim) {
            (How::Instruction {}, Some((value, sign))) => {
                Told::Value(value.clone(), sign.inclination())
            }
            _ => Told::Nothing,
        }
    }
}

/// The steers themselves, ready to be placed in prompts.
pub struct Compared {
    methods: Vec<Method>,
    /// By steer, its method and what is done.
    steers: Vec<(usize, Vec<Steer>)>,
    /// The steer of each row of the design; none for those without.
    rows: Vec<Option<usize>>,
    /// The directions, by method and value.
    pub directions: Vec<Direction>,
}

/// A direction that was learned, for the record.
pub struct Direction {
    /// The method's name.
    pub method: String,
    /// The value; none for random ones.
    pub value: String,
    /// Where, and along what.
    pub lines: Vec<Line>,
}

impl Compared {
    /// Learns all of them and refuses what the model cannot do.
    ///
    /// # Errors
    /// As [`Learner::learn`]; a steer that the model refuses.
    pub fn learned(
        file: &ComparisonFile,
        planned: &[Planned],
        learner: &Learner<'_>,
        lm: &Lm,
    ) -> Result<Self, Failure> {
        let mut compared = Self {
            methods: file.methods.clone(),
            steers: Vec::with_capacity(planned.len()),
            rows: Vec::new(),
            directions: Vec::new(),
        };
        let progress = steps(planned.len() as u64).with_message("steers learned");
        for group in planned.chunk_by(Planned::is_learned_with) {
            let Some(first) = group.first() else { continue };
            let learned = first.learn(file, learner)?;
            for one in group {
                let steers = learned.steers(one.sign(), one.dose)?;
                for steer in &steers {
                    let refused = |why| format!("{}: {why}", one.name(file));
                    lm.check_steer(steer).map_err(refused)?;
                }
                compared.steers.push((one.method, steers));
                progress.inc(1);
            }
            if let (Learned::Lines(lines), Some((value, _))) = (learned, &first.aim) {
                compared.directions.push(Direction {
                    method: file.methods[first.method].name.clone(),
                    value: value.clone(),
                    lines,
                });
            }
        }
        progress.finish_and_clear();
        Ok(compared)
    }

    /// Which steer each row of the design has.
    pub fn set_rows(&mut self, rows: Vec<Option<usize>>) {
        self.rows = rows;
    }

    /// A steer, by its number, at its place in a prompt.
    #[must_use]
    pub fn placed(&self, steer: usize, prompt: &Prompt) -> Vec<Steer> {
        let (method, steers) = &self.steers[steer];
        let method = &self.methods[*method];
        let placed = steers.iter().map(|steer| method.placed(steer, prompt));
        placed.collect()
    }
}

impl Steers for &Compared {
    fn of(&mut self, _: &Lm, asked: &Asked, prompt: &Prompt) -> Result<Vec<Steer>, Failure> {
        let steer = self.rows.get(asked.question.row).copied().flatten();
        Ok(steer.map_or_else(Vec::new, |steer| self.placed(steer, prompt)))
    }
}
