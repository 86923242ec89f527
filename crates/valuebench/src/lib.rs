//! Psychometric questionnaires for language models in ValueBench's format: items, roles, prompts, judging, scoring and value orientations.
