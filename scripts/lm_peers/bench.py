"""Generation by tch-lens, transformers and TransformerLens, in turn in one run: medians into docs/benchmarks.md.

A model with random weights is made, and every round runs all contenders of a case one after the other on the same weights,
prompts and steers. The table holds medians over the rounds; cases that are not run again keep their last rows. Let nothing
else run meanwhile. `--shape tiny` shows in a minute that all works, and writes nothing into docs/benchmarks.md.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- scripts/lm_peers/bench.py writes from here -->"
END = "<!-- scripts/lm_peers/bench.py writes to here -->"

# Contenders: what the table calls them, and their options. Ours comes first; the others' speeds are divided by it.
PLAIN = ("tch-lens", ["serve", "--limit", "8"])
ENGINE = ("tch-lens, engine", ["serve", "--engine", "--batch", "216"])


def transformers(limit):
    """In batches of 8, for so many of the prompts: its speed does not depend on how many."""
    return ("transformers", ["transformers_worker.py", "--limit", str(limit)])


def transformer_lens(limit):
    return ("TransformerLens", ["transformer_lens_worker.py", "--limit", str(limit)])


EIGHT = "8 prompts of 198 to 220 tokens, 60 new ones each, steered"
SHORT = "108 questions in 2 settings, 45 new tokens (judged as soon as the answer is there)"
LONG = "108 questions in 2 settings, 100 new tokens (judged as the paper did)"

# Name: what the work is, the file with the prompts, precision, new tokens for each prompt, contenders.
CASES = {
    "plain-f32": (EIGHT, "plain.jsonl", "f32", 60, [PLAIN, transformers(8), transformer_lens(8)]),
    "plain-bf16": (EIGHT, "plain.jsonl", "bf16", 60, [PLAIN, transformers(8)]),
    "survey-45-f32": (SHORT, "questionnaire.jsonl", "f32", 45, [ENGINE, transformers(32)]),
    "survey-100-f32": (LONG, "questionnaire.jsonl", "f32", 100, [ENGINE, transformers(32)]),
    "survey-45-bf16": (SHORT, "questionnaire.jsonl", "bf16", 45, [ENGINE, transformers(32)]),
    "survey-100-bf16": (LONG, "questionnaire.jsonl", "bf16", 100, [ENGINE, transformers(32)]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=3, help="rounds per case")
    parser.add_argument("--threads", type=int, default=2, help="threads for every contender")
    parser.add_argument("--shape", default="llama200m", help="the model, as `bench_lm make` names it")
    given = parser.parse_args()
    run("cargo", "build", "--release", "--package", "tch-lens", "--example", "bench_lm")
    metadata = run("cargo", "metadata", "--no-deps", "--format-version", "1", stdout=subprocess.PIPE).stdout
    program = Path(json.loads(metadata)["target_directory"]) / "release/examples/bench_lm"
    folder = ROOT / ".peers/lm"
    kept = folder / f"results-{given.shape}.json"
    results = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in given.case:
        print(f"\n==== {name}: {CASES[name][0]}", flush=True)
        model = made_model(program, folder, given.shape, CASES[name][2])
        results[name] = measured(name, program, model, given)
        kept.write_text(json.dumps(results, indent=2))
    text = table(results, given.threads)
    print(f"\n{text}")
    if given.shape == "llama200m":
        document = ROOT / "docs/benchmarks.md"
        document.write_text(replaced(document.read_text(), text))


def run(*command, **options):
    return subprocess.run(list(map(str, command)), cwd=ROOT, check=True, **options)


def made_model(program, folder, shape, precision):
    model = folder / f"{shape}-{precision}"
    if not (model / "steer.safetensors").is_file():  # Written last.
        run(program, "make", "--shape", shape, "--precision", precision, "--folder", model)
    return model


class Worker:
    """A contender that stays running: one line to it is one run, and one line back tells how it went."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.ready = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended; what it said is above")
        return json.loads(line)

    def ask(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measured(case, program, model, given):
    """Every contender in every round; who goes first changes from round to round."""
    _, prompts, precision, new_tokens, contenders = CASES[case]
    shared = ["--folder", model, "--prompts", prompts, "--precision", precision, "--new-tokens", new_tokens]
    shared += ["--steer", "3:7:9:10", "--threads", given.threads]
    workers = []
    for name, options in contenders:
        print(f"starting {name}", flush=True)
        ours = options[0] == "serve"
        start = [program] if ours else [sys.executable, Path(__file__).with_name(options[0])]
        workers.append(Worker([str(word) for word in [*start, *options[0 if ours else 1 :], *shared]]))
    answers = [[] for _ in workers]
    for turn in range(given.rounds):
        for step in range(len(workers)):
            who = (turn + step) % len(workers)
            answers[who].append(workers[who].ask())
            print(f"round {turn}, {contenders[who][0]}: {answers[who][-1]['total_s']:.2f} s", flush=True)
    for worker in workers:
        worker.end()
    rows = zip(contenders, workers, answers)
    return [row(name, worker.ready, runs, answers[0][0]["ids"]) for (name, _), worker, runs in rows]


def row(name, ready, runs, ours):
    """Medians over the rounds; of the tokens those of the first round are compared."""
    n_prompts = ready["prompts"]
    pairs = list(zip(ours, runs[0]["ids"]))

    def median(value):
        return statistics.median(value(run) for run in runs)

    return {
        "name": name,
        "rounds": len(runs),
        "prompt_tokens": median(lambda run: ready["prompt_tokens"] / run["prefill_s"]),
        "new_tokens": median(lambda run: run["new_tokens"] / run["total_s"]),
        "decoded": median(lambda run: (run["new_tokens"] - n_prompts) / max(run["total_s"] - run["prefill_s"], 1e-9)),
        "answers": median(lambda run: n_prompts / run["total_s"]),
        "same": [sum(a == b for a, b in pairs), len(pairs)],
    }


def table(results, threads):
    lines = [
        f"{datetime.date.today()}, {processor()}, {threads} threads.",
        "",
        "| work | | rounds | prompt tokens/s | new tokens/s | decoded tokens/s | answers/s | tch-lens is | same tokens |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for case, (about, _, precision, *_) in CASES.items():
        for index, found in enumerate(results.get(case, [])):
            work = f"{about}, {precision}" if index == 0 else ""
            ratio = f"{results[case][0]['answers'] / found['answers']:.2f} x" if index else ""
            lines.append(
                f"| {work} | {found['name']} | {found['rounds']} | {found['prompt_tokens']:.0f} | {found['new_tokens']:.1f} "
                f"| {found['decoded']:.1f} | {found['answers']:.3f} | {ratio} | {found['same'][0]} of {found['same'][1]} |"
            )
    return "\n".join(lines)


def processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "unknown processor")


def replaced(text, new):
    """The document with what stands between the two marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f'docs/benchmarks.md lacks "{BEGIN}" or "{END}"')
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


if __name__ == "__main__":
    main()
