//! Prompts that begin alike, and the beginnings that they share.

use std::rc::Rc;

use crate::cache::Prefix;
use crate::steer::Steer;

/// Prompts with the same steers and a common beginning.
#[derive(Debug)]
pub(super) struct Shared {
    steers: Vec<Steer>,
    tokens: Vec<i64>,
    /// How much of `tokens` all members share; less than any member's whole prompt.
    length: usize,
    /// Members that are waiting or running.
    pub(super) members: usize,
    pub(super) prefix: Option<Rc<Prefix>>,
}

impl Shared {
    pub(super) fn new(prompt: &[i64], steers: &[Steer]) -> Self {
        let length = prompt.len().saturating_sub(1);
        Self {
            steers: steers.to_vec(),
            tokens: prompt.to_vec(),
            length,
            members: 1,
            prefix: None,
        }
    }

    /// Takes the prompt in if it shares enough: at least `least` tokens, and half of what the others share.
    pub(super) fn join(&mut self, prompt: &[i64], steers: &[Steer], least: usize) -> bool {
        let alike = self.steers.len() == steers.len()
            && self.steers.iter().zip(steers).all(|(a, b)| a.same(b));
        if !alike || steers.iter().any(Steer::depends_on_prompt) {
            return false;
        }
        let common = self
            .tokens
            .iter()
            .zip(prompt)
            .take_while(|(a, b)| a == b)
            .count()
            .min(prompt.len() - 1);
        let joins = if self.prefix.is_some() {
            common >= self.length
        } else {
            common >= least.max(self.length / 2)
        };
        if joins {
            self.length = self.length.min(common);
            self.members += 1;
        }
        joins
    }

    /// The shared tokens, if sharing them is worth a pass of its own.
    pub(super) fn beginning(&self, least: usize) -> Option<&[i64]> {
        let worth = self.length >= least && (self.members > 1 || self.prefix.is_some());
        worth.then(|| &self.tokens[..self.length])
    }

    pub(super) fn steers(&self) -> &[Steer] {
        &self.steers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_shares_what_all_of_its_prompts_begin_with() {
        let mut shared = Shared::new(&[1, 2, 3, 4, 5], &[]);
        assert_eq!(shared.beginning(2), None, "alone");
        assert!(shared.join(&[1, 2, 3, 9], &[], 2));
        assert_eq!(shared.beginning(2), Some([1, 2, 3].as_slice()));
        assert!(!shared.join(&[1, 7, 8], &[], 2), "too little in common");
        assert!(
            shared.join(&[1, 2, 3], &[], 2),
            "a prompt keeps its last token to itself"
        );
        assert_eq!(shared.beginning(2), Some([1, 2].as_slice()));
    }

    #[test]
    fn a_prefix_that_is_computed_no_longer_shrinks() {
        let mut shared = Shared::new(&[1, 2, 3, 4, 5], &[]);
        assert!(shared.join(&[1, 2, 3, 4, 6], &[], 1));
        shared.prefix = Some(Rc::new(Prefix {
            layers: vec![],
            length: 4,
        }));
        assert!(!shared.join(&[1, 2, 3, 5], &[], 1));
        assert!(shared.join(&[1, 2, 3, 4, 7, 8], &[], 1));
        assert_eq!(shared.beginning(1).unwrap().len(), 4);
    }
}
