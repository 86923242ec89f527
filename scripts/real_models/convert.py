"""Writes a GGUF checkpoint of the llama architecture as Hugging Face's layout has it, without torch.

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

LAYER = {
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
WHOLE = {"token_embd": "embed_tokens", "output_norm": "norm"}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("gguf", type=Path)
    options.add_argument("folder", type=Path)
    options = options.parse_args()
    reader = GGUFReader(options.gguf)
    told = {name: field.contents() for name, field in reader.fields.items()}
    expect(told, "general.architecture", "llama")
    expect(told, "tokenizer.ggml.model", "gpt2")
    expect(told, "tokenizer.ggml.pre", "smollm")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, content in files(told).items():
        write(options.folder / name, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    # Last: a folder with weights is whole.
    write_safetensors(options.folder / "model.safetensors", dict(tensors(reader, told)))


def expect(told, key, expected):
    if told.get(key) != expected:
        raise SystemExit(f"{key}: expected {expected!r}, found {told.get(key)!r}")


def files(told):
    special = [
        {"id": at, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for at, (token, kind) in enumerate(zip(told["tokenizer.ggml.tokens"], told["tokenizer.ggml.token_type"]))
        if kind == TokenType.CONTROL
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


def tensors(reader, told):
    """Each tensor under its name in Hugging Face's layout, with its numbers in 32 bits."""
    heads = {"attn_q": told["llama.attention.head_count"], "attn_k": told["llama.attention.head_count_kv"]}
    for tensor in reader.tensors:
        numbers = dequantize(tensor.data, tensor.tensor_type).astype("<f4", copy=False)
        numbers = numbers.reshape([int(n) for n in reversed(tensor.shape)])
        *layer, kind, weight = tensor.name.split(".")
        if weight != "weight" or (layer and layer[0] != "blk"):
            raise SystemExit(f"unknown tensor {tensor.name}")
        if kind in heads:
            numbers = in_halves(numbers, heads[kind])
        name = f"layers.{layer[1]}.{LAYER[kind]}" if layer else WHOLE[kind]
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
