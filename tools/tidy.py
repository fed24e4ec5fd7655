#!/usr/bin/env python3
"""clang-tidy over runtime/, side by side, and never twice over the same content.

A silent file is remembered in $XDG_CACHE_HOME/clawbox/tidy/, where a clean clone finds it, under a hash of what
decides the answer: its own text, the project's headers, its compile command, .clang-tidy and the version of clang-tidy.
Exit status 77 where clang-tidy is missing.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

DAY = 24 * 60 * 60
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def closure(path, runtime, seen):
    """`path` and the project's headers that it includes, however deep."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text()):
        closure(runtime / name, runtime, seen)


def key_of(entry, path, runtime, common):
    files = set()
    closure(path, runtime, files)
    parts = [common, entry["command"]] + [f"{p.relative_to(runtime)}\n{p.read_text()}" for p in sorted(files)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def open_memory():
    """The directory of what was silent, without what no run has asked for since a month."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    memory = pathlib.Path(cache) / "clawbox" / "tidy"
    memory.mkdir(parents=True, exist_ok=True)
    for stamp in memory.iterdir():
        if stamp.stat().st_mtime < time.time() - 30 * DAY:
            stamp.unlink(missing_ok=True)
    return memory


def check(tool, build, path):
    return subprocess.run([tool, "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", str(path)],
                          capture_output=True, text=True, check=False)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", required=True, type=pathlib.Path)
    options.add_argument("--build", required=True, type=pathlib.Path)
    given = options.parse_args()
    tool = shutil.which("clang-tidy")
    if not tool:
        print("SKIP: clang-tidy is not installed")
        return 77
    runtime = (given.root / "runtime").resolve()
    memory = open_memory()
    common = (given.root / ".clang-tidy").read_text() + subprocess.check_output([tool, "--version"], text=True)

    wanted = {}
    for entry in json.loads((given.build / "compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if runtime in path.parents:
            key = key_of(entry, path, runtime, common)
            if (memory / key).exists():
                (memory / key).touch()
            else:
                wanted[path] = key

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in zip(wanted, pool.map(lambda p: check(tool, given.build, p), wanted)):
            if done.returncode == 0:
                (memory / wanted[path]).touch()
                continue
            failed += 1
            print(done.stdout or done.stderr, flush=True)
    print(f"{len(wanted)} files checked, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
