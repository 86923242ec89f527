"""The cluster-robust test against statsmodels: 1,000 queries of searches, to 1e-8.

One way: the score test of a GEE with independent working correlation, which takes its variance under
the hypothesis that is tested, as ours does. Two ways: the sums of squares that statsmodels adds up for
two-way clusters, over the scores of the same regression. Ours then scales the statistic by (G - 1) / G
and asks the F distribution with 1 and G - 1 degrees of freedom instead of chi-squared with 1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import f
from statsmodels.stats.sandwich_covariance import S_crosssection

from contenders import default_binary

WAYS = {"one": ["role"], "two": ["role", "feature"]}


def table(seed):
    """A chain of six variables in rows of clusters of unequal sizes, with effects of both ways."""
    rng = np.random.default_rng(seed)
    role = np.repeat(np.arange(40), rng.integers(5, 25, size=40))
    feature = rng.integers(0, 15, size=len(role))
    columns = {"role": role, "feature": feature}
    last = 0.0
    for name in "abcdef":
        own = rng.normal(size=40)[role] + 0.5 * rng.normal(size=15)[feature]
        last = 0.4 * last + own + rng.normal(size=len(role))
        columns[name] = last
    return pd.DataFrame(columns)


def searched(binary, file, ways):
    """Every query whose p-value `pc` tells: what separated pairs, and what came nearest to it."""
    others = sorted({"role", "feature"} - set(ways))
    command = [binary, file, "--json", "--explain"]
    command += [word for way in ways for word in ("--cluster", way)]
    command += [word for other in others for word in ("--without", other)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for removed in told["explanation"]["removed_edges"]:
        yield removed["pair"], removed["sets"][0], removed["p_value"]
    for strength in told["strengths"]:
        yield strength["pair"], strength["given"], strength["p_value"]


def of_statsmodels(data, pair, given, ways):
    x, y = data[pair[0]].to_numpy(), data[pair[1]].to_numpy()
    restricted = sm.add_constant(data[given].to_numpy()) if given else np.ones((len(data), 1))
    n_clusters = min(data[way].nunique() for way in ways)
    if len(ways) == 1:
        groups = data[ways[0]].to_numpy()
        smaller = sm.GEE(y, restricted, groups).fit()
        larger = sm.GEE(y, np.column_stack([restricted, x]), groups)
        statistic = larger.compare_score_test(smaller)["statistic"]
    else:
        left = [sm.OLS(z, restricted).fit().resid for z in (x, y)]
        scores = (left[0] * left[1])[:, None]
        cells = data.groupby(ways).ngroup().to_numpy()
        of_way = [S_crosssection(scores, data[way].to_numpy())[0, 0] for way in ways]
        of_cells = S_crosssection(scores, cells)[0, 0]
        statistic = scores.sum() ** 2 / max(sum(of_way) - of_cells, *of_way)
    share = (n_clusters - 1) / n_clusters
    return f.sf(share * float(np.squeeze(statistic)), 1, n_clusters - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--binary", type=Path, default=default_binary())
    arguments = parser.parse_args()
    worst, seed = {"one": 0.0, "two": 0.0}, 0
    counts = dict.fromkeys(WAYS, 0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        while sum(counts.values()) < arguments.queries:
            data = table(seed)
            data.to_csv(file, index=False, float_format="%.17g")
            for name, ways in WAYS.items():
                for pair, given, p in searched(arguments.binary, file, ways):
                    theirs = of_statsmodels(data, pair, given, ways)
                    worst[name] = max(worst[name], abs(p - theirs) / theirs)
                    counts[name] += 1
            seed += 1
    for name in WAYS:
        print(f"{name}-way clusters: {counts[name]} queries, largest relative difference {worst[name]:.1e}")
    sys.exit(int(max(worst.values()) > 1e-8))


main()
