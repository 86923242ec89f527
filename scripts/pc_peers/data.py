"""Seeded data sets of the shapes that the benchmark names."""

import itertools
import os
from pathlib import Path

import networkx as nx
import numpy as np

# The columns of the released table that are not measurements.
NOT_MEASURED = ("steer_dim", "player_name", "stds", "scstds")


def random_dag(rng, p, degree):
    """Edges of an Erdos-Renyi DAG; `degree` is the expected number of neighbours."""
    order = rng.permutation(p)
    n_pairs = p * (p - 1) // 2
    n_edges = rng.binomial(n_pairs, min(1.0, degree / (p - 1)))
    edges = set()
    while len(edges) < n_edges:
        a, b = sorted(rng.integers(0, p, size=2).tolist())
        if a != b:
            edges.add((int(order[a]), int(order[b])))
    return sorted(edges)


def parents_first(p, edges):
    """Every variable with its sorted parents, causes before effects."""
    parents = [[] for _ in range(p)]
    for a, b in edges:
        parents[b].append(a)
    dag = nx.DiGraph(edges)
    dag.add_nodes_from(range(p))
    return [(v, parents[v]) for v in nx.lexicographical_topological_sort(dag)]


def linear_gaussian(seed, p, n, degree):
    """Linear structural equations, coefficients from 0.25 to 1 with either sign, unit noise."""
    rng = np.random.default_rng(seed)
    edges = random_dag(rng, p, degree)
    columns = rng.standard_normal((p, n))
    for v, parents in parents_first(p, edges):
        for parent in parents:
            columns[v] += rng.choice([-1.0, 1.0]) * rng.uniform(0.25, 1.0) * columns[parent]
    return columns.T, edges


def categorical(seed, p, n, n_edges, most_parents=4):
    """Two to four states each, a random probability table for every state of the parents."""
    rng = np.random.default_rng(seed)
    edges = sparse_edges(rng, p, n_edges, most_parents)
    sizes = rng.integers(2, 5, size=p)
    columns = np.zeros((p, n), dtype=int)
    for v, parents in parents_first(p, edges):
        state = np.zeros(n, dtype=int)
        for parent in parents:
            state = state * sizes[parent] + columns[parent]
        n_states = int(np.prod([sizes[parent] for parent in parents]))
        table = 0.1 / sizes[v] + 0.9 * rng.dirichlet(np.full(sizes[v], 0.6), size=n_states)
        below = np.cumsum(table[state], axis=1)[:, :-1]
        columns[v] = (rng.random(n)[:, None] > below).sum(axis=1)
    return columns.T, edges


def sparse_edges(rng, p, n_edges, most_parents):
    order = rng.permutation(p)
    pairs = rng.permutation(list(itertools.combinations(range(p), 2)))
    edges, n_parents = [], np.zeros(p, dtype=int)
    for a, b in pairs:
        child = order[b]
        if len(edges) < n_edges and n_parents[child] < most_parents:
            edges.append((int(order[a]), int(child)))
            n_parents[child] += 1
    return sorted(edges)


def write_csv(path, rows):
    """Writes columns X0, X1, ... once; a file that is there is kept."""
    path = Path(path)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    form = "%d" if rows.dtype.kind == "i" else "%.7g"
    header = ",".join(f"X{v}" for v in range(rows.shape[1]))
    np.savetxt(unfinished, rows, fmt=form, delimiter=",", header=header, comments="")
    unfinished.rename(path)
    return path


def released_table(path):
    """The measured columns of the released Gemma table, or None where it is not at hand."""
    folder = os.environ.get("VALUE_CAUSAL_RELEASED")
    if folder is None:
        return None
    import pandas

    table = pandas.read_csv(Path(folder) / "ans_gemma_train_formal.csv")
    left_out = [c for c in table if c in NOT_MEASURED or c.endswith(":scstd")]
    path.parent.mkdir(parents=True, exist_ok=True)
    table.drop(columns=left_out).to_csv(path, index=False)
    return path
