"""Fetches the CPU part of libtorch through pip: `fetch.py FOLDER`. `cargo xtask libtorch` runs it.

Everything lies in FOLDER.partial until it is whole; a wheel that is whole is not fetched again. Then FOLDER is put in
place in one step. PIP_NO_INDEX and PIP_FIND_LINKS name a folder with the wheels for machines that reach no index.
"""

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

VERSION = "2.11.0"
# Nothing of Python is taken from the wheel, so any Python fetches the same one.
TAGS = ["--implementation=cp", "--python-version=311", "--abi=cp311", "--abi=none"]
TAGS += [f"--platform=manylinux_2_{glibc}_x86_64" for glibc in (17, 25, 28)] + ["--platform=any"]
# Entries of the wheels, and the folders they go to; one that ends in "/" is a folder with all below it.
PARTS = {
    "torch/include/": "include",
    "torch/lib/libc10.so": "lib",
    "torch/lib/libgomp.so.1": "lib",
    "torch/lib/libtorch_cpu.so": "lib",
    "nvidia/cu13/lib/libcudart.so.13": "lib",
    "nvidia/cu13/lib/libcupti.so.13": "lib",
}
# Wheels and what is taken from them, for the moment of unpacking.
NEEDED_BYTES = 1_200_000_000


def main(folder, requirements):
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(exist_ok=True)
    with open(partial / "lock", "w") as lock:
        # The system lifts the lock when this process ends, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_whole(folder):  # Another process may have been first.
            make(folder, requirements, partial)
    shutil.rmtree(partial, ignore_errors=True)


def make(folder, requirements, partial):
    if shutil.disk_usage(partial).free < NEEDED_BYTES:
        sys.exit(f"{partial}: fetching libtorch takes {NEEDED_BYTES / 1e9} GB for a while: make room")
    wheels = partial / "wheels"
    for line in requirements.read_text().splitlines():
        if line and not line.startswith("#"):
            fetch(line, wheels, partial)
    with tempfile.TemporaryDirectory(dir=partial) as attempt:
        made = Path(attempt) / "libtorch"
        unpack(sorted(wheels.glob("*.whl")), made)
        complete(made)
        if folder.exists():
            folder.rename(Path(attempt) / "replaced")
        made.rename(folder)


def is_whole(folder):
    """Whether every file that a finished set-up listed is there in its size."""
    try:
        listed = [line.split(" ", 1) for line in (folder / "contents.txt").read_text().splitlines()]
        return all((folder / file).stat().st_size == int(size) for size, file in listed)
    except OSError:
        return False


def fetch(requirement, wheels, partial):
    """Has pip download one wheel, which compares its hash, and shows how far it is."""
    with tempfile.TemporaryDirectory(dir=partial) as temporary:
        one = Path(temporary) / "requirements.txt"
        one.write_text(requirement + "\n")
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
        pip += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--progress-bar=on", *TAGS]
        pip += ["--dest", str(wheels), "--requirement", str(one)]
        if subprocess.run(pip, env={**os.environ, "TMPDIR": temporary}).returncode:
            sys.exit(
                f"pip could not fetch {requirement.split()[0]}; what it said is above. If this machine reaches no "
                "package index, have the wheels in a folder and run this again with PIP_NO_INDEX=1 "
                f"PIP_FIND_LINKS=FOLDER; or set LIBTORCH to the folder of a PyTorch {VERSION} that you have"
            )


def unpack(wheels, made):
    """Takes the wanted parts; zipfile keeps every entry inside its folder."""
    missing = set(PARTS)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                part = next((part for part in PARTS if is_part(entry.filename, part)), None)
                if part is None or entry.is_dir():
                    continue
                missing.discard(part)
                below = entry.filename.removeprefix(part if part.endswith("/") else str(PurePosixPath(part).parent))
                entry.filename = f"{PARTS[part]}/{below.lstrip('/')}"
                archive.extract(entry, made)
    if missing:
        sys.exit(f"the wheels hold no {', '.join(sorted(missing))}")


def is_part(name, part):
    return name.startswith(part) if part.endswith("/") else name == part


def complete(made):
    """What the wheels do not hold: an empty libtorch.so, since theirs wants CUDA (programs are linked with it, so that
    in its place the real one of a machine with CUDA may be loaded); the release; and the list of files."""
    lib = made / "lib"
    try:
        subprocess.run(["strip", "--strip-unneeded", lib / "libtorch_cpu.so"], check=True)
    except (OSError, subprocess.CalledProcessError):
        print("strip is not here or failed: libtorch_cpu.so keeps 90 MB for debuggers")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    stub = [*compiler, "-shared", "-fPIC", "-Wl,-soname,libtorch.so", "-o", lib / "libtorch.so"]
    subprocess.run([*stub, "-x", "c", os.devnull], check=True)
    (made / "build-version").write_text(VERSION + "\n")
    listed = [f"{path.stat().st_size} lib/{path.name}\n" for path in sorted(lib.iterdir())]
    (made / "contents.txt").write_text("".join(listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
