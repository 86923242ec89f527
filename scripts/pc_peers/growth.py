"""How the time of causal-pc's command grows with p and n.

    python3 growth.py --work DIR [--rounds 5] [--binary PATH]
"""

import argparse
import statistics
from pathlib import Path

import contenders
import data

NAME = "causal-pc, separating-set rule"
VARIABLES = (50, 100, 200, 500, 1_000, 2_000, 5_000)
SAMPLES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--work", type=Path, required=True, help="folder for the data")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--binary", type=Path, default=contenders.default_binary())
    given = arguments.parse_args()
    heading = "| p | n | threads | median s | tests |\n|---|---|---|---|---|"
    print(heading)
    for p in VARIABLES:
        grown(given, p, 1_000)
    print(heading)
    for n in SAMPLES:
        grown(given, 100, n)


def grown(given, p, n):
    path = linear(given.work, p, n, 3.0)
    for threads in (1, 2):
        seconds, tests = timed(given, path, 0.01, threads)
        print(f"| {p} | {n} | {threads} | {seconds:.5f} | {tests} |", flush=True)


def linear(work, p, n, degree):
    path = work / f"growth-{p}-{n}-{degree:g}.csv"
    if path.exists():
        return path
    return data.write_csv(path, data.linear_gaussian(p + n, p, n, degree)[0])


def timed(given, path, alpha, threads):
    answers = [
        contenders.run(NAME, path, "fisherz", alpha, threads, repeats=3, binary=given.binary)
        for _ in range(given.rounds)
    ]
    return statistics.median(a["time_s"] for a in answers), int(answers[0]["n_tests"])


if __name__ == "__main__":
    main()
