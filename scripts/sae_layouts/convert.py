#!/usr/bin/env python3
"""Sparse autoencoders that are published as pickled files, written anew in SAELens's layout, which tch-lens opens.

    convert.py dictionary_learning FOLDER OUT       FOLDER holds ae.pt and config.json
    convert.py qwen_scope FILE OUT [--k K] [--model NAME]

Of Qwen Scope a FILE is layerN.sae.pt; K and the model are told by the name of its repository, `SAE-Res-MODEL-W64K-L0_K`, where a
folder above the file has it, or are given. A pickled file may run a program where it is read; this one reads tensors and plain
values alone (`weights_only`). OUT is a new folder with cfg.json and sae_weights.safetensors.
"""
import argparse
import json
import pathlib
import re
import sys

import safetensors.torch
import torch

# What each class of dictionary_learning is in SAELens, and whether b_dec is taken from what is encoded.
CLASSES = {
    "AutoEncoder": ("standard", True),
    "AutoEncoderNew": ("standard", True),
    "AutoEncoderTopK": ("topk", True),
    "BatchTopKSAE": ("jumprelu", True),
    "MatryoshkaBatchTopKSAE": ("jumprelu", True),
    "JumpReluAutoEncoder": ("jumprelu", False),
    "GatedAutoEncoder": ("gated", True),
}
# Their names of a tensor, and whether it is transposed.
NAMES = {
    "W_enc": [("W_enc", False), ("encoder.weight", True)],
    "W_dec": [("W_dec", False), ("decoder.weight", True)],
    "b_dec": [("b_dec", False), ("bias", False), ("decoder_bias", False)],
    "b_enc": [("b_enc", False), ("encoder.bias", False)],
    "b_mag": [("mag_bias", False)],
    "b_gate": [("gate_bias", False)],
    "r_mag": [("r_mag", False)],
    "threshold": [("threshold", False)],
}
WANTED = {
    "standard": ["W_enc", "b_enc", "W_dec", "b_dec"],
    "topk": ["W_enc", "b_enc", "W_dec", "b_dec"],
    "jumprelu": ["W_enc", "b_enc", "W_dec", "b_dec", "threshold"],
    "gated": ["W_enc", "b_gate", "b_mag", "r_mag", "W_dec", "b_dec"],
}


class Refused(Exception):
    """What cannot be converted, and why."""


def of_dictionary_learning(folder):
    """Settings and weights of a folder of dictionary_learning."""
    path = folder / "config.json"
    try:
        trainer = json.loads(path.read_text())["trainer"]
        name, layer, model = trainer["dict_class"], int(trainer["layer"]), trainer["lm_name"].split("/")[-1]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: expected trainer.dict_class, layer and lm_name: {error!r}") from None
    if name not in CLASSES:
        raise Refused(f"{path}: trainer.dict_class: expected one of {', '.join(CLASSES)}, found {name}")
    architecture, subtracts = CLASSES[name]
    stored = read(folder / "ae.pt")
    weights = {}
    for wanted in WANTED[architecture]:
        found = [(name, turned) for name, turned in NAMES[wanted] if name in stored]
        if not found:
            raise Refused(f"{folder / 'ae.pt'}: expected {' or '.join(name for name, _ in NAMES[wanted])}, found {', '.join(stored)}")
        (name, turned), *_ = found
        weights[wanted] = stored[name].T if turned else stored[name]
    d_in, d_sae = weights["W_enc"].shape
    if architecture == "jumprelu":
        weights["threshold"] = weights["threshold"].expand(d_sae)
    settings = dict(architecture=architecture, apply_b_dec_to_input=subtracts, d_in=d_in, d_sae=d_sae)
    if architecture == "topk":
        settings["k"] = int(trainer["k"])
    return settings, weights, layer, model


def of_qwen_scope(path, k, model):
    """Settings and weights of a file of Qwen Scope."""
    layer = re.fullmatch(r"layer(\d+)\.sae\.pt", path.name)
    if layer is None:
        raise Refused(f"{path}: expected the name layerN.sae.pt")
    repository = re.search(r"SAE-Res-(.+)-W\d+K-L0_(\d+)", str(path.resolve()))
    if repository:
        model, k = model or f"Qwen/{repository[1]}", k or int(repository[2])
    if not k:
        raise Refused(f"{path}: no folder above is named SAE-Res-MODEL-W64K-L0_K: expected --k")
    stored = read(path)
    try:
        weights = dict(W_enc=stored["W_enc"].T, W_dec=stored["W_dec"].T, b_enc=stored["b_enc"], b_dec=stored["b_dec"])
    except KeyError as missing:
        raise Refused(f"{path}: expected {missing}, found {', '.join(stored)}") from None
    d_in, d_sae = weights["W_enc"].shape
    settings = dict(architecture="topk", apply_b_dec_to_input=False, d_in=d_in, d_sae=d_sae, k=k)
    return settings, weights, int(layer[1]), model


def read(path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's, torch's and the system's have nothing in common
        raise Refused(f"{path}: {error}") from None


def write(out, settings, weights, layer, model):
    out.mkdir(parents=True)
    metadata = dict(model_name=model, hook_name=f"blocks.{layer}.hook_resid_post", hook_head_index=None, prepend_bos=True)
    settings = settings | dict(dtype="float32", device="cpu", normalize_activations="none", reshape_activations="none", metadata=metadata)
    (out / "cfg.json").write_text(json.dumps(settings, indent=1))
    weights = {name: weight.float().contiguous().clone() for name, weight in weights.items()}
    safetensors.torch.save_file(weights, out / "sae_weights.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layout", choices=["dictionary_learning", "qwen_scope"])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--k", type=int)
    parser.add_argument("--model")
    asked = parser.parse_args()
    try:
        if asked.layout == "qwen_scope":
            found = of_qwen_scope(asked.source, asked.k, asked.model)
        else:
            found = of_dictionary_learning(asked.source)
        write(asked.out, *found)
    except (Refused, OSError) as error:
        sys.exit(f"convert.py: {error}")


if __name__ == "__main__":
    main()
