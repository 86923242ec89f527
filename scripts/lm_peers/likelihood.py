"""Likelihood answers by tch-lens beside its own written ones and beside transformers, in turn in one run on SmolLM2.

The workload is a questionnaire: questions in two settings, a role and a steered direction each, in the paper's prompt; what is
asked for is how likely yes and no follow `Answer:`. Medians over the rounds go into docs/benchmarks.md. Let nothing else run
meanwhile. `--rounds 1 --questions 12` shows in a minute that all works; with --rounds below 3 nothing is written.
"""

import argparse
import csv
import datetime
import json
import statistics
import subprocess
import sys
from pathlib import Path

import bench
import safetensors.torch
import torch
from transformers import AutoTokenizer

BEGIN = "<!-- scripts/lm_peers/likelihood.py writes from here -->"
END = "<!-- scripts/lm_peers/likelihood.py writes to here -->"
LAYER = 15
ROLES = ["Gender: female; Job: Beekeeper; MBTI: INFP", "Gender: male; Job: Harbour pilot; MBTI: ESTJ"]
# The paper's (Figure 2).
PROMPT = """Instruction:
Answer the Question according to your values.

(FYI, here is your trait. {role})

First write your Thought about the question, then Answer the question with 'yes' or 'no'.

Refer to the format of the following Examples.

Example:
Question: Should I always be nice to others?
Thought: Being nice to others may make me feel more accomplishment and live in a good mood.
Answer: yes

Example:
Question: Should I always be nice to others?
Thought: Sometimes I have to be tough to protect myself so being nice is not always a good choice.
Answer: no

Now it is your turn.
Question: {question}
Thought:"""
ANSWER = "\nAnswer:"
NEW_TOKENS = 60

# What the table calls it, the worker's script (none for ours), prompts, options.
CONTENDERS = [
    ("tch-lens, read off", None, "scored.jsonl", ["--engine", "--batch", "64", "--no-prefill", "--new-tokens", "1"]),
    (f"tch-lens, written ({NEW_TOKENS} tokens)", None, "written.jsonl",
     ["--engine", "--batch", "216", "--no-prefill", "--new-tokens", str(NEW_TOKENS)]),
    ("transformers, read off in batches of 8", "transformers_scorer.py", "scored.jsonl", ["--limit", "32"]),
    ("transformers, read off, beginnings shared", "transformers_scorer.py", "scored.jsonl", ["--shared", "--batch", "54"]),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="threads for every contender")
    parser.add_argument("--precision", nargs="+", default=["f32", "bf16"], choices=["f32", "bf16"])
    parser.add_argument("--questions", type=int, default=108, help="questions in each setting")
    parser.add_argument("--program", type=Path, help="a bench_lm that is built already")
    given = parser.parse_args()
    program = given.program or built()
    folder = materials(given.questions)
    found = {precision: measured(program, folder, precision, given) for precision in given.precision}
    text = table(found, given)
    print(f"\n{text}")
    if given.rounds >= 3:
        document = bench.ROOT / "docs/benchmarks.md"
        bench.BEGIN, bench.END = BEGIN, END
        document.write_text(bench.replaced(document.read_text(), text))


def built():
    bench.run("cargo", "build", "--release", "--package", "tch-lens", "--example", "bench_lm")
    metadata = bench.run("cargo", "metadata", "--no-deps", "--format-version", "1", stdout=subprocess.PIPE).stdout
    return Path(json.loads(metadata)["target_directory"]) / "release/examples/bench_lm"


