//! Sampling beside transformers and TransformerLens, and beside a plain statement of it.

use std::collections::HashMap;
use std::path::PathBuf;

use proptest::prelude::*;
use tch_lens::tch::{Device, Kind, Tensor};
use tch_lens::{Counted, Error, Sampler, Sampling, next_tokens, processed_logits};

/// The goldens of this project, and those in the folder that TCH_LENS_GOLDENS names, with whether TransformerLens's are there.
fn goldens() -> Vec<(HashMap<String, Tensor>, bool)> {
    let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lm"));
    let given = std::env::var_os("TCH_LENS_GOLDENS").map(PathBuf::from);
    if given.is_none() {
        eprintln!("TCH_LENS_GOLDENS is not set: only fixtures/lm is tested");
    }
    let read = |folder: PathBuf| {
        let path = folder.join("goldens/sampling_filters.safetensors");
        Tensor::read_safetensors(path)
            .unwrap()
            .into_iter()
            .collect()
    };
    let own = Some((read(own), false));
    [own, given.map(|folder| (read(folder), true))]
        .into_iter()
        .flatten()
        .collect()
}

fn samplers(settings: &Sampling, tokens: &Tensor) -> Vec<Sampler> {
    let rows = Vec::<Vec<i64>>::try_from(tokens).unwrap();
    rows.iter()
        .map(|row| Sampler::new(settings, 0, row))
        .collect()
}

#[test]
fn filters_and_penalties_are_those_of_transformers_and_transformer_lens() -> Result<(), Error> {
    let random = Sampling::random;
    let whole_row = || random().counted(Counted::PromptAndGenerated);
    let by_transformers = [
        (
            "hf.temp0.6_top_p0.9",
            random().temperature(0.6)?.top_p(0.9)?,
        ),
        (
            "hf.temp0.7_topk20_topp0.8",
            random().temperature(0.7)?.top_k(20)?.top_p(0.8)?,
        ),
        ("hf.rep1.1", random().repetition_penalty(1.1)?),
        ("hf.min_p0.05", random().min_p(0.05)?),
    ];
    // TransformerLens takes its frequency penalty away after dividing by the temperature.
    let by_transformer_lens = [
        ("tl0", random().temperature(0.5)?.top_p(0.7)?),
        ("tl1", random().temperature(1.3)?.top_k(9)?),
        (
            "tl2",
            whole_row()
                .temperature(0.5)?
                .top_p(0.7)?
                .frequency_penalty(1.0 * 0.5)?,
        ),
        ("tl3", random().top_p(1.0)?),
        (
            "tl4",
            whole_row()
                .temperature(0.8)?
                .top_k(200)?
                .frequency_penalty(0.4 * 0.8)?,
        ),
    ];
    for (golden, has_transformer_lens) in goldens() {
        let more = by_transformer_lens.iter().filter(|_| has_transformer_lens);
        for (name, settings) in by_transformers.iter().chain(more) {
            let rows = samplers(settings, &golden["tokens"]);
            let rows: Vec<&Sampler> = rows.iter().collect();
            let found = processed_logits(&golden["logits"], &rows)?;
            let found = found.clamp_min(-1e30);
            let expected = &golden[&format!("{name}.logits")];
            assert!(
                found.allclose(expected, 1e-4, 1e-4, false),
                "{name}: {}",
                (found - expected).abs().max()
            );
        }
    }
    Ok(())
}

