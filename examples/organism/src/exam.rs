//! Asking the organism through the engine, as a study does, and holding what it says against what is planted.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use value_causal::bench::{Answer, Instruction, Item, Judge, Judgement, Role, RuleJudge, Stance};
use value_causal::lens::{Engine, EngineOptions, Lm, Request, Stop};

use super::measure::{Changes, Effects, Found, Respond, discover, held_against, orientations};
use super::texts::template;
use super::world::World;
use program::Failure;

/// New tokens that are more than enough for a thought and an answer.
const MOST_TOKENS: usize = 24;
/// Share of the items that the roles for training are asked, and the seed of the split.
pub const TRAIN_SHARE: f64 = 0.7;
/// The seed of the split.
pub const SPLIT_SEED: u64 = 1;

/// One thing asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asked {
    /// The role's place among all, none for the empty one.
    pub role: Option<usize>,
    /// The place among [`World::instructions`], none without an instruction.
    pub instruction: Option<usize>,
    /// The item's place in the questionnaire.
    pub item: usize,
}

/// How much of the world is asked.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Roles for training, unsteered.
    pub train: usize,
    /// Roles for the test, under every instruction.
    pub test: usize,
}

/// What the exam found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Share of answers as planted, over all pairs of role and item that training never showed, with and without
    /// instructions.
    pub obedience: f64,
    /// Of those without an instruction.
    pub obedience_plain: f64,
    /// Of those with one.
    pub obedience_instructed: f64,
    /// Pairs behind the two.
    pub held_out: [usize; 2],
    /// Share of all answers, held out or not, whose thought and answer say the same.
    pub consistent: f64,
    /// The graph in the unsteered orientations of the roles for training, against the planted CPDAG.
    pub graph: Found,
    /// The effects of instructions on the test roles, with the planted graph.
    pub planted: Effects,
    /// With the graph that was found.
    pub discovered: Effects,
    /// Mean over random graphs of the planted one's shape.
    pub random: Effects,
    /// Answers.
    pub answers: usize,
    /// Answers per second.
    pub answers_per_second: f64,
}

/// The organism's answers.
#[derive(Debug)]
pub struct Answers<'w> {
    world: &'w World,
    roles: Vec<Role>,
    instructions: Vec<Instruction>,
    stances: HashMap<Asked, Stance>,
    consistent: usize,
    role_places: HashMap<String, usize>,
    item_places: HashMap<String, usize>,
}

impl<'w> Answers<'w> {
    /// Asks all of this, in the order in which prompts begin alike.
    ///
    /// # Errors
    /// Places beyond those of the world; a model that fails.
    pub fn to(asked: &BTreeSet<Asked>, lm: &Lm, world: &'w World) -> Result<Self, Failure> {
        let roles: Vec<Role> = world.roles()?.iter().cloned().collect();
        let role_places = roles.iter().map(|role| role.name.clone()).zip(0..);
        let items = world.questionnaire.items().iter().zip(0..);
        let mut answers = Self {
            world,
            role_places: role_places.collect(),
            item_places: items
                .map(|(item, place)| (item.question.clone(), place))
                .collect(),
            instructions: world.instructions(),
            stances: HashMap::new(),
            consistent: 0,
            roles,
        };
        let template = template()?;
        let request = |asked: &Asked| {
            let (role, item, instruction) = answers.named(*asked)?;
            let prompt = template.render(item, role, instruction)?.text;
            Ok(Request::new(prompt)
                .stop(Stop::after(MOST_TOKENS))
                .tag(*asked))
        };
        let requests = asked
            .iter()
            .map(request)
            .collect::<Result<Vec<_>, Failure>>()?;
        for completion in Engine::new(lm, EngineOptions::default()).run(requests) {
            let completion = completion?;
            let answer = RuleJudge.judge(&completion.text)?;
            let thought = RuleJudge.judge(Answer::of(&completion.text).thought)?;
            let agree = answer == thought && answer != Judgement::Open;
            answers.consistent += usize::from(agree);
            answers.stances.insert(completion.tag, answer.or_unsure());
        }
        Ok(answers)
    }

    /// How many of these are answered as planted.
    ///
    /// # Errors
    /// Places beyond those of the world.
    pub fn as_planted(&self, asked: &[Asked]) -> Result<usize, Failure> {
        let mut right = 0;
        for asked in asked {
            let (role, item, instruction) = self.named(*asked)?;
            let role = role.map(|role| role.name.as_str());
            let planted = self.world.truth.answer(role, &item.question, instruction)?;
            right += usize::from(self.stances.get(asked) == Some(&planted));
        }
        Ok(right)
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.stances.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stances.is_empty()
    }

    fn named(&self, asked: Asked) -> Result<(Option<&Role>, &Item, Option<&Instruction>), Failure> {
        let role = asked
            .role
            .map(|at| self.roles.get(at).ok_or("no such role"));
        let item = self.world.questionnaire.items().get(asked.item);
        let instruction = asked.instruction;
        let instruction =
            instruction.map(|at| self.instructions.get(at).ok_or("no such instruction"));
        Ok((
            role.transpose()?,
            item.ok_or("no such item")?,
            instruction.transpose()?,
        ))
    }
}

