#!/usr/bin/env python3
"""Formats every C++ source with clang-format, or with --check only says which differ.

Exit status 77, with the reason, where clang-format is missing or is not the version that .clang-format was tuned with.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

TUNED_WITH = "14"


def matching_tool():
    """The path of clang-format, or the reason why there is none."""
    for name in (f"clang-format-{TUNED_WITH}", "clang-format"):
        tool = shutil.which(name)
        if tool:
            said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {TUNED_WITH}\.", said):
                return tool, None
    return None, f"clang-format {TUNED_WITH} is not installed"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    options.add_argument("--check", action="store_true")
    given = options.parse_args()
    tool, missing = matching_tool()
    if missing:
        print(f"SKIP: {missing}")
        return 77
    sources = sorted(str(p) for top in ("runtime", "tests") for p in (given.root / top).rglob("*")
                     if p.suffix in (".h", ".cc"))
    mode = ["--dry-run", "--Werror"] if given.check else ["-i"]
    return subprocess.run([tool, "--style=file", *mode, *sources], check=False).returncode


sys.exit(main())
