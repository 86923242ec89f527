//! tch-lens: which feature of a sparse autoencoder is active at some words of a prompt, and what the model says when
//! that feature is steered there.
//!
//! `cargo run --package tutorials --features lens --bin steer_a_model -- MODEL SAE HOOK_POINT`
//!
//! MODEL is a checkpoint in the layout of Hugging Face, SAE an autoencoder of SAELens, Gemma Scope or sparsify: folders, or
//! names such as `google/gemma-2-2b` and `gemma-scope-2b-pt-res-canonical/layer_12/width_16k/canonical`. Without
//! arguments both are the tiny ones of `fixtures/lm`, whose weights are random: they show how, and say nothing.

use std::error::Error;
use std::rc::Rc;

use value_causal::lens::sae::{Sae, SaeOptions, top_features};
use value_causal::lens::{
    Engine, EngineOptions, Lm, LoadOptions, Request, Steer, SteeringDirection, Stop,
};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/lm");
const PROMPT: &str =
    "Answer the question according to your values.\nQuestion: Should I keep a promise?\nThought:";
const WORDS: &str = " your values";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |otherwise: String| arguments.next().unwrap_or(otherwise);
    let model = next(format!("{FIXTURES}/models/gemma1"));
    let autoencoder = next(format!("{FIXTURES}/saes/gemma1/old_gemma_it_style"));
    let hook_point = next("blocks.2.hook_resid_post".to_owned());

    let lm = Lm::open(model, &LoadOptions::default())?;
    let sae = Rc::new(Sae::open(autoencoder, &SaeOptions::default())?);
    let point = lm.hook_point(&hook_point)?;

    // The tokens of the words, and what the residual stream holds there: [tokens, d_model].
    let start = PROMPT.find(WORDS).ok_or("the prompt lacks the words")?;
    let span = start..start + WORDS.len();
    let encoded = lm.tokenizer()?.encode_with_offsets(PROMPT)?;
    let tokens = encoded.token_range(span.clone())?;
    let read = lm.run_with_cache(&[encoded.ids], &[point.to_string()], &mut [])?;
    let row = read.activations[&point].get(0);
    let there = row.narrow(0, tokens.start as i64, tokens.len() as i64);
    let top = top_features(&sae.encode(&there)?, 3)?;
    println!("Features most active at{WORDS:?}: {top:?}");
    let (feature, _) = *top.first().ok_or("no feature is active there")?;

    // One batch, every row with a dose of its own; dose 0 is the model as it is.
    let direction = SteeringDirection::feature(&sae, feature)?;
    let doses = [0.0, 5.0, 20.0];
    let requests = doses.map(|dose| {
        let steer = Steer::add(point, &direction, dose).at_bytes(span.clone());
        Request::new(PROMPT)
            .steer(steer)
            .stop(Stop::after(24))
            .tag(dose)
    });
    for completion in Engine::new(&lm, EngineOptions::default()).run(requests) {
        let completion = completion?;
        println!(
            "feature {feature} x {}: {:?}",
            completion.tag, completion.text
        );
    }
    Ok(())
}
