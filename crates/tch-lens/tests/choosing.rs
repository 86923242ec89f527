//! Penalties, draws and stops in whole generations: the same tokens together, alone and in the engine.

mod common;

use common::{Goldens, rows};
use tch_lens::tch::Tensor;
use tch_lens::{
    Completion, Counted, Engine, EngineOptions, Error, Finish, Lm, LoadOptions, Request, Sampling,
    Stop,
};

/// What comes of the requests together, having seen that alone and in the engine the same comes of them.
fn every_way(lm: &Lm, requests: &[Request], what: &str) -> Vec<Completion> {
    let together = lm.generate(requests.to_vec(), &mut []).unwrap();
    for (request, expected) in requests.iter().zip(&together) {
        let alone = lm.generate(vec![request.clone()], &mut []).unwrap();
        assert_eq!(&alone[0], expected, "{what}: alone");
    }
    for options in [
        EngineOptions::default().max_rows(2),
        EngineOptions::default().least_prefix(4),
    ] {
        let numbered = requests.iter().cloned().enumerate();
        let numbered = numbered.map(|(number, request)| request.tag(number));
        for completion in Engine::new(lm, options).run(numbered) {
            let completion = completion.unwrap();
            let expected = &together[completion.tag];
            assert_eq!(completion.tokens, expected.tokens, "{what}: engine");
            assert_eq!(completion.text, expected.text, "{what}: engine");
            assert_eq!(completion.finish, expected.finish, "{what}: engine");
        }
    }
    together
}

fn open(goldens: &Goldens, name: &str) -> (Lm, Vec<Vec<i64>>) {
    let folder = goldens.folder.join("models").join(name);
    let forward = goldens.tensors(&format!("{name}_forward"));
    let rows = rows(&forward["input_ids"], &forward["attention_mask"]);
    (Lm::open(folder, &LoadOptions::default()).unwrap(), rows)
}

fn tokens(completions: Vec<Completion>) -> Vec<Vec<i64>> {
    completions
        .into_iter()
        .map(|completion| completion.tokens)
        .collect()
}

#[test]
fn penalised_tokens_are_those_of_the_libraries() -> Result<(), Error> {
    let penalised = Sampling::greedy().frequency_penalty(1.0)?;
    let whole_row = penalised.clone().counted(Counted::PromptAndGenerated);
    for goldens in Goldens::all() {
        for (name, _, tensors) in goldens.of_kind("generate") {
            let (lm, rows) = open(&goldens, &name);
            for (key, sampling) in [
                ("freq_penalty_1_top_k_1", &whole_row),
                ("freq_penalty_1_generated_only", &penalised),
            ] {
                let expected: &Tensor = &tensors[&format!("{key}.new_ids")];
                let expected = Vec::<Vec<i64>>::try_from(expected).unwrap();
                let stop = Stop::after(expected[0].len()).ids([]);
                let request = |row: &Vec<i64>| {
                    Request::new(row.clone())
                        .stop(stop.clone())
                        .sampling(sampling.clone())
                };
                let requests: Vec<Request> = rows.iter().map(request).collect();
                let what = format!("{}: {name}, {key}", goldens.folder.display());
                let found = tokens(every_way(&lm, &requests, &what));
                // TransformerLens also counts the padding of a row, so the two part where the pad token wins without it.
                let pad = goldens.manifest["cases"][&name]["pad"].as_i64();
                let counts_padding = !goldens.is_own() && key == "freq_penalty_1_top_k_1";
                for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let pads = |&id: &i64| counts_padding && Some(id) == pad;
                    let same = found.iter().position(pads).unwrap_or(expected.len());
                    assert_eq!(found[..same], expected[..same], "{what}, row {row}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn draws_hang_on_the_seed_and_not_on_the_batch() -> Result<(), Error> {
    let goldens = &Goldens::all()[0];
    let drawn = Sampling::random().temperature(1.5)?;
    let settings = [
        drawn.clone(),
        drawn.clone().top_p(0.8)?.repetition_penalty(1.3)?,
        Sampling::greedy(),
        drawn.clone().top_k(7)?.min_p(0.02)?,
    ];
    for name in ["gemma1", "llama3"] {
        let (lm, rows) = open(goldens, name);
        let request = |number: usize| {
            Request::new(rows[number % rows.len()].clone())
                .stop(Stop::after(9 + number).ids([]))
                .sampling(settings[number % settings.len()].clone())
                .seed(number as u64 / 8)
        };
        let requests: Vec<Request> = (0..16).map(request).collect();
        let found = tokens(every_way(&lm, &requests, name));

        let seeds = (0..8).map(|seed| request(0).seed(seed)).collect();
        let mut by_seed = tokens(lm.generate(seeds, &mut [])?);
        assert_eq!(by_seed[0], found[0]);
        by_seed.sort();
        by_seed.dedup();
        assert_eq!(by_seed.len(), 8, "{name}: eight seeds draw eight rows");
    }
    Ok(())
}

#[test]
fn stop_strings_and_predicates_end_rows_where_the_text_says() -> Result<(), Error> {
    let goldens = &Goldens::all()[0];
    for name in ["gemma1", "llama3", "mistral"] {
        let (lm, rows) = open(goldens, name);
        let request = |row: &Vec<i64>, stop: Stop| Request::new(row.clone()).stop(stop);
        let free: Vec<Request> = rows
            .iter()
            .map(|row| request(row, Stop::after(24).ids([])))
            .collect();
        let free = every_way(&lm, &free, name);
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for (row, free) in rows.iter().zip(&free) {
            // Two characters from the middle of what the row would write.
            let starts: Vec<usize> = free.text.char_indices().map(|(at, _)| at).collect();
            let middle = starts.len() / 2;
            let string = &free.text[starts[middle]..starts[middle + 2]];
            let stop = Stop::after(24).ids([]).string(string);
            requests.push(request(row, stop.clone()));
            requests.push(request(row, stop.keeping_string()));
            let end = free.text.find(string).unwrap();
            expected.extend([end, end + string.len()].map(|end| (free, end, string)));

            let wanted = string.to_owned();
            let stop = Stop::after(24)
                .ids([])
                .when(move |text| text.contains(&wanted));
            requests.push(request(row, stop));
            expected.push((free, end + string.len(), string));
        }
        let found = every_way(&lm, &requests, name);
        for (number, (found, (free, end, string))) in found.iter().zip(expected).enumerate() {
            assert!(free.tokens.starts_with(&found.tokens), "{name}");
            assert!(found.tokens.len() < free.tokens.len(), "{name}");
            if number % 3 == 2 {
                assert_eq!(found.finish, Finish::Predicate);
                assert!(found.text.starts_with(&free.text[..end]), "{name}");
            } else {
                assert_eq!(found.finish, Finish::StopString(string.to_owned()));
                assert_eq!(found.text, free.text[..end], "{name}");
            }
        }
    }
    Ok(())
}
