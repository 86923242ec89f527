//! Causal graphs among the values of language models: questionnaires, causal discovery and steering effects behind one facade.
