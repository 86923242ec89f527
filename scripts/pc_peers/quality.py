"""How well the graphs match the true CPDAG: means over random linear-Gaussian graphs.

    python3 quality.py --work DIR [--graphs 10] [--p 40] [--n 1000] [--degree 3] [--alpha 0.01] [--seed 1]

An arrowhead counts as right if the true CPDAG has it; undirected edges have none. SHD counts a pair
once for any difference in presence, direction or mark. Tests are those of the skeleton and those made
again for colliders.
"""

import argparse
import json
from pathlib import Path

import networkx as nx
import numpy as np

import contenders
import data

CONTENDERS = [name for name in contenders.OURS if "like" not in name]
CONTENDERS += ["causal-learn", "causal-learn max-p"]
MEASURES = (
    "skeleton_precision",
    "skeleton_recall",
    "arrow_precision",
    "arrow_recall",
    "shd",
    "cyclic",
    "n_tests",
    "time_s",
)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--work", type=Path, required=True, help="folder for data and results")
    arguments.add_argument("--graphs", type=int, default=10)
    arguments.add_argument("--p", type=int, default=40)
    arguments.add_argument("--n", type=int, default=1000)
    arguments.add_argument("--degree", type=float, default=3.0)
    arguments.add_argument("--alpha", type=float, default=0.01)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--contenders", default=";".join(CONTENDERS), help="names, split by ;")
    arguments.add_argument("--binary", type=Path, default=contenders.default_binary())
    given = arguments.parse_args()
    scores = {name: [] for name in given.contenders.split(";")}
    for graph in range(given.graphs):
        score_graph(graph, given, scores)
    print(table(scores))


def score_graph(graph, given, scores):
    seed = given.seed * 10_000 + graph
    rows, edges = data.linear_gaussian(seed, given.p, given.n, given.degree)
    stem = f"quality-{seed}-{given.p}-{given.n}-{given.degree:g}"
    path = data.write_csv(given.work / f"{stem}.csv", rows)
    truth = class_of(given.p, edges)
    for name, values in scores.items():
        answer = contenders.run(name, path, "fisherz", given.alpha, binary=given.binary)
        score = compared(given.p, answer, truth)
        values.append(score)
        with open(given.work / "quality.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"set": stem, "contender": name, **score}) + "\n")


def class_of(p, edges):
    from causallearn.graph.Dag import Dag
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.DAG2CPDAG import dag2cpdag

    from worker import edges_of

    nodes = [GraphNode(str(v)) for v in range(p)]
    dag = Dag(nodes)
    for a, b in edges:
        dag.add_directed_edge(nodes[a], nodes[b])
    return marks(p, *edges_of(dag2cpdag(dag).graph))


def marks(p, directed, undirected, bidirected):
    """[p, p], 1 a tail and 2 an arrowhead at the second node of the pair, 0 no edge."""
    ends = np.zeros((p, p), dtype=int)
    for pairs, at_first, at_second in ((directed, 1, 2), (undirected, 1, 1), (bidirected, 2, 2)):
        for a, b in pairs:
            ends[b, a], ends[a, b] = at_first, at_second
    return ends


def compared(p, answer, truth):
    found = marks(p, answer["directed"], answer["undirected"], answer["bidirected"])
    graph = nx.DiGraph(answer["directed"])
    differing = (found != truth) | (found.T != truth.T)
    return {
        "skeleton_precision": share(found > 0, truth > 0),
        "skeleton_recall": share(truth > 0, found > 0),
        "arrow_precision": share(found == 2, truth == 2),
        "arrow_recall": share(truth == 2, found == 2),
        "shd": int(differing.sum()) // 2,
        "cyclic": int(not nx.is_directed_acyclic_graph(graph)),
        "n_tests": answer.get("n_tests", np.nan) + answer.get("n_tests_for_colliders", 0),
        "time_s": answer["time_s"],
    }


def share(of, also):
    return float((of & also).sum() / of.sum()) if of.any() else float("nan")


def table(scores):
    lines = ["| contender | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 1) + "|"]
    by_shd = sorted(scores.items(), key=lambda entry: np.mean([s["shd"] for s in entry[1]]))
    for name, values in by_shd:
        cells = []
        for measure in MEASURES:
            column = [value[measure] for value in values]
            value = sum(column) if measure == "cyclic" else float(np.mean(column))
            cells.append(f"{value:.5g}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
