//! What tells the families of models apart: how their blocks are built, and what config.json may leave out.

/// The families of models that this crate computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// Gemma 1: scaled embedding, `1 + w` norms, tanh-approximated GELU.
    Gemma,
    /// Gemma 2: Gemma with soft caps, norms after attention and MLP, and a sliding window in every other layer.
    Gemma2,
    /// Gemma 3, its language model: Gemma 2 with norms of queries and keys in place of the soft caps, five layers with a
    /// window to one without, and a rotary embedding for each of the two kinds.
    Gemma3,
    /// Granite 3: Llama with multipliers of embedding, attention scores, residual stream and logits.
    Granite,
    /// Llama 2, 3, 3.1 and 3.2.
    Llama,
    /// Ministral 8B: Mistral with windows in some layers.
    Ministral,
    /// Ministral 3: Mistral with YaRN and queries that grow with their position.
    Ministral3,
    /// Mistral: Llama with a sliding window.
    Mistral,
    /// OLMo 2: Llama with norms after attention and MLP only, and norms over all queries and all keys of a token.
    Olmo2,
    /// OLMo 3: OLMo 2 with three layers with a window to one without.
    Olmo3,
    /// Phi-3 and Phi-4: Llama with queries, keys and values in one matrix, gate and up in another.
    Phi3,
    /// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.
    Qwen2,
    /// Qwen3: Llama with a norm of each query and key.
    Qwen3,
    /// SmolLM3: Llama without rotary embedding in every fourth layer.
    SmolLm3,
}

/// Where a block's norms stand: before attention and MLP, on what they read, or after, on what they add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NormPlacement {
    /// Before each.
    Before,
    /// After each.
    After,
    /// Before and after each.
    Around,
}

/// How a norm's stored weights `w` are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NormWeight {
    /// Times `w`, in the model's precision.
    Plain,
    /// Times `w`, in 32 bits.
    Wide,
    /// Times `1 + w`, in 32 bits.
    OnePlus,
}

/// What the norms of queries and of keys, before the rotary embedding, go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QkNorm {
    /// Each head by itself; weights `[d_head]`.
    EachHead,
    /// All heads of a token together; weights `[head * d_head]`.
    AllHeads,
}

/// Which layers have a sliding window where config.json does not list them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Windowed {
    Never,
    Always,
    /// All but every n-th, or as often as `sliding_window_pattern` says.
    AllButEvery(usize),
    /// Where `use_sliding_window` says so, those from `max_window_layers` on.
    Later,
    /// Where `use_sliding_window` says so, those without a rotary embedding.
    Unrotated,
}

/// A family: the shape of its blocks, and what transformers takes where config.json leaves a key out. A default that is
/// none is required, or follows from other keys.
pub(super) struct Family {
    pub(super) norms: NormPlacement,
    pub(super) norm_weight: NormWeight,
    pub(super) qk_norm: Option<QkNorm>,
    pub(super) windowed: Windowed,
    pub(super) n_heads: Option<usize>,
    pub(super) n_kv_heads: Option<usize>,
    pub(super) d_head: Option<usize>,
    pub(super) d_vocab: Option<usize>,
    pub(super) n_ctx: Option<usize>,
    pub(super) norm_eps: Option<f64>,
    pub(super) rope_theta: f64,
    /// The base in layers with a window, where it is another one.
    pub(super) local_theta: Option<f64>,
    pub(super) window: Option<usize>,
    pub(super) attention_soft_cap: Option<f64>,
    pub(super) logit_soft_cap: Option<f64>,
    pub(super) tied_embeddings: bool,
}

impl Architecture {
    /// By the names in `model_type`.
    pub(super) const KNOWN: [(&'static str, Self); 15] = [
        ("gemma", Self::Gemma),
        ("gemma2", Self::Gemma2),
        ("gemma3", Self::Gemma3),
        ("gemma3_text", Self::Gemma3),
        ("granite", Self::Granite),
        ("llama", Self::Llama),
        ("ministral", Self::Ministral),
        ("ministral3", Self::Ministral3),
        ("mistral", Self::Mistral),
        ("olmo2", Self::Olmo2),
        ("olmo3", Self::Olmo3),
        ("phi3", Self::Phi3),
        ("qwen2", Self::Qwen2),
        ("qwen3", Self::Qwen3),
        ("smollm3", Self::SmolLm3),
    ];

    /// Whether it is a Gemma.
    #[must_use]
    pub fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma | Self::Gemma2 | Self::Gemma3)
    }

    pub(super) fn family(self) -> Family {
        let llama = Family {
            norms: NormPlacement::Before,
            norm_weight: NormWeight::Plain,
            qk_norm: None,
            windowed: Windowed::Never,
            n_heads: None,
            n_kv_heads: None,
            d_head: None,
            d_vocab: None,
            n_ctx: None,
            norm_eps: None,
            rope_theta: 10_000.0,
            local_theta: None,
            window: None,
            attention_soft_cap: None,
            logit_soft_cap: None,
            tied_embeddings: false,
        };
        let windowed = |windowed, window| Family {
            windowed,
            window: Some(window),
            ..llama
        };
        let gemma = |family: Family| Family {
            norm_weight: NormWeight::OnePlus,
            d_head: Some(256),
            tied_embeddings: true,
            ..family
        };
        let olmo = |family: Family| Family {
            norms: NormPlacement::After,
            norm_weight: NormWeight::Wide,
            qk_norm: Some(QkNorm::AllHeads),
            ..family
        };
        match self {
            Self::Llama | Self::Granite => llama,
            Self::Gemma => Family {
                n_kv_heads: Some(16),
                ..gemma(llama)
            },
            Self::Gemma2 => Family {
                norms: NormPlacement::Around,
                n_kv_heads: Some(4),
                attention_soft_cap: Some(50.0),
                logit_soft_cap: Some(30.0),
                ..gemma(windowed(Windowed::AllButEvery(2), 4096))
            },
            // Published checkpoints that also see leave out all of these.
            Self::Gemma3 => Family {
                norms: NormPlacement::Around,
                qk_norm: Some(QkNorm::EachHead),
                n_heads: Some(8),
                n_kv_heads: Some(4),
                d_vocab: Some(262_208),
                n_ctx: Some(131_072),
                norm_eps: Some(1e-6),
                rope_theta: 1_000_000.0,
                local_theta: Some(10_000.0),
                ..gemma(windowed(Windowed::AllButEvery(6), 4096))
            },
            Self::Mistral | Self::Ministral => Family {
                n_kv_heads: Some(8),
                ..windowed(Windowed::Always, 4096)
            },
            Self::Ministral3 => Family {
                windowed: Windowed::Always,
                n_kv_heads: Some(8),
                d_head: Some(128),
                rope_theta: 1_000_000.0,
                ..llama
            },
            Self::Olmo2 => olmo(llama),
            Self::Olmo3 => Family {
                rope_theta: 500_000.0,
                ..olmo(windowed(Windowed::AllButEvery(4), 4096))
            },
            Self::Phi3 => Family {
                windowed: Windowed::Always,
                ..llama
            },
            Self::Qwen2 => Family {
                n_kv_heads: Some(32),
                ..windowed(Windowed::Later, 4096)
            },
            Self::Qwen3 => Family {
                qk_norm: Some(QkNorm::EachHead),
                n_kv_heads: Some(32),
                d_head: Some(128),
                ..windowed(Windowed::Later, 4096)
            },
            Self::SmolLm3 => Family {
                windowed: Windowed::Unrotated,
                n_kv_heads: Some(4),
                rope_theta: 2_000_000.0,
                tied_embeddings: true,
                ..llama
            },
        }
    }
}
