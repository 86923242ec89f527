"""Starts causal-pc's command and the peers as processes of their own and reads what they answer."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = {
    "causal-pc, default": [],
    "causal-pc, separating-set rule": ["--collider", "separating-set"],
    "causal-pc, conservative rule": ["--collider", "conservative"],
    "causal-pc, majority rule": ["--collider", "majority"],
    "causal-pc, max-p rule": ["--collider", "max-p"],
    "causal-pc, like causal-learn": ["--preset", "causal-learn"],
    "causal-pc, like pcalg": ["--preset", "pcalg"],
}


def default_binary():
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    return target / "release" / "pc"


def run(name, csv_path, test, alpha, threads=1, repeats=1, timeout=600, binary=None):
    """Seconds of the search (median within the process), tests, edges by number, peak memory."""
    if name in OURS:
        command = [binary or default_binary(), csv_path, "--test", test, "--alpha", alpha]
        command += ["--threads", threads, "--repeat", repeats, *OURS[name]]
    else:
        command = [sys.executable, HERE / "worker.py", name, csv_path, test, alpha, repeats]
    output, peak = measured([str(word) for word in command], timeout)
    if name in OURS:
        answer = read_lines(output, csv_path)
    else:
        answer = json.loads(output)
        answer["time_s"] = sorted(answer["seconds"])[len(answer["seconds"]) // 2]
    return {**answer, "peak_mib": peak}


def measured(command, timeout):
    """Standard output and peak memory in MiB of a command that gets one BLAS thread."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        environment = {**os.environ, **single}
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)
        status, usage = end_of(process, timeout)
        output.seek(0)
        errors.seek(0)
        if status != 0:
            raise RuntimeError(f"{' '.join(command)}: {errors.read().strip()[-400:]}")
        return output.read(), usage.ru_maxrss / 1024


def end_of(process, timeout):
    """Waits for a child and its use of resources; ends it when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise TimeoutError(f"not finished after {timeout} s")
        time.sleep(0.005)


KINDS = {" -> ": "directed", " -- ": "undirected", " <-> ": "bidirected"}


def read_lines(output, csv_path):
    """The lines that the command prints, with column numbers instead of names."""
    with open(csv_path, encoding="utf-8", newline="") as file:
        number = {name: v for v, name in enumerate(next(csv.reader(file)))}
    answer = {kind: [] for kind in KINDS.values()}
    for line in output.splitlines():
        arrow = next((arrow for arrow in KINDS if arrow in line), None)
        if arrow is None:
            key, value = line.split()
            answer[key] = float(value)
        else:
            answer[KINDS[arrow]].append(tuple(number[end] for end in line.split(arrow)))
    return answer
