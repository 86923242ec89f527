#!/usr/bin/env python3
"""How many of the autoencoders that SAELens lists tch-lens opens, by the layout in which they are published.

    count.py [pretrained_saes.yaml]    (the file that sae-lens ships; by default that of the sae-lens installed)
"""
import collections
import pathlib
import sys

import yaml

# SAELens's name of a layout to how tch-lens opens it.
LAYOUTS = {
    "gemma_3": "Gemma Scope 2, `params.safetensors`",
    "gemma_2": "Gemma Scope, `params.npz`",
    "gemma_2_transcoder": "Gemma Scope, `params.npz`",
    None: "SAELens, `cfg.json` and `sae_weights.safetensors`",
    "mwhanna_transcoder": "circuit-tracer, `layer_N.safetensors`",
    "llama_scope": "Llama Scope, `hyperparams.json`",
    "llama_scope_r1_distill": "Llama Scope, `config.json`",
    "dictionary_learning_1": "dictionary_learning, `ae.pt`, through `convert.py`",
    "qwen_scope": "Qwen Scope, `layerN.sae.pt`, through `convert.py`",
}


def main():
    if len(sys.argv) > 1:
        path = pathlib.Path(sys.argv[1])
    else:
        import sae_lens
        path = pathlib.Path(sae_lens.__file__).parent / "pretrained_saes.yaml"
    counts = collections.Counter()
    for release in yaml.safe_load(path.read_text()).values():
        counts[LAYOUTS.get(release.get("conversion_func"), "others, not opened")] += len(release["saes"])
    for layout, count in counts.most_common():
        print(f"| {layout} | {count:,} |")
    print(f"| all | {sum(counts.values()):,} |")


if __name__ == "__main__":
    main()