#[test]
fn greedy_takes_the_first_of_the_largest_in_rows_of_any_length() -> Result<(), Error> {
    for d_vocab in [1_i64, 7, 16, 48, 64, 100, 1000, 1003] {
        for kind in [Kind::Float, Kind::BFloat16] {
            // Few different numbers, so that many are equal; and rows that are no numbers, in whole or in part.
            let logits = Tensor::randint(5, [40, d_vocab], (Kind::Float, Device::Cpu));
            let _ = logits.get(0).fill_(f64::NEG_INFINITY);
            let _ = logits.get(1).narrow(0, d_vocab / 2, 1).fill_(f64::NAN);
            let _ = logits.get(2).narrow(0, d_vocab / 3, 1).fill_(f64::INFINITY);
            let _ = logits.get(3).narrow(0, d_vocab - 1, 1).fill_(9.0);
            let logits = logits.to_kind(kind);
            let greedy = |row| Sampler::new(&Sampling::greedy(), row, &[]);
            for row in 0..3 {
                let logits = logits.narrow(0, row, 1);
                let error = next_tokens(&logits, &mut [&mut greedy(0)]).unwrap_err();
                assert!(
                    matches!(error, Error::NotNumbers { .. }),
                    "row {row}: {error}"
                );
            }
            let mut samplers: Vec<Sampler> = (3..40).map(greedy).collect();
            let mut rows: Vec<&mut Sampler> = samplers.iter_mut().collect();
            let found = next_tokens(&logits.narrow(0, 3, 37).contiguous(), &mut rows)?;
            for (row, found) in (3..).zip(found) {
                let numbers = logits.get(row).to_kind(Kind::Double);
                let numbers = Vec::<f64>::try_from(&numbers).expect("a row of numbers");
                let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let first = numbers.iter().position(|&x| x == most);
                assert_eq!(
                    Some(found as usize),
                    first,
                    "row {row} of {d_vocab}, {kind:?}"
                );
            }
        }
    }
    Ok(())
}

#[derive(Debug, Clone)]
struct Settings {
    temperature: f64,
    top_k: Option<usize>,
    top_p: Option<f64>,
    min_p: Option<f64>,
    repetition: f64,
    frequency: f64,
    presence: f64,
    whole_row: bool,
}

impl Settings {
    fn sampling(&self) -> Result<Sampling, Error> {
        let mut sampling = Sampling::random()
            .temperature(self.temperature)?
            .repetition_penalty(self.repetition)?
            .frequency_penalty(self.frequency)?
            .presence_penalty(self.presence)?;
        if let Some(k) = self.top_k {
            sampling = sampling.top_k(k)?;
        }
        if let Some(p) = self.top_p {
            sampling = sampling.top_p(p)?;
        }
        if let Some(p) = self.min_p {
            sampling = sampling.min_p(p)?;
        }
        Ok(if self.whole_row {
            sampling.counted(Counted::PromptAndGenerated)
        } else {
            sampling
        })
    }