def materials(n):
    """SmolLM2 with prompts and directions."""
    setup = bench.run(sys.executable, "scripts/real_models/setup.py", stdout=subprocess.PIPE, text=True)
    model = Path(setup.stdout.strip())
    folder = bench.ROOT / ".peers/lm/smollm2"
    folder.mkdir(parents=True, exist_ok=True)
    for path in model.iterdir():
        (folder / path.name).unlink(missing_ok=True)
        (folder / path.name).symlink_to(path)
    with open(bench.ROOT / "fixtures/organism/questionnaire.csv", newline="") as file:
        questions = [row["question"] for row in csv.DictReader(file)][:n]
    tokenizer = AutoTokenizer.from_pretrained(model)
    lines = [
        (setting, PROMPT.format(role=role, question=question))
        for setting, role in enumerate(ROLES) for question in questions
    ]
    for name, after in [("scored.jsonl", ANSWER), ("written.jsonl", "")]:
        ids = ({"setting": setting, "ids": tokenizer(text + after).input_ids} for setting, text in lines)
        (folder / name).write_text("\n".join(map(json.dumps, ids)))
    torch.manual_seed(1)
    directions = torch.nn.functional.normalize(torch.randn(len(ROLES), 576), dim=-1)
    safetensors.torch.save_file({"directions": directions}, folder / "steer.safetensors")
    offsets = tokenizer(lines[0][1], return_offsets_mapping=True).offset_mapping
    begin = lines[0][1].index(" your values")
    steered = [at for at, (a, b) in enumerate(offsets) if a >= begin and b <= begin + len(" your values")]
    words = [tokenizer(word).input_ids for word in [" yes", " no"]]
    assert all(len(ids) == 1 for ids in words), words
    (folder / "told.json").write_text(json.dumps({
        "steer": f"{LAYER}:{steered[0]}:{steered[-1] + 1}:10", "score": ",".join(str(ids[0]) for ids in words),
    }))
    return folder


def measured(program, folder, precision, given):
    """Every contender in every round; who goes first changes from round to round."""
    told = json.loads((folder / "told.json").read_text())
    workers = []
    for name, script, prompts, options in CONTENDERS:
        print(f"starting {name}, {precision}", flush=True)
        start = [sys.executable, Path(__file__).with_name(script)] if script else [program, "serve"]
        score = [] if "written" in name else ["--score", told["score"]]
        shared = ["--folder", folder, "--prompts", prompts, "--precision", precision, "--threads", given.threads]
        workers.append(bench.Worker([str(word) for word in [*start, *shared, "--steer", told["steer"], *score, *options]]))
    answers = [[] for _ in workers]
    for turn in range(given.rounds):
        for step in range(len(workers)):
            who = (turn + step) % len(workers)
            answers[who].append(workers[who].ask())
            print(f"round {turn}, {CONTENDERS[who][0]}: {answers[who][-1]['total_s']:.2f} s", flush=True)
    for worker in workers:
        worker.end()
    ours = answers[0][0]["scores"]
    return [
        {
            "answers": statistics.median(worker.ready["prompts"] / run["total_s"] for run in runs),
            "off": off(ours, runs[0].get("scores")) if script else None,
        }
        for (_, script, *_), worker, runs in zip(CONTENDERS, workers, answers)
    ]


def off(ours, theirs):
    """The largest difference of two log-probabilities."""
    return max(abs(a - b) for row, other in zip(ours, theirs) for a, b in zip(row, other))


def table(found, given):
    lines = [
        f"{datetime.date.today()}, {bench.processor()}, {given.threads} threads, {given.rounds} rounds: "
        f"{given.questions} questions in {len(ROLES)} settings, steered. torch {torch.__version__.partition('+')[0]}.",
        "",
        "| | precision | answers/s | read off by tch-lens is | largest difference of a log-probability |",
        "|---|---|---:|---:|---:|",
    ]
    for precision, rows in found.items():
        for (name, *_), row in zip(CONTENDERS, rows):
            ratio = "" if row is rows[0] else f"{rows[0]['answers'] / row['answers']:.1f} x"
            difference = "" if row["off"] is None else f"{row['off']:.1e}"
            lines.append(f"| {name} | {precision} | {row['answers']:.2f} | {ratio} | {difference} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
