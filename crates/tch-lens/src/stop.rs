//! When a completion ends.
use crate::{Error, Lm};
#[derive(Debug, Clone)]
pub struct Stop {
    pub n: usize,
    pub ids: Option<Vec<i64>>,
}
impl Default for Stop {
    fn default() -> Self {
        Self { n: 100, ids: None }
    }
}
impl Stop {
    pub fn after(n: usize) -> Self {
        Self { n, ids: None }
    }
    pub fn ids(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }
    pub fn max_new_tokens(&self) -> usize {
        self.n
    }
}
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    StopId(i64),
    Length,
}
#[derive(Debug)]
pub(crate) struct Stopper {
    ids: Vec<i64>,
    left: usize,
}
impl Stopper {
    pub(crate) fn new(lm: &Lm, s: &Stop) -> Result<Self, Error> {
        Ok(Self {
            ids: s.ids.clone().unwrap_or_else(|| lm.config().eos.clone()),
            left: s.n,
        })
    }
    pub(crate) fn accept(&mut self, t: i64) -> Result<Option<Finish>, Error> {
        self.left -= 1;
        Ok(if self.ids.contains(&t) {
            Some(Finish::StopId(t))
        } else if self.left == 0 {
            Some(Finish::Length)
        } else {
            None
        })
    }
    pub(crate) fn into_text(self) -> Result<String, Error> {
        Ok(String::new())
    }
}
