"""Writes a GGUF checkpoint of the llama or gemma3 architecture as Hugging Face's layout has it, without torch.

    python convert.py MODEL.gguf FOLDER

Numbers are dequantised to 32 bits, so that every program that opens the folder computes with the same ones.
"""

import argparse
import json
import os
from pathlib import Path

import numpy
from gguf import GGUFReader, TokenType
from gguf.quants import dequantize

# Names of GGUF and of Hugging Face's layout, by architecture.
LAYER = {
    "llama": {
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
}
LAYER["gemma3"] = LAYER["llama"] | {
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
WHOLE = {"token_embd": "embed_tokens", "output_norm": "norm"}
# Five layers of Gemma 3 see a window, the sixth sees all; the rotary embedding of the five has a base of its own.
PERIOD = 6
LOCAL_BASE = 10_000.0


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("gguf", type=Path)
    options.add_argument("folder", type=Path)
    options = options.parse_args()
    reader = GGUFReader(options.gguf)
    told = {name: field.contents() for name, field in reader.fields.items()}
    architecture = told.get("general.architecture")
    if architecture not in FILES:
        raise SystemExit(f"general.architecture: expected {' or '.join(FILES)}, found {architecture!r}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES[architecture](told).items():
        write(options.folder / name, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    # Last: a folder with weights is whole.
    write_safetensors(options.folder / "model.safetensors", dict(tensors(reader, told, architecture)))


def expect(told, key, expected):
    if told.get(key) != expected:
        raise SystemExit(f"{key}: expected {expected!r}, found {told.get(key)!r}")


def added(at, token, special):
    return {"id": at, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": special}


def files_of_llama(told):
    expect(told, "tokenizer.ggml.model", "gpt2")
    expect(told, "tokenizer.ggml.pre", "smollm")
    kinds = told["tokenizer.ggml.token_type"]
    special = [
        added(at, token, True) for at, token in enumerate(told["tokenizer.ggml.tokens"]) if kinds[at] == TokenType.CONTROL
    ]
    tokens = told["tokenizer.ggml.tokens"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    # The rules that llama.cpp knows by the name "smollm": each digit alone, then as GPT-2 does.
    digits = {"type": "Digits", "individual_digits": True}
    d_model, heads = told["llama.embedding_length"], told["llama.attention.head_count"]
    eos, pad = told["tokenizer.ggml.eos_token_id"], told["tokenizer.ggml.padding_token_id"]
    bos = told["tokenizer.ggml.bos_token_id"]
    return {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": told["llama.vocab_size"],
            "hidden_size": d_model,
            "intermediate_size": told["llama.feed_forward_length"],
            "num_hidden_layers": told["llama.block_count"],
            "num_attention_heads": heads,
            "num_key_value_heads": told["llama.attention.head_count_kv"],
            "head_dim": d_model // heads,
            "hidden_act": "silu",
            "max_position_embeddings": told["llama.context_length"],
            # The file has it in 32 bits.
            "rms_norm_eps": float(f"{told['llama.attention.layer_norm_rms_epsilon']:.6g}"),
            "rope_theta": told["llama.rope.freq_base"],
            "tie_word_embeddings": True,
            "attention_bias": False,
            "mlp_bias": False,
            "bos_token_id": bos,
            "eos_token_id": eos,
            "pad_token_id": pad,
            "torch_dtype": "float32",
        },
        "generation_config.json": {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad},
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special,
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
            "post_processor": None,
            "decoder": {**byte_level, "add_prefix_space": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": {token: at for at, token in enumerate(tokens)},
                "merges": [merge.split(" ") for merge in told["tokenizer.ggml.merges"]],
            },
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokens[bos],
            "eos_token": tokens[eos],
            "pad_token": tokens[pad],
            "unk_token": tokens[told["tokenizer.ggml.unknown_token_id"]],
            "clean_up_tokenization_spaces": False,
            "model_max_length": told["llama.context_length"],
            "chat_template": told["tokenizer.chat_template"],
        },
    }


def files_of_gemma3(told):
    expect(told, "tokenizer.ggml.model", "llama")
    eos, pad, bos = (told[f"tokenizer.ggml.{name}_token_id"] for name in ["eos", "padding", "bos"])
    tokens = [spaced(token) for token in told["tokenizer.ggml.tokens"]]
    kinds = told["tokenizer.ggml.token_type"]
    n_layers = told["gemma3.block_count"]
    return {
        "config.json": {
            "architectures": ["Gemma3ForCausalLM"],
            "model_type": "gemma3_text",
            "vocab_size": len(tokens),
            "hidden_size": told["gemma3.embedding_length"],
            "intermediate_size": told["gemma3.feed_forward_length"],
            "num_hidden_layers": n_layers,
            "num_attention_heads": told["gemma3.attention.head_count"],
            "num_key_value_heads": told["gemma3.attention.head_count_kv"],
            "head_dim": told["gemma3.attention.key_length"],
            # That of all models of the family but the largest.
            "query_pre_attn_scalar": told["gemma3.attention.key_length"],
            "hidden_activation": "gelu_pytorch_tanh",
            "max_position_embeddings": told["gemma3.context_length"],
            "rms_norm_eps": float(f"{told['gemma3.attention.layer_norm_rms_epsilon']:.6g}"),
            "rope_theta": told["gemma3.rope.freq_base"],
            "rope_local_base_freq": LOCAL_BASE,
            "sliding_window": told["gemma3.attention.sliding_window"],
            "layer_types": [
                "full_attention" if layer % PERIOD == PERIOD - 1 else "sliding_attention" for layer in range(n_layers)
            ],
            "tie_word_embeddings": True,
            "attention_bias": False,
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
            "bos_token_id": bos,
            "eos_token_id": eos,
            "pad_token_id": pad,
            "torch_dtype": "float32",
        },
        "generation_config.json": {"bos_token_id": bos, "eos_token_id": eos, "pad_token_id": pad},
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                added(at, token, kinds[at] == TokenType.CONTROL)
                for at, token in enumerate(tokens)
                if kinds[at] in (TokenType.CONTROL, TokenType.USER_DEFINED) and token.strip("\u2581")
            ],
            "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
            "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": tokens[bos], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [
                    {"SpecialToken": {"id": tokens[bos], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": tokens[bos], "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}},
                ],
                "special_tokens": {tokens[bos]: {"id": tokens[bos], "ids": [bos], "tokens": [tokens[bos]]}},
            },
            "decoder": {
                "type": "Sequence",
                "decoders": [
                    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                    {"type": "ByteFallback"}, {"type": "Fuse"},
                ],
            },
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": tokens[told["tokenizer.ggml.unknown_token_id"]],
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": True,
                "byte_fallback": True,
                "vocab": {token: at for at, token in enumerate(tokens)},
                "merges": merges(tokens),
            },
        },
        "tokenizer_config.json": {
            "tokenizer_class": "GemmaTokenizer",
            "add_bos_token": True,
            "bos_token": tokens[bos],
            "eos_token": tokens[eos],
            "pad_token": tokens[pad],
            "unk_token": tokens[told["tokenizer.ggml.unknown_token_id"]],
            "clean_up_tokenization_spaces": False,
            "model_max_length": told["gemma3.context_length"],
        },
    }


