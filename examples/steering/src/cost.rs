//! What a steer costs on text that has nothing to do with values, how far it goes, and how fast it runs.
//!
//! Every text stands behind the beginning of the study's own prompt, with no role and no question, up to the steered
//! phrase. So a steer that acts at the phrase alone, and one in the prompt's words, can be felt in the text at all, and all
//! methods read the same.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use study::Materials;
use value_causal::bench::{Instruction, Item, Prompt};
use value_causal::lens::tch::{Kind, Tensor};
use value_causal::lens::{HookPoint, Lm, Request, Steer};

use crate::file::Neutral;
use crate::steers::Compared;
use program::Failure;
use study::Told;

/// What a steer costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Cross-entropy of the texts, in nats per token.
    pub cross_entropy: f64,
    /// Mean over their positions of the divergence of the steered from the unsteered predictions,
    /// `KL(unsteered || steered)`, in nats.
    pub kl: f64,
    /// Mean length of the change where it is steered, in the residual stream behind the last steered point; none for an
    /// instruction.
    pub length: Option<f64>,
    /// Tokens per second of these passes.
    pub tokens_per_second: f64,
}

/// The texts, and what the unsteered model makes of them.
pub struct Ruler<'a> {
    lm: &'a Lm,
    materials: &'a Materials,
    texts: Vec<String>,
    /// By text: log-probabilities `[token, d_vocab]` of its tokens.
    base: Vec<Tensor>,
    /// The texts' own tokens.
    tokens: Vec<Vec<i64>>,
    /// Of the unsteered model.
    pub unsteered: Cost,
}

/// One text behind a prompt's beginning.
struct Placed {
    prompt: Prompt,
    /// The prompt's and the text's tokens.
    ids: Vec<i64>,
    /// From which on they are the text's.
    first: usize,
}

impl<'a> Ruler<'a> {
    /// Reads the texts in `data` and runs the unsteered model over them.
    ///
    /// # Errors
    /// The file cannot be read or has no text; the template fails; a text does not fit the model's context.
    pub fn new(
        neutral: &Neutral,
        data: &Path,
        lm: &'a Lm,
        materials: &'a Materials,
    ) -> Result<Self, Failure> {
        let mut texts = read(neutral, data)?;
        for text in &mut texts {
            cut(text, neutral.tokens, lm)?;
        }
        let mut ruler = Self {
            lm,
            materials,
            texts,
            base: Vec::new(),
            tokens: Vec::new(),
            unsteered: Cost::default(),
        };
        let placed = ruler.placed(&Told::Nothing)?;
        ruler.tokens = placed
            .iter()
            .map(|one| one.ids[one.first..].to_vec())
            .collect();
        // The first pass warms up.
        let _warm = ruler.predictions(&placed[..1], |_| Vec::new())?;
        let (base, time) = ruler.predictions(&placed, |_| Vec::new())?;
        ruler.unsteered = Cost {
            cross_entropy: ruler.cross_entropy(&base)?,
            tokens_per_second: per_second(&placed, time),
            ..Cost::default()
        };
        ruler.base = base;
        Ok(ruler)
    }

    /// What a steer costs; `prompts` are some that are asked, over which its length is measured.
    ///
    /// # Errors
    /// A text has other tokens behind an instruction; libtorch's failures.
    pub fn cost(
        &self,
        compared: &Compared,
        (number, told): (usize, &Told),
        prompts: &[Prompt],
    ) -> Result<Cost, Failure> {
        let placed = self.placed(told)?;
        let same = placed.iter().zip(&self.tokens);
        let mut same = same.filter(|(one, own)| one.ids[one.first..] != own[..]);
        if same.next().is_some() {
            return Err("neutral.file: a text has other tokens behind an instruction".into());
        }
        let steers = |prompt: &Prompt| compared.placed(number, prompt);
        let (now, time) = self.predictions(&placed, steers)?;
        let (mut kl, mut n) = (0.0, 0.0);
        for (base, now) in self.base.iter().zip(&now) {
            let divergence = base.f_exp()?.f_mul(&base.f_sub(now)?)?;
            kl += divergence.f_sum(Kind::Double)?.f_double_value(&[])?;
            n += base.size()[0] as f64;
        }
        Ok(Cost {
            cross_entropy: self.cross_entropy(&now)?,
            kl: (kl / n).max(0.0),
            length: self.length(compared, number, prompts)?,
            tokens_per_second: per_second(&placed, time),
        })
    }

