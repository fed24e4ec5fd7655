"""Cases of a test program in Python: each is a function that returns what is wrong, and counts as one."""
import argparse
import pathlib
import sys
import traceback


class Skipped(Exception):
    """Why a case cannot run here."""


def wrong_with(case, *given):
    try:
        return list(case(*given))
    except Skipped:
        raise
    except Exception:  # a case that breaks has failed; the others still say what they find
        return [traceback.format_exc()]


def run(cases, *given):
    """Prints what is wrong, and the count that tools/test_summary.py reads. The exit status."""
    passed = failed = skipped = 0
    for case in cases:
        try:
            wrong = wrong_with(case, *given)
        except Skipped as reason:
            skipped += 1
            print(f"SKIP: {case.__name__}: {reason}")
            continue
        failed += bool(wrong)
        passed += not wrong
        print("".join(f"FAILED: {case.__name__}: {line}\n" for line in wrong), end="")
    print(f"CASES: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 77 if not passed else 0


def source_directory():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    source = parser.parse_args().source
    sys.path.insert(0, str(source / "tools"))
    return source
