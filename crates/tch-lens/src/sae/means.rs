//! Features of whole texts.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::Sae;
use crate::Error;
use crate::error::Doing;

impl Sae {
    /// The mean activation of every feature over each text's tokens: `[text, d_sae]`, in 64 bits on the CPU, of activations
    /// `x` `[tokens, d_in]` whose rows `texts` belong together. Both as [`Lm::read`](crate::Lm::read) gives them with
    /// [`At::Every`](crate::At::Every), from 1 where BOS is not to count.
    ///
    /// The [`mean_difference`](crate::contrast::mean_difference) of two sets of texts is the contrast by which features of a
    /// concept are found, and [`top_features`](super::top_features) ranks it.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); a text without rows, or with some that `x` does not have.
    pub fn mean_activations(&self, x: &Tensor, texts: &[Range<usize>]) -> Result<Tensor, Error> {
        let mut means = Vec::with_capacity(texts.len());
        for rows in texts {
            let own = rows_of(x, rows)?.f_to_device(self.device).doing(moving)?;
            let acts = self.encode(&own)?;
            let mean = acts
                .f_to_kind(Kind::Double)
                .and_then(|acts| acts.f_mean_dim([0_i64].as_slice(), false, Kind::Double))
                .and_then(|mean| mean.f_to_device(Device::Cpu));
            means.push(mean.doing(|| "taking means of activations".to_owned())?);
        }
        Tensor::f_stack(&means, 0).doing(|| "taking means of activations".to_owned())
    }
}

/// These rows of `x`.
pub(crate) fn rows_of(x: &Tensor, rows: &Range<usize>) -> Result<Tensor, Error> {
    let there = x.size().first().map_or(0, |&n| n as usize);
    if rows.is_empty() || rows.end > there {
        return Err(Error::Request {
            what: "a text's rows".into(),
            expected: format!("not empty and within the {there} that there are"),
            found: format!("{rows:?}"),
        });
    }
    x.f_narrow(0, rows.start as i64, rows.len() as i64)
        .doing(moving)
}

fn moving() -> String {
    "moving a text's activations".to_owned()
}
