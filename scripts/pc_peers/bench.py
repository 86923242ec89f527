"""Speed of causal-pc's command against causal-learn and pgmpy, in alternation within one run.

    python3 bench.py --work DIR [--cases NAME,...] [--rounds 5] [--peers NAME;...] [--binary PATH]

Every round runs every contender of a case once, in shuffled order, each in a fresh process. What is
timed is the search alone: correlations or category codes included, reading the file excluded. Results
go to DIR/speed.jsonl as they come; the table at the end takes medians over the rounds.
"""

import argparse
import json
import random
import statistics
from dataclasses import dataclass
from pathlib import Path

import contenders
import data

DEFAULT, SEPARATING = "causal-pc, default", "causal-pc, separating-set rule"
LIKE = "causal-pc, like causal-learn"
REFERENCE = "causal-learn"
OWN = [(DEFAULT, 1), (SEPARATING, 1), (LIKE, 1), (DEFAULT, 2), (SEPARATING, 2), (LIKE, 2)]


@dataclass
class Case:
    """A data set with a test; the peers of a slow case run in `peer_rounds` rounds only."""

    source: str
    test: str
    alpha: float
    peers: tuple = (REFERENCE, "causal-learn max-p", "pgmpy")
    peer_rounds: int = 5
    repeats: int = 5
    own: tuple = tuple(OWN)
    timeout: float = 3000


SOURCES = {
    "p100-n1000-d3": lambda: data.linear_gaussian(2101, 100, 1_000, 3.0)[0],
    "p100-n5000-d8": lambda: data.linear_gaussian(2102, 100, 5_000, 8.0)[0],
    "p1000-n500-d3": lambda: data.linear_gaussian(2103, 1_000, 500, 3.0)[0],
    "p10000-n1000-d3": lambda: data.linear_gaussian(2104, 10_000, 1_000, 3.0)[0],
    "discrete-p37-n5000": lambda: data.categorical(2105, 37, 5_000, 46)[0],
}
FAST_RULES = tuple(c for c in OWN if c[0] != LIKE)
CASES = {
    "released@0.05": Case("released", "fisherz", 0.05),
    "released@0.01": Case("released", "fisherz", 0.01),
    "p100-n1000-d3@0.05": Case("p100-n1000-d3", "fisherz", 0.05, peer_rounds=2),
    "p100-n5000-d8@0.05": Case(
        "p100-n5000-d8", "fisherz", 0.05, peers=(REFERENCE,), peer_rounds=1
    ),
    "p1000-n500-d3@0.01": Case("p1000-n500-d3", "fisherz", 0.01, peers=(), own=FAST_RULES),
    "p1000-n500-d3@0.05": Case("p1000-n500-d3", "fisherz", 0.05, peers=(), own=FAST_RULES),
    "discrete-gsq@0.05": Case("discrete-p37-n5000", "gsq", 0.05),
    "discrete-chisq@0.05": Case("discrete-p37-n5000", "chisq", 0.05),
    "p10000-n1000-d3@0.01": Case(
        "p10000-n1000-d3", "fisherz", 0.01, peers=(), own=FAST_RULES, repeats=1
    ),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--work", type=Path, required=True, help="folder for data and results")
    arguments.add_argument("--cases", default=",".join(CASES), help=f"of {', '.join(CASES)}")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--binary", type=Path, default=contenders.default_binary())
    arguments.add_argument("--own-only", action="store_true", help="leave the peers out")
    arguments.add_argument("--peers", help="only these peers, split by ;")
    given = arguments.parse_args()
    results = []
    for name in given.cases.split(","):
        source = CASES[name].source
        path = prepared(source, given.work / f"{source}.csv")
        if path is None:
            print(f"{name}: skipped, VALUE_CAUSAL_RELEASED is not set")
            continue
        results += rounds_of(name, path, given)
    print(table(results))


def prepared(source, path):
    if source == "released":
        return data.released_table(path)
    return path if path.exists() else data.write_csv(path, SOURCES[source]())


def rounds_of(name, path, given):
    """All rounds of one case; a peer that fails or takes too long is left out of later rounds."""
    case, order, results, out = CASES[name], random.Random(7), [], set()
    for number in range(given.rounds):
        peers = case.peers if number < case.peer_rounds and not given.own_only else ()
        if given.peers is not None:
            peers = [peer for peer in peers if peer in given.peers.split(";")]
        turns = [(peer, 1) for peer in peers] + list(case.own)
        order.shuffle(turns)
        for contender, threads in turns:
            if contender in out:
                continue
            result = one(case, contender, threads, path, given.binary)
            result.update(case=name, contender=contender, threads=threads, round=number)
            if "error" in result:
                out.add(contender)
            results.append(result)
            note(result, given.work / "speed.jsonl")
    return results


def one(case, contender, threads, path, binary):
    try:
        answer = contenders.run(
            contender,
            path,
            case.test,
            case.alpha,
            threads=threads,
            repeats=case.repeats,
            timeout=case.timeout,
            binary=binary,
        )
    except (RuntimeError, TimeoutError) as error:
        return {"error": str(error)}
    n_edges = {kind: len(answer[kind]) for kind in ("directed", "undirected", "bidirected")}
    kept = {key: answer.get(key) for key in ("time_s", "n_tests", "peak_mib", "version")}
    return {**kept, **n_edges}


def note(result, path):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")
    outcome = result.get("error") or f"{result['time_s']:.5f} s"
    print(result["case"], result["contender"], result["threads"], outcome, flush=True)


def table(results):
    lines = [
        "| case | contender | threads | median s | causal-learn / it | tests | peak MiB | rounds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in dict.fromkeys(result["case"] for result in results):
        rows = grouped([r for r in results if r["case"] == case and "error" not in r])
        reference = rows.get((REFERENCE, 1))
        for (contender, threads), runs in sorted(rows.items(), key=lambda row: median(row[1])):
            ratio = f"{median(reference) / median(runs):.1f}" if reference else ""
            tests = "" if runs[0]["n_tests"] is None else int(runs[0]["n_tests"])
            peak = max(run["peak_mib"] for run in runs)
            lines.append(
                f"| {case} | {contender} | {threads} | {median(runs):.5f} | {ratio} "
                f"| {tests} | {peak:.0f} | {len(runs)} |"
            )
    return "\n".join(lines)


def grouped(results):
    rows = {}
    for result in results:
        rows.setdefault((result["contender"], result["threads"]), []).append(result)
    return rows


def median(runs):
    return statistics.median(run["time_s"] for run in runs)


if __name__ == "__main__":
    main()