impl Respond for Answers<'_> {
    fn respond(
        &self,
        role: Option<&str>,
        item: &Item,
        instruction: Option<&Instruction>,
    ) -> Result<Stance, Failure> {
        let place = |at: Option<&usize>| {
            at.copied()
                .ok_or("an answer about somebody or something unknown")
        };
        let role = role
            .map(|name| place(self.role_places.get(name)))
            .transpose()?;
        let instruction =
            instruction.and_then(|set| self.instructions.iter().position(|i| i == set));
        let item = place(self.item_places.get(&item.question))?;
        let asked = Asked {
            role,
            instruction,
            item,
        };
        Ok(*self
            .stances
            .get(&asked)
            .ok_or("an answer to what nobody asked")?)
    }
}

/// Every pair of role and item that training never showed, for the roles at these places: once for each of the
/// instructions at `ways`.
///
/// # Errors
/// Places beyond those of the world.
pub fn held_out(
    world: &World,
    roles: &[Option<usize>],
    ways: &[Option<usize>],
) -> Result<Vec<Asked>, Failure> {
    let all = world.roles()?;
    let names: Vec<&str> = all.iter().map(|role| role.name.as_str()).collect();
    let mut pairs = Vec::new();
    for &role in roles {
        let name = role
            .map(|at| names.get(at).copied().ok_or("no such role"))
            .transpose()?;
        for (question, item) in world.questionnaire.items().iter().zip(0..) {
            if world.truth.is_held_out(name, &question.question)? {
                let asked = |&instruction| Asked {
                    role,
                    instruction,
                    item,
                };
                pairs.extend(ways.iter().map(asked));
            }
        }
    }
    Ok(pairs)
}

/// Asks the organism, and holds its answers against the truth: the roles for training unsteered, the test roles and the
/// empty one under every instruction too.
///
/// # Errors
/// A model that fails; too few roles for a search.
pub fn exam(lm: &Lm, world: &World, extent: Extent) -> Result<Figures, Failure> {
    let (train, test) = (
        world.train.split_at(extent.train).0,
        world.test.split_at(extent.test).0,
    );
    let train_places: Vec<_> = (0..train.len()).map(Some).collect();
    let first = world.train.len();
    let test_places: Vec<_> = (first..first + test.len())
        .map(Some)
        .chain([None])
        .collect();
    let plain = [None];
    let ways: Vec<_> = plain
        .into_iter()
        .chain((0..world.instructions().len()).map(Some))
        .collect();

    let split = world.questionnaire.split(TRAIN_SHARE, SPLIT_SEED)?;
    let items = world.questionnaire.items().iter().zip(0..);
    let (for_training, for_test): (Vec<_>, Vec<_>) =
        items.partition(|(item, _)| split.train.items().contains(item));
    let cross = |roles: &[Option<usize>], ways: &[Option<usize>], items: &[(&Item, usize)]| {
        let mut asked = BTreeSet::new();
        for &role in roles {
            for &instruction in ways {
                asked.extend(items.iter().map(|&(_, item)| Asked {
                    role,
                    instruction,
                    item,
                }));
            }
        }
        asked
    };
    let unsteered = held_out(world, &[&train_places[..], &test_places].concat(), &plain)?;
    let instructed = held_out(world, &test_places, &ways[1..])?;
    let mut asked = cross(&train_places, &plain, &for_training);
    asked.extend(cross(&test_places, &ways, &for_test));
    asked.extend(unsteered.iter().chain(&instructed));

    let start = Instant::now();
    let answers = Answers::to(&asked, lm, world)?;
    let seconds = start.elapsed().as_secs_f64();

    let right = [
        answers.as_planted(&unsteered)?,
        answers.as_planted(&instructed)?,
    ];
    let asked = [unsteered.len(), instructed.len()];
    let share = |right: usize, all: usize| right as f64 / all as f64;
    let values = world.truth.values();
    let graph = discover(
        &orientations(&split.train, values, &train, &answers)?,
        values,
    )?;
    let changes = Changes::under(&world.instructions(), &split.test, values, &test, &answers)?;
    let planted = world.truth.structure();
    Ok(Figures {
        obedience: share(right.iter().sum(), asked.iter().sum()),
        obedience_plain: share(right[0], asked[0]),
        obedience_instructed: share(right[1], asked[1]),
        held_out: asked,
        consistent: share(answers.consistent, answers.len()),
        graph: held_against(&graph, planted.cpdag())?,
        planted: changes.effects(planted.dag())?,
        discovered: changes.effects(&graph)?,
        random: changes.effects_of_random(planted.dag())?,
        answers: answers.len(),
        answers_per_second: share(answers.len(), 1) / seconds,
    })
}