    /// The texts behind the beginning of a prompt that tells this.
    fn placed(&self, told: &Told) -> Result<Vec<Placed>, Failure> {
        let prompt = beginning(self.materials, told)?;
        let texts = self.texts.iter().map(|text| {
            let whole = format!("{}.\n\n{text}", prompt.text);
            let encoded = self.lm.tokenizer()?.encode_prompt_with_offsets(&whole)?;
            let first = encoded
                .token_range(whole.len() - text.len()..whole.len())?
                .start;
            let prompt = Prompt {
                text: whole,
                steered: prompt.steered.clone(),
            };
            Ok(Placed {
                prompt,
                ids: encoded.ids,
                first,
            })
        });
        texts.collect()
    }

    /// By text, the log-probabilities of what follows before each of its tokens; and how long that took.
    fn predictions(
        &self,
        placed: &[Placed],
        steers: impl Fn(&Prompt) -> Vec<Steer>,
    ) -> Result<(Vec<Tensor>, Duration), Failure> {
        let requests: Vec<Request> = placed
            .iter()
            .map(|one| {
                let mut request = Request::new(one.prompt.text.as_str());
                request.steers = steers(&one.prompt);
                request
            })
            .collect();
        let (mut found, mut time) = (Vec::with_capacity(placed.len()), Duration::ZERO);
        for (requests, placed) in requests.chunks(AT_ONCE).zip(placed.chunks(AT_ONCE)) {
            let started = Instant::now();
            let logits = self.lm.run_steered::<_, &str>(requests, &[])?.logits;
            time += started.elapsed();
            for (row, one) in placed.iter().enumerate() {
                let own = logits.f_get(row as i64)?;
                let n = (one.ids.len() - one.first) as i64;
                let own = own.f_narrow(0, one.first as i64 - 1, n)?;
                found.push(
                    own.f_log_softmax(-1, Kind::Double)?
                        .f_to_kind(Kind::Float)?,
                );
            }
        }
        Ok((found, time))
    }

    fn cross_entropy(&self, predicted: &[Tensor]) -> Result<f64, Failure> {
        let (mut sum, mut n) = (0.0, 0.0);
        for (log, tokens) in predicted.iter().zip(&self.tokens) {
            let next = Tensor::f_from_slice(tokens)?.f_unsqueeze(1)?;
            let next = next.f_to_device(log.device())?;
            let own = log.f_gather(1, &next, false)?.f_sum(Kind::Double)?;
            sum -= own.f_double_value(&[])?;
            n += tokens.len() as f64;
        }
        Ok(sum / n)
    }

    /// Mean length of the change over the steered tokens of some prompts.
    fn length(
        &self,
        compared: &Compared,
        number: usize,
        prompts: &[Prompt],
    ) -> Result<Option<f64>, Failure> {
        let (mut sum, mut n) = (0.0, 0.0);
        for prompt in prompts {
            let steers = compared.placed(number, prompt);
            let last = steers
                .iter()
                .filter_map(|steer| steer.point().layer().map(|l| (l, steer)));
            let Some((layer, steer)) = last.max_by_key(|(layer, _)| *layer) else {
                return Ok(None);
            };
            let point = behind(steer.point(), layer);
            let plain = Request::new(prompt.text.as_str());
            let mut steered = plain.clone();
            steered.steers.clone_from(&steers);
            let tokens = self.lm.steered(&steered)?;
            let read = self
                .lm
                .run_steered(&[plain, steered], &[point.to_string()])?;
            let x = &read.activations[&point];
            let moved = x.f_get(1)?.f_sub(&x.f_get(0)?)?.f_to_kind(Kind::Double)?;
            let lengths = moved.f_norm_scalaropt_dim(2.0, [-1_i64].as_slice(), false)?;
            let lengths = Vec::<f64>::try_from(&lengths)?;
            let at = tokens.first().into_iter().flatten();
            for token in at.flat_map(|steered| steered.tokens.clone()) {
                sum += lengths[token];
                n += 1.0;
            }
        }
        Ok((n > 0.0).then(|| sum / n))
    }
}

