"""Runs one Python peer on one CSV file and prints a JSON object: version, seconds, edges.

    python3 worker.py PEER FILE TEST ALPHA MOST_REPEATS

Times the call of PC alone; the interpreter, the imports and the data are there before. A short call is
repeated, up to MOST_REPEATS times or three seconds in all.
"""

import itertools
import json
import sys
import time
import warnings
from importlib.metadata import version

import pandas

BUDGET = 3.0


def main():
    peer, path, test, alpha, most = sys.argv[1:]
    warnings.filterwarnings("ignore")
    table = pandas.read_csv(path)
    package, prepare = PEERS[peer]
    search = prepare(table, test, float(alpha))
    seconds, found = repeated(search, int(most))
    edges = dict(zip(("directed", "undirected", "bidirected"), found))
    print(json.dumps({"version": version(package), "seconds": seconds, **edges}))


def repeated(search, most):
    seconds = []
    while len(seconds) < most and sum(seconds) < BUDGET:
        start = time.perf_counter()
        found = search()
        seconds.append(time.perf_counter() - start)
    return seconds, found()


def causal_learn(table, test, alpha, **options):
    from causallearn.search.ConstraintBased.PC import pc

    rows = table.to_numpy(dtype=float if test == "fisherz" else int)

    def search():
        found = pc(rows, alpha, test, show_progress=False, **options)
        return lambda: edges_of(found.G.graph)

    return search


def edges_of(matrix):
    """Entry (a, b) is the mark at a's end: -1 a tail, 1 an arrowhead."""
    directed, undirected, bidirected = [], [], []
    for a, b in itertools.combinations(range(len(matrix)), 2):
        ends = (int(matrix[a, b]), int(matrix[b, a]))
        if ends == (-1, 1):
            directed.append((a, b))
        elif ends == (1, -1):
            directed.append((b, a))
        elif ends == (-1, -1):
            undirected.append((a, b))
        elif ends == (1, 1):
            bidirected.append((a, b))
    return directed, undirected, bidirected


def pgmpy(table, test, alpha):
    import logging

    from pgmpy.causal_discovery import PC

    logging.disable(logging.CRITICAL)
    number = {name: v for v, name in enumerate(table)}
    frame = table if test == "fisherz" else table.astype("category")
    name = {"fisherz": "fisher_z", "gsq": "g_sq", "chisq": "chi_square"}[test]

    def search():
        peer = PC(
            variant="stable",
            ci_test=name,
            significance_level=alpha,
            max_cond_vars=len(number),
            n_jobs=1,
            show_progress=False,
        )
        peer.fit(frame)
        return lambda: (
            [(number[a], number[b]) for a, b in peer.causal_graph_.directed_edges],
            [(number[a], number[b]) for a, b in peer.causal_graph_.undirected_edges],
            [],
        )

    return search


PEERS = {
    "causal-learn": ("causal-learn", causal_learn),
    "causal-learn max-p": ("causal-learn", lambda *given: causal_learn(*given, uc_rule=1)),
    "pgmpy": ("pgmpy", pgmpy),
}

if __name__ == "__main__":
    main()
