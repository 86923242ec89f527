#!/usr/bin/env python3
"""Writes SAELens's releases as tch-lens reads them, crates/tch-lens/src/hub/releases.txt.

    releases.py [pretrained_saes.yaml] > releases.txt     (the file that sae-lens ships; by default that of the sae-lens installed)
    releases.py --pairs [pretrained_saes.yaml]            each autoencoder: release, id, repository, path and scale, by tabs

A release is a line: its name, its repository, and how activations are normalised where only SAELens says so. Under it stand its
autoencoders, indented: the names that they have in the release and in the repository, with `*` for what differs. What the stars
of the second are is what those of the first are, in their order; where that does not do, a third entry has them all, those of
the first in front. A fourth is by what activations were multiplied in training, where files do not say it.
"""
import collections
import pathlib
import re
import sys

import yaml

# The layouts in whose files the scale of activations is missing.
SCALED = {None, "llama_scope_r1_distill"}
NUMBER = re.compile(r"(\d+)")


def main():
    pairs = sys.argv[1:2] == ["--pairs"]
    given = sys.argv[2 if pairs else 1:]
    if given:
        path = pathlib.Path(given[0])
    else:
        import sae_lens
        path = pathlib.Path(sae_lens.__file__).parent / "pretrained_saes.yaml"
    for name, release in yaml.safe_load(path.read_text()).items():
        if pairs:
            for sae_id, path, scale in saes(release):
                print(name, sae_id, release["repo_id"], path, scale or "", sep="\t")
        else:
            normalised = release.get("config_overrides", {}).get("normalize_activations")
            print("\t".join([name, release["repo_id"], *([normalised] if normalised else [])]))
            for line in lines(release):
                print("\t" + "\t".join(line).rstrip("\t"))


def saes(release):
    for sae in release["saes"]:
        scale = sae.get("norm_scaling_factor") if release.get("conversion_func") in SCALED else None
        yield str(sae["id"]), str(sae["path"]), "" if scale is None else repr(scale)


def lines(release):
    left = list(saes(release))
    # What has a scale of its own stands alone.
    alone = [sae for sae in left if sae[2]]
    left = [sae for sae in left if not sae[2]]
    # It is told first, as a pattern may fit it, too.
    for sae_id, path, scale in alone:
        yield [sae_id, path, "", scale]
    around = between(left)
    if around:
        yield around
    else:
        groups = collections.defaultdict(list)
        for sae_id, path, _ in left:
            groups[NUMBER.sub("*", sae_id), NUMBER.sub("*", path)].append((sae_id, path))
        # A name with more stars is told first: a shorter one may fit it, too.
        for group in sorted(groups.values(), key=lambda group: -NUMBER.sub("*", group[0][0]).count("*")):
            yield from patterns(group)


def between(group):
    """The names in the repository as those in the release with the same text before and behind."""
    if len(group) < 2 or group[0][0] not in group[0][1]:
        return None
    before, behind = group[0][1].split(group[0][0], 1)
    fits = all(path == before + sae_id + behind for sae_id, path, _ in group)
    return ["*", f"{before}*{behind}"] if fits else None


def patterns(group):
    """The names of one form, whose numbers that are everywhere the same stay numbers."""
    ids, paths = ([NUMBER.split(name) for name in names] for names in zip(*group))
    first, first_path = starred(ids), starred(paths)
    stars = [(values(name, first), values(path, first_path)) for name, path in zip(ids, paths)]
    line = [joined(first), joined(first_path)]
    if any(of_id != of_path for of_id, of_path in stars):
        more = len(stars[0][1]) > len(stars[0][0]) and all(path[:len(name)] == name for name, path in stars)
        if not more:
            # Nothing that stars can say.
            yield from ([name, path] for name, path in group)
            return
        line.append(" ".join(",".join(path) for _, path in stars))
    yield line


def starred(names):
    """The parts of names of one form, with None for the numbers that differ."""
    return [parts[0] if len(set(parts)) == 1 else None for parts in zip(*names)]


def values(name, form):
    return [part for part, fixed in zip(name, form) if fixed is None]


def joined(form):
    return "".join("*" if part is None else part for part in form)


if __name__ == "__main__":
    main()
