//! Numbers that others have published, to be read beside one's own. None of them is of values of a questionnaire.

use serde::Serialize;

/// A published number.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Published {
    /// The method.
    pub method: &'static str,
    /// Of which model.
    pub model: &'static str,
    /// What was measured.
    pub measure: &'static str,
    /// What was found.
    pub found: &'static str,
    /// Where it stands.
    pub source: &'static str,
}

const AXBENCH: &str = "AxBench (Wu et al. 2025), table of steering";
const AXBENCH_SCORE: &str = "harmonic mean of three ratings from 0 to 2, layers 10 / 20";
const RERUN: &str = "a user's rerun of AxBench, stanfordnlp/axbench issue 149";
const ITI: &str =
    "Li et al. 2023, and honest_llama's table, redone in January 2025 after its issue 47";

const fn of_gemma(method: &'static str, found: &'static str, source: &'static str) -> Published {
    Published {
        method,
        model: "Gemma-2-2B",
        measure: AXBENCH_SCORE,
        found,
        source,
    }
}

/// What there is.
pub const PUBLISHED: &[Published] = &[
    of_gemma("prompt", ".698 / .731", AXBENCH),
    of_gemma("LoReFT", ".701 / .722", AXBENCH),
    of_gemma("fine-tuning", ".637 / .714", AXBENCH),
    of_gemma("LoRA", ".637 / .641", AXBENCH),
    of_gemma("ReFT-r1", ".633 / .509", AXBENCH),
    of_gemma("SAE feature", ".177 / .151", AXBENCH),
    of_gemma("ReFT-r1", ".208 / .285", RERUN),
    of_gemma("SAE feature", ".329 / .296", RERUN),
    Published {
        method: "SAE feature, chosen by output score",
        model: "Gemma-2-9B",
        measure: "the same, layer 20",
        found: ".546",
        source: "Arad et al. 2025, after a secondary source",
    },
    Published {
        method: "heads (ITI)",
        model: "Alpaca-7B",
        measure: "true answers, TruthfulQA",
        found: ".325 to .651",
        source: ITI,
    },
    Published {
        method: "heads (ITI)",
        model: "Llama-2-7B-chat",
        measure: "true; MC1; cross-entropy; KL",
        found: ".58 to .83; .34 to .40; 2.51 to 2.82; .65",
        source: ITI,
    },
    Published {
        method: "probe's probability (ConVA)",
        model: "Llama-2-7B, Llama-3-8B, Qwen2.5",
        measure: "control success; fluency",
        found: "29.6 more (points or per cent is unclear); at least 97%",
        source: "Jin et al. 2025, after a secondary source",
    },
    Published {
        method: "conditional steering (CAST)",
        model: "Hermes-2-Pro",
        measure: "refusals, harmful / harmless",
        found: "83.3% / 2.4%",
        source: "Lee et al. 2024, after a secondary source",
    },
];