/// Texts run together.
const AT_ONCE: usize = 8;

/// The residual stream behind what is steered.
fn behind(point: HookPoint, layer: usize) -> HookPoint {
    match point {
        HookPoint::Embed | HookPoint::ResidPre(_) => point,
        HookPoint::Z(_) | HookPoint::HeadOut(_) | HookPoint::AttnOut(_) => {
            HookPoint::ResidMid(layer)
        }
        HookPoint::ResidMid(_) => point,
        _ => HookPoint::ResidPost(layer),
    }
}

fn per_second(placed: &[Placed], time: Duration) -> f64 {
    let tokens: usize = placed.iter().map(|one| one.ids.len()).sum();
    tokens as f64 / time.as_secs_f64()
}

/// A prompt without role and question, up to the steered phrase.
fn beginning(materials: &Materials, told: &Told) -> Result<Prompt, Failure> {
    let nothing = Item::default();
    let instruction = match told {
        Told::Value(value, inclination) => Some(Instruction::new(
            value,
            *inclination,
            &materials.definitions,
        )),
        _ => None,
    };
    let Prompt { mut text, steered } =
        materials
            .template
            .render(&nothing, None, instruction.as_ref())?;
    text.truncate(steered.end);
    Ok(Prompt { text, steered })
}

/// Cuts a text behind so many tokens.
fn cut(text: &mut String, most: usize, lm: &Lm) -> Result<(), Failure> {
    let encoded = lm.tokenizer()?.encode_with_offsets(text)?;
    let own = encoded.offsets.iter().filter(|bytes| !bytes.is_empty());
    if let Some(last) = own.take(most).last() {
        text.truncate(last.end);
    }
    Ok(())
}

/// The texts of a file: its paragraphs.
fn read(neutral: &Neutral, data: &Path) -> Result<Vec<String>, Failure> {
    let file = data.join(&neutral.file);
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    let all = fs::read_to_string(&file)
        .map_err(named)?
        .replace("\r\n", "\n");
    let texts = all
        .split("\n\n")
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let texts: Vec<String> = texts.take(neutral.texts).map(str::to_owned).collect();
    match texts.is_empty() {
        true => Err(format!("{}: expected a text, found none", file.display()).into()),
        false => Ok(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_texts() {
        let folder = tempfile::tempdir().unwrap();
        let neutral = |texts| Neutral {
            file: "neutral.txt".into(),
            texts,
            tokens: 9,
        };
        fs::write(
            folder.path().join("neutral.txt"),
            "\r\n\r\nOne.\r\nTwo.\n\n\n Three.\n\nFour.",
        )
        .unwrap();
        assert_eq!(
            read(&neutral(2), folder.path()).unwrap(),
            ["One.\nTwo.", "Three."]
        );
        fs::write(folder.path().join("neutral.txt"), "\n\n \n").unwrap();
        let refused = read(&neutral(2), folder.path()).unwrap_err().to_string();
        assert!(
            refused.contains("neutral.txt: expected a text"),
            "{refused}"
        );
    }

    #[test]
    fn a_change_is_measured_in_the_stream_behind_it() {
        for (steered, read) in [
            (HookPoint::ResidPost(3), HookPoint::ResidPost(3)),
            (HookPoint::ResidPre(3), HookPoint::ResidPre(3)),
            (HookPoint::Z(3), HookPoint::ResidMid(3)),
            (HookPoint::MlpGate(3), HookPoint::ResidPost(3)),
        ] {
            assert_eq!(behind(steered, 3), read);
        }
    }
}
