//! How an engine uses its device.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Settings of an [`Engine`](super::Engine). None of them changes a result.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    pub(super) max_rows: Option<usize>,
    pub(super) memory: Option<u64>,
    pub(super) prompt_tokens: Option<usize>,
    pub(super) shares_prefixes: bool,
    pub(super) least_prefix: usize,
    pub(super) cancel: Arc<AtomicBool>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            max_rows: None,
            memory: None,
            prompt_tokens: None,
            shares_prefixes: true,
            least_prefix: 16,
            cancel: Arc::default(),
        }
    }
}

impl EngineOptions {
    /// The most rows that are decoded together. Default: 512 on a GPU, 256 on a CPU, or as many as memory allows.
    #[must_use]
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.max_rows = Some(rows.max(1));
        self
    }

    /// Bytes for keys and values of the rows. Default: six tenths of what the device has free when the run begins.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// The most tokens in one prompt pass, padding included; a row longer than that has a pass of its own. Default:
    /// 8192 on a GPU; 1024 on a CPU, whose caches hold little.
    #[must_use]
    pub fn prompt_tokens(mut self, tokens: usize) -> Self {
        self.prompt_tokens = Some(tokens.max(1));
        self
    }

    /// Whether prompts with the same steers that begin alike share one pass over the beginning and its keys and values.
    /// Default: they do.
    #[must_use]
    pub fn share_prefixes(mut self, share: bool) -> Self {
        self.shares_prefixes = share;
        self
    }

    /// The fewest tokens that are worth sharing. Default: 16.
    #[must_use]
    pub fn least_prefix(mut self, tokens: usize) -> Self {
        self.least_prefix = tokens.max(1);
        self
    }

    /// A flag that ends the run from another thread: once it is set, what has ended already still comes, then
    /// [`Error::Cancelled`](crate::Error::Cancelled) and nothing more.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = flag;
        self
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EngineProgress {
    /// Requests taken from the iterator.
    pub taken: usize,
    /// Requests that have ended, those that failed included.
    pub ended: usize,
    /// Requests that could not be carried out, or whose logits came to be no numbers.
    pub failed: usize,
    /// Rows being decoded.
    pub running: usize,
    /// Rows that there is room for now.
    pub rows: usize,
    /// Tokens of prompts that went through the model.
    pub prompt_tokens: usize,
    /// Tokens of prompts that need not, because their keys and values were shared.
    pub shared_tokens: usize,
    /// New tokens.
    pub new_tokens: usize,
    /// How often the batch was halved because memory ran out.
    pub halvings: usize,
}