FILES = {"llama": files_of_llama, "gemma3": files_of_gemma3}


def spaced(token):
    """llama.cpp writes tokens of spaces alone with spaces."""
    return "\u2581" * len(token) if token and not token.strip(" ") else token


def merges(tokens):
    """What byte pair encoding joins, in its order, to come to the pieces that SentencePiece comes to: every way to make a piece
    of two others, by the number of the piece, the longer beginning first, as transformers has it."""
    known = set(tokens)
    splits = ([piece[:at], piece[at:]] for piece in tokens for at in range(len(piece) - 1, 0, -1))
    return [split for split in splits if split[0] in known and split[1] in known]


def tensors(reader, told, architecture):
    """Each tensor under its name in Hugging Face's layout, with its numbers in 32 bits."""
    count = told[f"{architecture}.attention.head_count"], told[f"{architecture}.attention.head_count_kv"]
    heads = dict(zip(["attn_q", "attn_k"], count)) if architecture == "llama" else {}
    for tensor in reader.tensors:
        numbers = dequantize(tensor.data, tensor.tensor_type).astype("<f4", copy=False)
        numbers = numbers.reshape([int(n) for n in reversed(tensor.shape)])
        *layer, kind, weight = tensor.name.split(".")
        if weight != "weight" or (layer and layer[0] != "blk"):
            raise SystemExit(f"unknown tensor {tensor.name}")
        if kind in heads:
            numbers = in_halves(numbers, heads[kind])
        if architecture == "gemma3" and kind.endswith("norm"):
            # llama.cpp multiplies by what is stored, Gemma by one more.
            numbers = numbers - 1
        name = f"layers.{layer[1]}.{LAYER[architecture][kind]}" if layer else WHOLE[kind]
        yield f"model.{name}.weight", numbers


def in_halves(weight, heads):
    """GGUF pairs the neighbours of a head for the rotary embedding, Hugging Face's layout its two halves."""
    pairs = weight.reshape(heads, weight.shape[0] // heads // 2, 2, weight.shape[1])
    return pairs.swapaxes(1, 2).reshape(weight.shape)


def write_safetensors(path, named):
    header, at = {}, 0
    for name, numbers in named.items():
        header[name] = {"dtype": "F32", "shape": list(numbers.shape), "data_offsets": [at, at + numbers.nbytes]}
        at += numbers.nbytes
    header = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    header += b" " * (-len(header) % 8)
    with temporary(path) as out:
        out.write(len(header).to_bytes(8, "little") + header)
        for numbers in named.values():
            out.write(numpy.ascontiguousarray(numbers).data)


def write(path, content):
    with temporary(path) as out:
        out.write(content)


class temporary:
    """A file under another name until all of it is there."""

    def __init__(self, path):
        self.path, self.part = path, path.with_suffix(".part")

    def __enter__(self):
        self.out = open(self.part, "wb")
        return self.out

    def __exit__(self, failed, *_):
        self.out.close()
        if failed is None:
            os.replace(self.part, self.path)


if __name__ == "__main__":
    main()
