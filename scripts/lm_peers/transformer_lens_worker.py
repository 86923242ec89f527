"""TransformerLens beside `bench_lm serve`: greedy generation in left-padded batches, steered by a hook."""

import json

import common
import transformers
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions.llama import convert_llama_weights

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class Padding:
    """What TransformerLens reads from a tokenizer when it is given tokens."""

    padding_side, pad_token_id, bos_token_id, eos_token_id = "left", 0, 1, 2


def model_of(given):
    c = json.loads((given.folder / "config.json").read_text())
    dtype = common.DTYPES[given.precision]
    d_head = c["hidden_size"] // c["num_attention_heads"]
    config = HookedTransformerConfig(
        d_model=c["hidden_size"], d_head=d_head, n_heads=c["num_attention_heads"],
        n_key_value_heads=c["num_key_value_heads"], d_mlp=c["intermediate_size"], n_layers=c["num_hidden_layers"],
        n_ctx=c["max_position_embeddings"], eps=c["rms_norm_eps"], d_vocab=c["vocab_size"], act_fn="silu",
        normalization_type="RMS", positional_embedding_type="rotary", rotary_base=c["rope_theta"], rotary_dim=d_head,
        rotary_adjacent_pairs=False, final_rms=True, gated_mlp=True, original_architecture="LlamaForCausalLM",
        default_prepend_bos=True, device=given.device, dtype=dtype, init_weights=False, model_name="bench",
    )  # fmt: skip
    model = HookedTransformer(config, tokenizer=None, move_to_device=False)
    source = transformers.AutoModelForCausalLM.from_pretrained(given.folder, dtype=dtype).eval()
    state = {name: weight.clone() for name, weight in convert_llama_weights(source, config).items()}
    model.load_and_process_state_dict(
        state, fold_ln=False, center_writing_weights=False, center_unembed=False, fold_value_biases=False
    )
    model.tokenizer = Padding()
    return model.to(given.device)


def make(given, steer):
    model = model_of(given)

    def generate(lines, new_tokens):
        ids, _, padding = common.left_padded(lines, given.device)

        def hook(hidden, hook):
            common.steer_hidden(hidden, lines, padding, steer)

        with model.hooks(fwd_hooks=[(f"blocks.{steer[0]}.hook_resid_post", hook)]):
            out = model.generate(
                input=ids, stop_at_eos=False, max_new_tokens=new_tokens, do_sample=False, verbose=False,
                return_type="tokens",
            )  # fmt: skip
        return out[:, ids.shape[1] :]

    return generate


if __name__ == "__main__":
    common.serve(make)
