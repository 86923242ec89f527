#!/usr/bin/env python3
"""Fetches ValueBench's questionnaire and the paper's released measurements: `fetch.py FOLDER [GROUP ...]`, with `valuebench`,
`gemma`, `llama` and `roles` as groups. `cargo xtask data` runs it.

files.txt beside this lists the files. git fetches them by commit, which vouches for their content; length and SHA-256 are
compared as well. A file that is there, whole, is not fetched again, and one that is something else is an error.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class File(NamedTuple):
    name: str
    sha256: str
    length: str
    repository: str
    path: str
    commits: str

    def problem(self, content):
        """What is wrong with a content, if anything is."""
        if len(content) != int(self.length):
            return f"expected {self.length} bytes, found {len(content)}"
        found = hashlib.sha256(content).hexdigest()
        if self.sha256 not in ("-", found):
            return f"expected SHA-256 {self.sha256}, found {found}"
        return None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("groups", nargs="*")
    options.add_argument("--list", type=Path, default=HERE / "files.txt", help="another list of files")
    options.add_argument("--from", dest="server", default="https://github.com", help="where the repositories are")
    options = options.parse_args()
    lines = [line for line in options.list.read_text().splitlines() if line and not line.startswith("#")]
    files = [File(*line.split(" ")) for line in lines]
    known = sorted({file.name.split("/")[0] for file in files})
    unknown = [group for group in options.groups if group not in known]
    if unknown:
        sys.exit(f"{unknown[0]}: expected one of {', '.join(known)}")
    if options.groups:
        files = [file for file in files if file.name.split("/")[0] in options.groups]
    missing = [file for file in files if not is_there(options.folder, file)]
    for repository in dict.fromkeys(file.repository for file in missing):
        of_it = [file for file in missing if file.repository == repository]
        print(f"{repository}: fetching {', '.join(Path(file.name).name for file in of_it)}", file=sys.stderr)
        fetch(f"{options.server}/{repository}", of_it, options.folder)
    print(options.folder)


def is_there(folder, file):
    path = folder / file.name
    if not path.exists():
        return False
    problem = file.problem(path.read_bytes())
    if problem:
        sys.exit(f"{path}: {problem}: remove it, and it is fetched again")
    return True


def fetch(url, files, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as bare:
        git(bare, "init", "--quiet", "--bare")
        git(bare, "remote", "add", "origin", url)
        for file in files:
            write(folder / file.name, content(bare, url, file, folder))


def content(bare, url, file, folder):
    """That of the first commit that has the file as it should be."""
    for commit in file.commits.split(","):
        fetched = git(bare, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", commit)
        if fetched.returncode:
            sys.exit(
                f"{fetched.stderr.decode(errors='replace').strip()}\n{url} at {commit} cannot be had: is this machine offline? "
                f"{folder / file.name} may also be put there by hand; it is {file.path} of that repository"
            )
        found = git(bare, "cat-file", "blob", f"{commit}:{file.path}")
        problem = found.stderr.decode(errors="replace").strip() if found.returncode else file.problem(found.stdout)
        if not problem:
            return found.stdout
    sys.exit(f"{url}: {file.path} at {file.commits}: {problem}")


def git(bare, *words):
    """Whatever is missing is no question to the user."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(["git", "--git-dir", bare, *words], env=environment, capture_output=True)
    except FileNotFoundError:
        sys.exit("git is not here, with which files are fetched: install it")


def write(path, content):
    """Whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)


if __name__ == "__main__":
    main()
