#!/usr/bin/env python3
"""Checks every #include "module/file.h" below runtime/ against the layer table: who may know whom.

The table is the one of runtime/README.md. `plan/plan.h` is a module of its own: the decision, which the modules right of
the plan may read without knowing how it is made. main.cc may include everything.

Exit status 1 and one line per violation: FILE:LINE: the rule.
"""
import argparse
import pathlib
import re
import sys

BASE = {"base"}
SYS = {"base", "sys"}
PLANNED = SYS | {"plan.h"}
LAYERS = {
    "libraries": set(),  # other people's code, compiled here
    "base": set(),
    "sys": BASE,
    "profile": BASE,
    "plan.h": BASE,
    "plan": SYS | {"profile", "plan.h"},
    "audit": SYS,
    "review": SYS,
    "files": SYS,
    "approval": SYS,
    "mount": PLANNED,
    "seccomp": PLANNED,
    "net": PLANNED,
    "store": PLANNED,
    "cgroup": PLANNED,
    "egress": PLANNED | {"audit", "approval", "seccomp", "net"},
    "launch": PLANNED | {"mount", "seccomp", "net", "store", "files"},
    "supervise": PLANNED | {"audit", "approval", "seccomp", "store", "cgroup", "launch"},
}
LAYERS["session"] = (set(LAYERS) | {"plan.h"}) - {"profile"}
LAYERS["cli"] = {"base", "profile", "plan", "plan.h", "audit", "review", "files", "approval", "session"}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
GENERATED = {"config.h"}


def module_of(path):
    """'mount/view.h' -> 'mount'; 'plan/plan.h' -> 'plan.h'; 'main.cc' -> None."""
    if path == "plan/plan.h":
        return "plan.h"
    return path.split("/", 1)[0] if "/" in path else None


def violations(files):
    """`files`: path relative to runtime/ -> text. Yields 'path:line: rule'."""
    for path, text in sorted(files.items()):
        module = module_of(path)
        if module is not None and module not in LAYERS:
            yield f"{path}:1: module '{module}' is not in the layer table"
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if not found or found[1] in GENERATED:
                continue
            rule = broken_rule(module, found[1], files)
            if rule:
                yield f"{path}:{number}: {rule}"


def broken_rule(module, included, files):
    other = module_of(included)
    if other is None or ".." in included:
        return f'"{included}": includes are written from runtime/, as "module/file.h"'
    if included not in files:
        return f'"{included}" is not a file of runtime/'
    if module is None or module not in LAYERS or other == module:
        return None
    if other not in LAYERS[module]:
        allowed = ", ".join(sorted(LAYERS[module])) or "nothing"
        return f"{module} may not include {other} (only {allowed})"
    return None


def self_test():
    headers = {f"{m}/{m}.h": "" for m in LAYERS if m != "plan.h"} | {"plan/plan.h": ""}
    cases = [
        ("mount/view.cc", '#include "plan/plan.h"', True),
        ("plan/host.cc", '#include "plan/plan.h"', True),
        ("main.cc", '#include "profile/profile.h"', True),
        ("sys/files.cc", '#include "config.h"', True),
        ("sys/files.cc", '#include <vector>', True),
        ("mount/view.cc", '#include "profile/profile.h"', False),
        ("plan/plan.h", '#include "sys/sys.h"', False),
        ("session/session.cc", '  #  include "profile/profile.h"', False),
        ("base/text.cc", '#include "sys/sys.h"', False),
        ("sys/files.cc", '#include "../base/base.h"', False),
        ("sys/files.cc", '#include "base/missing.h"', False),
        ("util/helper.cc", "", False),
    ]
    wrong = [c for c in cases if (not list(violations({**headers, c[0]: c[1]}))) != c[2]]
    for path, line, allowed in wrong:
        print(f"self-test: {path} with {line!r} should be {'allowed' if allowed else 'refused'}")
    print(f"CASES: {len(cases) - len(wrong)} passed, {len(wrong)} failed, 0 skipped")
    return 1 if wrong else 0


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    options.add_argument("--self-test", action="store_true")
    given = options.parse_args()
    if given.self_test:
        return self_test()
    runtime = given.root / "runtime"
    files = {str(p.relative_to(runtime)): p.read_text() for p in runtime.rglob("*") if p.suffix in (".h", ".cc")}
    found = list(violations(files))
    for line in found:
        print(f"runtime/{line}")
    return 1 if found or not files else 0


sys.exit(main())
