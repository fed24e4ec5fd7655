#!/usr/bin/env python3
"""Counts the tests in meson's JSON logs and prints one line alone: "N passed, N failed, N skipped".

A test program that prints "CASES: N passed, N failed, N skipped" counts as that many; any other as one. Above that line
stand each skipped test with its reason ("SKIP: …" on standard output), and the failed programs with the end of what they
printed, for whoever sees no more than the end. With CI=true a skip is a failure unless its reason begins with "kernel:".
Exit status 1 when something failed, or when nothing ran.
"""
import json
import os
import pathlib
import re
import sys

CASES = re.compile(r"^CASES: (\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
SKIP = re.compile(r"^SKIP: (.*)$", re.M)
LAST_LINES = 30


def count(entry):
    """(passed, failed, skipped) of one program."""
    ended_well = entry["result"] in ("OK", "SKIP", "EXPECTEDFAIL")
    cases = CASES.findall(entry.get("stdout") or "")
    if cases:
        passed, failed, skipped = map(int, cases[-1])
        return passed, failed if ended_well else max(failed, 1), skipped
    if entry["result"] == "SKIP":
        return 0, 0, 1
    return (1, 0, 0) if ended_well else (0, 1, 0)


def accepted(reason):
    """The reason stands last in "NAME: reason"; a name has no "kernel:" of its own at its end."""
    return reason.startswith("kernel:") or ": kernel:" in reason


def end_of_output(entry):
    """Each stream's last lines, indented: a test prints its own count there, which is not ours."""
    lines = [line for name in ("stdout", "stderr") for line in (entry.get(name) or "").splitlines()[-LAST_LINES:]]
    return "".join(f"\n    {line}" for line in lines)


def main(logs):
    total = [0, 0, 0]
    failures, skips = [], []
    for log in sorted(logs):
        who = pathlib.Path(log).stem.removeprefix("as-").split("-as-")[0]  # meson adds the wrapper's name
        for line in pathlib.Path(log).read_text().splitlines():
            entry = json.loads(line)
            name = f"{entry['name']} (as {who})"
            counts = count(entry)
            total = [a + b for a, b in zip(total, counts)]
            if counts[1]:
                failures.append(f"{name}: {entry['result']}{end_of_output(entry)}")
            reasons = SKIP.findall(entry.get("stdout") or "") or ["no reason given"] * bool(counts[2])
            skips += [(name, reason) for reason in reasons]
    for name, reason in skips:
        print(f"skipped: {name}: {reason}")
    for failure in failures:
        print(f"failed:  {failure}")
    refused = [s for s in skips if os.environ.get("CI") == "true" and not accepted(s[1])]
    if refused:
        print(f"{len(refused)} skipped for a reason other than the kernel, which CI does not accept")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or refused or not total[0] else 0


sys.exit(main(sys.argv[1:]))
