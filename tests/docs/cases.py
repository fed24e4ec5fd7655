"""Cases of a test program in Python: each is a function that returns what is wrong, and counts as one."""
import argparse
import os
import pathlib
import sys
import traceback


class Skipped(Exception):
    """Why a case cannot run here."""


def wrong_with(case):
    try:
        return list(case())
    except Skipped:
        raise
    except Exception:  # a case that breaks has failed; the others still say what they find
        return [traceback.format_exc()]


def run(cases, count="CASES: "):
    """Prints what is wrong, and the count that tools/test_summary.py reads. The exit status."""
    passed = failed = skipped = 0
    for case in cases:
        try:
            wrong = wrong_with(case)
        except Skipped as reason:
            print(f"SKIP: {case.__name__}: {reason}")
            if os.environ.get("CI") != "true" or str(reason).startswith("kernel:"):
                skipped += 1
                continue
            wrong = [f"skipped, which CI does not accept: {reason}"]
        failed += bool(wrong)
        passed += not wrong
        print("".join(f"FAILED: {case.__name__}: {line}\n" for line in wrong), end="")
    print(f"{count}{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 77 if not passed else 0


def directories():
    """--source and --build, or None; the source's tools can be imported from here on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path)
    given = parser.parse_args()
    sys.path.insert(0, str(given.source / "tools"))
    return given.source, given.build


def source_directory():
    return directories()[0]
