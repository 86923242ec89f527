use std::collections::HashMap;

use value_causal::bench::journal::{Journal, Verdict};
use value_causal::bench::{Definitions, Inclination, Instruction, Scale};

use super::plan::{LOWER, RAISE, TEST, TRAIN, instructed_part};
use crate::planted::Truth;
use program::Failure;

/// Answers as planted and answers in all, over the unsteered pairs of role and item that an organism's training never
/// showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Obedience {
    /// Without an instruction.
    pub(super) plain: [usize; 2],
    /// Under one.
    pub(super) instructed: [usize; 2],
}

impl Obedience {
    /// Holds every answer of a journal against what is planted; one that nobody judged is not as planted.
    pub(super) fn measured(journal: &Journal, truth: &Truth) -> Result<Self, Failure> {
        let both = [Inclination::Inclined, Inclination::Disinclined];
        let instructions = truth
            .values()
            .iter()
            .flat_map(|value| both.map(|inclination| (value, inclination)));
        let instructions: HashMap<String, Instruction> = instructions
            .map(|(value, inclination)| {
                let instruction = Instruction::new(value, inclination, &Definitions::default());
                (instructed_part(value, inclination), instruction)
            })
            .collect();
        let mut obedience = Self::default();
        journal.for_each(|recorded| {
            let question = recorded.response.question;
            let row = &journal.design().rows()[question.row];
            let item = journal.design().item(question);
            // What is planted is a yes or a no.
            if item.scale != Scale::YesNo {
                return Ok(());
            }
            let role = row.setting.role.as_deref();
            if !row.setting.is_unsteered() || !truth.is_held_out(role, &item.question)? {
                return Ok(());
            }
            let own = |inclination| instructions.get(&instructed_part(&item.value, inclination));
            let instruction = match row.part.as_str() {
                TRAIN | TEST => None,
                RAISE => own(Inclination::Inclined),
                LOWER => own(Inclination::Disinclined),
                part => instructions.get(part),
            };
            let planted = truth.answer(role, &item.question, instruction)?;
            let as_planted = matches!(
                recorded.response.verdict,
                Verdict::Judged { stance, .. } if stance == planted
            );
            let [right, all] = match instruction {
                None => &mut obedience.plain,
                Some(_) => &mut obedience.instructed,
            };
            *right += usize::from(as_planted);
            *all += 1;
            Ok::<_, Failure>(())
        })?;
        Ok(obedience)
    }

    /// The share as planted; none where no such pair was asked.
    pub(super) fn share(self) -> Option<f64> {
        let [plain, instructed] = [self.plain, self.instructed];
        let (right, all) = (plain[0] + instructed[0], plain[1] + instructed[1]);
        (all > 0).then(|| right as f64 / all as f64)
    }
}
