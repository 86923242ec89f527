//! Where autoencoders read and write, by the names that their files have for it.

/// `blocks.N.` of a hook point's name.
pub(super) fn layer_of(hook_name: &str) -> Option<usize> {
    let rest = hook_name.strip_prefix("blocks.")?;
    rest.split('.').next()?.parse().ok()
}

/// TransformerLens's name for the output of a module of transformers, of `layers.5` and `model.layers.5.mlp`, or for what is
/// named as an input or an output: `model.layers.5.self_attn.o_proj.input`.
pub(in crate::sae) fn module_place(module: &str) -> Option<String> {
    if ["embed_tokens", "model.embed_tokens"].contains(&module) {
        return Some("hook_embed".into());
    }
    let (before, rest) = module.split_once("layers.")?;
    if ![
        "",
        "model.",
        "language_model.model.",
        "model.language_model.",
    ]
    .contains(&before)
    {
        return None;
    }
    let (layer, part) = rest.split_once('.').unwrap_or((rest, ""));
    let layer: usize = layer.parse().ok()?;
    let site = match part {
        "" | "output" => "hook_resid_post",
        "mlp" | "post_feedforward_layernorm.output" => "hook_mlp_out",
        "mlp.input" | "pre_feedforward_layernorm.output" => "mlp.hook_in",
        "self_attn.o_proj.input" => "attn.hook_z",
        "self_attn" | "attention" => "hook_attn_out",
        _ => return None,
    };
    Some(format!("blocks.{layer}.{site}"))
}

#[cfg(test)]
mod tests {
    use super::module_place;

    #[test]
    fn folders_name_hook_points() {
        let cases = [
            ("layers.2", Some("blocks.2.hook_resid_post")),
            ("layers.10.mlp", Some("blocks.10.hook_mlp_out")),
            ("model.layers.3.self_attn", Some("blocks.3.hook_attn_out")),
            ("embed_tokens", Some("hook_embed")),
            ("model.embed_tokens", Some("hook_embed")),
            ("model.layers.3.output", Some("blocks.3.hook_resid_post")),
            (
                "model.layers.3.self_attn.o_proj.input",
                Some("blocks.3.attn.hook_z"),
            ),
            (
                "model.language_model.layers.3.pre_feedforward_layernorm.output",
                Some("blocks.3.mlp.hook_in"),
            ),
            ("layers.x", None),
            ("vision_tower.layers.3", None),
            ("layers.1.norm", None),
            ("sae", None),
        ];
        for (folder, name) in cases {
            assert_eq!(module_place(folder).as_deref(), name, "{folder}");
        }
    }
}
