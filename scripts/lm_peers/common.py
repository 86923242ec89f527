"""What the peers' workers share: options, prompts, steering, and the answer to each line of standard input."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "disabled")

import safetensors.torch
import torch

# The answers alone go to standard output; whatever a library prints goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def options():
    """The options of `bench_lm serve` that a peer has, under the same names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--random", help="random weights of the config.json in the folder, made on the device")
    parser.add_argument("--prompts", default="plain.jsonl")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="f32", choices=DTYPES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--new-tokens", type=int, default=60)
    parser.add_argument("--steer", default="6:7:9:10")
    parser.add_argument("--no-prefill", action="store_true")
    parser.add_argument("--score", type=lambda text: [int(word) for word in text.split(",")], help="ID,ID")
    parser.add_argument("--shared", action="store_true", help="compute what the prompts of a setting begin with once")
    return parser.parse_args()


def prompts(given):
    lines = [json.loads(line) for line in (given.folder / given.prompts).read_text().splitlines()]
    limit = given.limit or len(lines)
    return (lines * (limit // len(lines) + 1))[:limit]


def steering(given):
    """Layer, start, end, and what is added there in each setting: [setting, d_model]."""
    layer, start, end, dose = given.steer.split(":")
    directions = safetensors.torch.load_file(given.folder / "steer.safetensors")["directions"]
    added = float(dose) * directions.to(given.device)
    return int(layer), int(start), int(end), added.to(DTYPES[given.precision])


def left_padded(lines, device):
    """Token ids and mask [row, pos], padded with 0 on the left, and each row's padding."""
    longest = max(len(line["ids"]) for line in lines)
    ids = torch.zeros(len(lines), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, line in enumerate(lines):
        ids[row, longest - len(line["ids"]) :] = torch.tensor(line["ids"])
        mask[row, longest - len(line["ids"]) :] = 1
    return ids.to(device), mask.to(device), [longest - len(line["ids"]) for line in lines]


def steer_hidden(hidden, lines, padding, steer):
    """Adds each row's vector at its steered tokens, in the prompt pass alone; in place."""
    _, start, end, added = steer
    if hidden.shape[1] > 1:
        for row, line in enumerate(lines):
            hidden[row, padding[row] + start : padding[row] + end] += added[line["setting"]]


def serve(make):
    """Makes the model, then runs all prompts once for each line of standard input.

    `make(given, steer)` returns a function of (lines, new_tokens) that returns the new token ids, row by row.
    """
    given = options()
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    lines = prompts(given)
    generate = make(given, steering(given))
    batches = [lines[at : at + given.batch] for at in range(0, len(lines), given.batch)]

    def run(new_tokens):
        return [ids for batch in batches for ids in generate(batch, new_tokens).tolist()]

    generate(batches[0], 2)
    say({"ready": True, "prompts": len(lines), "prompt_tokens": sum(len(line["ids"]) for line in lines)})
    for _ in sys.stdin:
        begin = time.perf_counter()
        if not given.no_prefill:
            run(1)
        prefill = time.perf_counter() - begin
        begin = time.perf_counter()
        ids = run(given.new_tokens)
        total = time.perf_counter() - begin
        say({"prefill_s": prefill, "total_s": total, "new_tokens": sum(map(len, ids)), "ids": ids})


def say(line):
    print(json.dumps(line), file=ANSWERS, flush=True)
