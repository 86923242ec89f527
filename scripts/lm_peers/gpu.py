"""Generation on a GPU (or a CPU), tch-lens beside transformers, at the shapes of Gemma 2B and Llama 3 8B.

    python3 gpu.py --binary PATH/bench_lm [--shapes gemma2b,llama3-8b] [--batches 8,64,256,512,1024] [--device cuda]

Needs Python with torch 2.11.0 and transformers, and the program `bench_lm` (`cargo build --release -p tch-lens
--example bench_lm`, stripped if it has to travel): nothing else. Weights are random and made on the device. The work
is the questionnaire: settings of 108 questions whose prompts share 200 of some 230 tokens, steered. tch-lens runs it
through its engine at each batch size; transformers, with the same steer in a forward hook, in batches of
--peer-batches. Rounds alternate; medians are printed as Markdown, with the time that the released training run of
272,700 answers would take, and the share of the memory's bandwidth that reading the weights and caches once per
decoded batch amounts to.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

ANSWERS = 272_700
HERE = Path(__file__).resolve().parent


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--shapes", default="gemma2b,llama3-8b")
    parser.add_argument("--batches", default="8,64,256,512,1024")
    parser.add_argument("--peer-batches", default="8")
    parser.add_argument("--new-tokens", default="45,100")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steer", default="12:7:9:100")
    parser.add_argument("--settings", type=int, default=20, help="settings of 108 questions")
    parser.add_argument("--work", type=Path, help="a folder for prompts and results; default: a temporary one")
    return parser.parse_args()


def bandwidth(device):
    """Bytes per second that the device reads: a large sum, best of ten."""
    n = 2**30 if device.startswith("cuda") else 2**26
    numbers = torch.ones(n, dtype=torch.bfloat16 if device.startswith("cuda") else torch.float32, device=device)
    best = 0.0
    for _ in range(10):
        if device.startswith("cuda"):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            numbers.sum()
            end.record()
            torch.cuda.synchronize()
            seconds = begin.elapsed_time(end) / 1000
        else:
            begin = time.perf_counter()
            numbers.sum()
            seconds = time.perf_counter() - begin
        best = max(best, numbers.nbytes / seconds)
    return best


class Worker:
    """A process that answers each line with the measures of one run."""

    def __init__(self, name, command):
        self.name = name
        libraries = Path(torch.__file__).parent / "lib"
        environment = dict(os.environ, LD_LIBRARY_PATH=f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=environment, **pipes)
        self.ready = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        answer = self.read()
        del answer["ids"]
        return answer

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(given, folder, shape, new_tokens, report):
    """Every batch size of both, each in `rounds` runs that alternate with a run of the first peer."""
    common = ["--folder", folder, "--prompts", "questionnaire.jsonl", "--device", given.device, "--precision"]
    common += [given.precision, "--threads", given.threads, "--new-tokens", new_tokens, "--steer", given.steer]
    common += ["--no-prefill"]

    def ours(batch):
        limit = max(108, 2 * batch)
        command = [given.binary, "serve", "--random", shape, "--engine", "--batch", batch, "--limit", limit, *common]
        return Worker(f"tch-lens {batch}", list(map(str, command)))

    def peer(batch):
        worker = HERE / "transformers_worker.py"
        command = [sys.executable, worker, "--random", shape, "--batch", batch, "--limit", 2 * batch, *common]
        return Worker(f"transformers {batch}", list(map(str, command)))

    # What a batch size cannot hold ends there, and the others go on.
    contenders = [("transformers", int(b), peer) for b in given.peer_batches.split(",")]
    contenders += [("tch-lens", int(b), ours) for b in given.batches.split(",")]
    times = {(name, batch): [] for name, batch, _ in contenders}
    for round_ in range(given.rounds):
        for name, batch, start in contenders if round_ % 2 == 0 else reversed(contenders):
            try:
                worker = start(batch)
                try:
                    answer = worker.ask()
                finally:
                    worker.stop()
            except (RuntimeError, OSError) as error:
                print(f"{shape}: {error}", file=sys.stderr)
                continue
            answer |= worker.ready
            times[name, batch].append(answer)
            seconds = answer["total_s"]
            print(f"{shape} {new_tokens} {name} {batch} round {round_}: {seconds:.2f} s", file=sys.stderr, flush=True)
    for (name, batch), answers in times.items():
        if answers:
            report(name, batch, answers)


def main():
    given = options()
    work = given.work or Path(tempfile.mkdtemp())
    speed = bandwidth(given.device)
    device = torch.cuda.get_device_name() if given.device.startswith("cuda") else "CPU"
    print(f"{device}, {given.precision}, reads {speed / 1e12:.2f} TB/s; torch {torch.__version__}\n")
    head = "| shape | new tokens | | batch | answers/s | new tokens/s | of the bandwidth | 272,700 answers, minutes "
    print(head + "| times transformers |\n|---|---:|---|---:|---:|---:|---:|---:|---:|")
    for shape in given.shapes.split(","):
        folder = work / shape
        prompts = [given.binary, "prompts", "--shape", shape, "--folder", folder, "--settings", given.settings]
        subprocess.run(list(map(str, prompts)), check=True)
        for new_tokens in map(int, given.new_tokens.split(",")):
            first = {}

            def report(name, batch, answers):
                rate = statistics.median(a["prompts"] / a["total_s"] for a in answers)
                first.setdefault("rate", rate if name == "transformers" else None)
                ready = answers[0]
                share = ""
                if "weight_bytes" in ready:
                    tokens = ready["prompt_tokens"] / ready["prompts"] + new_tokens / 2
                    read = ready["weight_bytes"] + min(batch, ready["prompts"]) * tokens * ready["cache_bytes_per_token"]
                    share = f"{rate * new_tokens / batch * read / speed:.0%}"
                times = f"{rate / first['rate']:.1f}" if first["rate"] and name != "transformers" else ""
                minutes = ANSWERS / rate / 60
                cells = [shape, new_tokens, name, batch, f"{rate:.2f}", f"{rate * new_tokens:.0f}", share]
                print("| " + " | ".join(map(str, cells + [f"{minutes:.1f}", times])) + " |", flush=True)

            measure(given, folder, shape, new_tokens, report)


if __name__ == "__main__":
    main()
