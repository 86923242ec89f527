#!/usr/bin/env python3
"""Runs the study of SmolLM2-135M-Instruct from nothing to its audit: `cargo xtask real-study`.

    scripts/real_models/study.py [--out DIR] [--study FILE] [--ship DIR]

sets up the model (setup.py), trains an autoencoder on prompts of the small study, so that every study steers the same features,
asks all questions, and makes tables, figures, report and audit. VALUEBENCH_DATA names the folder with ValueBench's value_orientation.csv; without it that is taken from where
`cargo xtask data` puts it. What was stopped goes on where it was when it is called again. --ship
copies what may be given away, all but the journal and the items' texts.
"""

import argparse
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import setup

ROOT = setup.HERE.parent.parent
FETCHED = ROOT / ".data/valuebench"
QUESTIONS = "value_orientation.csv"
AT = "blocks.15.hook_resid_post"
TRAINED_ON = ROOT / "examples/studies/smollm2-135m-small.toml"
TRAINING = ["--tokens", "20000", "--features", "1024", "--active", "32", "--steps", "300", "--batch", "1024"]
SHIPPED = ["*.csv", "*.json", "*.toml", "*.md", "*.png", "*.svg"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, help="where answers and results go; out/ and the study's name unless given")
    options.add_argument("--study", type=Path, default=ROOT / "examples/studies/smollm2-135m.toml", help="another study file")
    options.add_argument("--ship", type=Path, help="folder for what may be given away")
    options.add_argument("--programs", type=Path, help="folder of programs that are built already")
    given = options.parse_args()
    given.out = given.out or Path("out") / given.study.stem
    data = materials()
    autoencoder(given, data)
    program(given, "run_study", given.study, "--data", data, "--out", given.out)
    audit = given.out / "audit"
    program(given, "audit", "--study", given.out, "--out", audit)
    if given.ship:
        ship(given.out, audit, data / QUESTIONS, given.ship)


def materials():
    """The folder that the study's paths are relative to."""
    questions = Path(os.environ.get("VALUEBENCH_DATA", FETCHED))
    if not (questions / QUESTIONS).is_file():
        sys.exit(f"{questions}: expected ValueBench's {QUESTIONS}, found none: `cargo xtask data valuebench` fetches it, and "
                 "VALUEBENCH_DATA names a folder that has it")
    model = subprocess.run([sys.executable, setup.HERE / "setup.py"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    data = Path(model).parent / "study"
    data.mkdir(exist_ok=True)
    for name, target in [
        ("model", Path(model)),
        ("references.toml", ROOT / "examples/experiments/references.toml"),
        ("template.txt", ROOT / "examples/studies/smollm2-135m.txt"),
        (QUESTIONS, questions / QUESTIONS),
    ]:
        (data / name).unlink(missing_ok=True)
        (data / name).symlink_to(target.resolve())
    return data


def autoencoder(given, data):
    """Trains the autoencoder, unless the one that is there was trained so."""
    sae = data / "sae"
    how = [TRAINED_ON.read_bytes(), AT.encode(), *(word.encode() for word in TRAINING)]
    how, mark = hashlib.sha256(b"\0".join(how)).hexdigest(), data / "sae.sha256"
    if mark.exists() and mark.read_text() == how:
        return
    shutil.rmtree(sae, ignore_errors=True)
    program(given, "train_sae", TRAINED_ON, "--data", data, "--at", AT, "--out", sae, *TRAINING)
    mark.write_text(how)


def program(given, name, *arguments):
    """Runs a program of the workspace, in the folder from which this one was called."""
    package = ["--package", "audit"] if name == "audit" else ["--package", "study", "--features", "lens"]
    build = ["cargo", "run", "--release", "--manifest-path", ROOT / "Cargo.toml", *package, "--bin", name, "--"]
    command = [given.programs / name] if given.programs else build
    begin = time.monotonic()
    ended = subprocess.run([str(word) for word in [*command, *arguments]])
    if ended.returncode:
        sys.exit(ended.returncode)
    print(f"{name}: {(time.monotonic() - begin) / 60:.1f} minutes", flush=True)


def ship(out, audit, questions, folder):
    """Copies results without the journal, and the table of items with their numbers in ValueBench's file for their texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in SHIPPED:
        for path in out.glob(pattern):
            if path.name != "items.csv":
                shutil.copyfile(path, folder / path.name)
    shutil.copyfile(audit / "audit.json", folder / "audit.json")
    with open(questions, newline="") as table:
        numbers = {(row["question"], row["value"]): number for number, row in enumerate(csv.DictReader(table), 1)}
    with open(out / "items.csv", newline="") as items, open(folder / "items.csv", "w", newline="") as kept:
        items = csv.DictReader(items)
        writer = csv.DictWriter(kept, ["item" if name == "question" else name for name in items.fieldnames], lineterminator="\n")
        writer.writeheader()
        for row in items:
            writer.writerow({"item": numbers[row.pop("question"), row["value"]], **row})


if __name__ == "__main__":
    main()