    /// What is left to draw from, token by token: the plain statement. None where rounding decides.
    fn processed(
        &self,
        logits: &[f64],
        prompt: &[i64],
        generated: &[i64],
    ) -> Option<Vec<Option<f64>>> {
        let count = |tokens: &[i64], token: usize| {
            tokens.iter().filter(|&&seen| seen == token as i64).count()
        };
        let mut values: Vec<f64> = logits.to_vec();
        for (token, value) in values.iter_mut().enumerate() {
            let new = count(generated, token);
            if new + count(prompt, token) > 0 {
                *value = if *value < 0.0 {
                    *value * self.repetition
                } else {
                    *value / self.repetition
                };
            }
            let counted = new
                + if self.whole_row {
                    count(prompt, token)
                } else {
                    0
                };
            *value -= self.frequency * counted as f64;
            *value -= if counted > 0 { self.presence } else { 0.0 };
            *value /= self.temperature;
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let k = self.top_k.unwrap_or(values.len()).min(values.len());
        let best = values[order[0]];
        let weight = |token: usize| (values[token] - best).exp();
        let total: f64 = order[..k].iter().map(|&token| weight(token)).sum();
        let mut kept = vec![None; values.len()];
        let mut before = 0.0;
        for &token in &order[..k] {
            let p = self.top_p.unwrap_or(1.0);
            let min_p = self.min_p.unwrap_or(0.0);
            if (before / total - p).abs() < 1e-4 && p < 1.0
                || (weight(token) - min_p).abs() < 1e-4 * min_p
            {
                return None;
            }
            if (p >= 1.0 || before / total < p) && weight(token) >= min_p {
                kept[token] = Some(values[token]);
            }
            before += weight(token);
        }
        Some(kept)
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let filters = (
        0.2..3.0f64,
        prop::option::of(1..40usize),
        prop::option::of(0.05..=1.0f64),
        prop::option::of(0.0..=1.0f64),
    );
    let penalties = (0.5..2.0f64, -1.0..2.0f64, -1.0..2.0f64, any::<bool>());
    (filters, penalties).prop_map(
        |((temperature, top_k, top_p, min_p), (repetition, frequency, presence, whole_row))| {
            Settings {
                temperature,
                top_k,
                top_p,
                min_p,
                repetition,
                frequency,
                presence,
                whole_row,
            }
        },
    )
}

/// Logits that differ from each other, so that no two tie.
fn logits(d_vocab: usize) -> impl Strategy<Value = Vec<f64>> {
    Just((0..d_vocab).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(move |ranks| {
            ranks
                .iter()
                .map(|&rank| (rank as f64 - 11.0) * 0.37 + (rank as f64).sin() * 0.1)
                .collect()
        })
}

const D_VOCAB: usize = 30;

fn rows_of(values: &[Vec<f64>]) -> Tensor {
    Tensor::from_slice2(values).to_kind(Kind::Float)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_batch_of_any_settings_is_the_plain_statement_row_by_row(
        rows in prop::collection::vec(
            (settings(), logits(D_VOCAB), prop::collection::vec(0..D_VOCAB as i64, 0..8), any::<bool>()),
            1..5,
        ),
    ) {
        let values: Vec<Vec<f64>> = rows.iter().map(|(_, logits, _, _)| logits.clone()).collect();
        let mut samplers: Vec<Sampler> = rows
            .iter()
            .map(|(settings, _, prompt, greedy)| {
                let sampling = if *greedy { Sampling::greedy() } else { settings.sampling().unwrap() };
                Sampler::new(&sampling, 3, prompt)
            })
            .collect();
        let mut generated = vec![Vec::new(); rows.len()];
        for _ in 0..3 {
            let found = processed_logits(&rows_of(&values), &samplers.iter().collect::<Vec<_>>()).unwrap();
            let found = Vec::<Vec<f64>>::try_from(found.to_kind(Kind::Double)).unwrap();
            for (at, (settings, logits, prompt, greedy)) in rows.iter().enumerate() {
                let expected = if *greedy {
                    Some(logits.iter().copied().map(Some).collect())
                } else {
                    settings.processed(logits, prompt, &generated[at])
                };
                for (found, expected) in found[at].iter().zip(expected.into_iter().flatten()) {
                    match expected {
                        Some(value) => prop_assert!((found - value).abs() < 1e-4 * (1.0 + value.abs()), "{found} {value}"),
                        None => prop_assert_eq!(*found, f64::NEG_INFINITY),
                    }
                }
            }
            let chosen = next_tokens(&rows_of(&values), &mut samplers.iter_mut().collect::<Vec<_>>()).unwrap();
            for (at, token) in chosen.into_iter().enumerate() {
                prop_assert!(found[at][token as usize].is_finite());
                generated[at].push(token);
            }
        }
    }

    #[test]
    fn a_row_gets_the_same_tokens_alone_and_among_others(
        rows in prop::collection::vec((settings(), logits(D_VOCAB), any::<u64>(), any::<bool>()), 2..6),
    ) {
        let values: Vec<Vec<f64>> = rows.iter().map(|(_, logits, _, _)| logits.clone()).collect();
        let new = || -> Vec<Sampler> {
            rows.iter()
                .map(|(settings, _, seed, greedy)| {
                    let sampling = if *greedy { Sampling::greedy() } else { settings.sampling().unwrap() };
                    Sampler::new(&sampling, *seed, &[1, 2])
                })
                .collect()
        };
        let (mut together, mut alone) = (new(), new());
        for _ in 0..4 {
            let batch = next_tokens(&rows_of(&values), &mut together.iter_mut().collect::<Vec<_>>()).unwrap();
            for (at, sampler) in alone.iter_mut().enumerate() {
                let one = next_tokens(&rows_of(&values[at..=at]), &mut [sampler]).unwrap();
                prop_assert_eq!(one[0], batch[at]);
            }
        }
    }
}

#[test]
fn draws_have_the_frequencies_of_the_softmax() {
    const DRAWS: usize = 20_000;
    let logits = [1.5, -0.3, 0.0, 2.2, -4.0, 0.7];
    let (temperature, chunk) = (0.8, 1000);
    let weights: Vec<f64> = logits
        .iter()
        .map(|logit| f64::exp(logit / temperature))
        .collect();
    let total: f64 = weights.iter().sum();
    let mut counts = [0usize; 6];
    let batch = rows_of(&vec![logits.to_vec(); chunk]);
    // Half of the draws are of one seed each, half are the following steps of the same seeds.
    let sampling = Sampling::random().temperature(temperature).unwrap();
    for start in 0..DRAWS / chunk / 2 {
        let seeds = (start * chunk..(start + 1) * chunk).map(|seed| seed as u64);
        let mut samplers: Vec<Sampler> = seeds
            .map(|seed| Sampler::new(&sampling, seed, &[]))
            .collect();
        for _ in 0..2 {
            let tokens = next_tokens(&batch, &mut samplers.iter_mut().collect::<Vec<_>>()).unwrap();
            tokens.iter().for_each(|&token| counts[token as usize] += 1);
        }
    }
    let chi_square: f64 = counts
        .iter()
        .zip(&weights)
        .map(|(&count, weight)| {
            let expected = DRAWS as f64 * weight / total;
            (count as f64 - expected).powi(2) / expected
        })
        .sum();
    // The 99.9th percentile of chi-square with 5 degrees of freedom; the seeds are fixed.
    assert!(chi_square < 20.5, "{chi_square}: {counts:?}");
}

#[test]
fn of_equal_logits_greedy_takes_the_first_and_filters_keep_all() -> Result<(), Error> {
    let logits = rows_of(&[vec![0.0, 2.0, 1.0, 2.0, 1.0, -1.0]]);
    let mut greedy = Sampler::new(&Sampling::greedy(), 0, &[]);
    assert_eq!(next_tokens(&logits, &mut [&mut greedy])?, [1]);
    for settings in [
        Sampling::random().top_k(3)?,
        Sampling::random().top_p(0.75)?,
    ] {
        let kept = processed_logits(&logits, &[&Sampler::new(&settings, 0, &[])])?;
        let kept = Vec::<Vec<f32>>::try_from(kept.isfinite().to_kind(Kind::Float)).unwrap();
        assert_eq!(kept, [[0.0, 1.0, 1.0, 1.0, 1.0, 0.0]]);
    }
    Ok(())
}

#[test]
fn settings_and_logits_that_cannot_be_are_refused() {
    let refused = |result: Result<Sampling, Error>| result.unwrap_err().to_string();
    let random = Sampling::random;
    assert!(
        refused(random().temperature(0.0)).starts_with("temperature: expected a number above 0")
    );
    assert!(refused(random().temperature(f64::NAN)).ends_with("found NaN"));
    assert!(refused(random().top_k(0)).starts_with("top_k: "));
    assert!(refused(random().top_p(0.0)).starts_with("top_p: "));
    assert!(refused(random().min_p(-0.1)).starts_with("min_p: "));
    assert!(refused(random().repetition_penalty(0.0)).starts_with("repetition_penalty: "));
    assert!(refused(random().frequency_penalty(f64::INFINITY)).starts_with("frequency_penalty: "));
    assert!(refused(random().presence_penalty(f64::NAN)).starts_with("presence_penalty: "));
    assert!(refused(Sampling::greedy().top_k(3)).contains("Sampling::random"));
    // Finite in 64 bits, and infinite or nothing in the 32 bits of logits.
    for beyond in [1e308, 1e39, 1e-60] {
        assert!(
            refused(random().temperature(beyond)).contains("32 bits"),
            "{beyond}"
        );
        assert!(
            refused(random().repetition_penalty(beyond)).contains("32 bits"),
            "{beyond}"
        );
    }
    for beyond in [1e308, -1e39] {
        assert!(
            refused(random().frequency_penalty(beyond)).contains("32 bits"),
            "{beyond}"
        );
        assert!(
            refused(random().presence_penalty(beyond)).contains("32 bits"),
            "{beyond}"
        );
    }

    let mut sampler = Sampler::new(&random(), 0, &[]);
    let shape = next_tokens(
        &Tensor::zeros([2, 4], (Kind::Float, Device::Cpu)),
        &mut [&mut sampler],
    );
    assert!(
        shape
            .unwrap_err()
            .to_string()
            .contains("expected shape [1, d_vocab]")
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = next_tokens(&rows_of(&[vec![bad; 3]]), &mut [&mut sampler]).unwrap_err();
        assert!(error.to_string().contains("expected numbers"), "{error}");
    }
}
