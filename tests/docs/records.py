#!/usr/bin/env python3
"""Every field of a record is documented: sessions leave trails, and clawbox-audit(5) must know what stands in them."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import cases  # noqa: E402

SOURCE = cases.source_directory()
CLAWBOX = os.environ["CLAWBOX_BIN"]
PROFILE = """version = 1
extends = "coding"
[audit]
level = "syscall"
calls = ["connect", "mkdir", "mkdirat"]
environment_names = true
[network]
mode = "allowlist"
allow = ["listed.test"]
"""
# What a session must have left for this test to mean something.
EVENTS = {"session.start", "session.end", "session.failed", "exec", "exec.end", "program", "call", "refused", "totals",
          "command", "command.end", "file", "net.dns", "net.rule"}


def documented():
    """Event to the names in bold of its description; "" for the fields of every record."""
    page = (SOURCE / "packaging/man/clawbox-audit.5.scd").read_text().replace("\\_", "_")
    fields = {"": set(re.findall(r"\*(\w+)\*", page.split("# FIELDS OF EVERY RECORD")[1].split("\n# ")[0]))}
    events = page.split("\n# EVENTS")[1].split("\n# ")[0]
    for terms, text in re.findall(r"^(\*.*\*)\n((?:\t.*\n)+)", events, re.M):
        for event in re.findall(r"\*([\w.]+)\*", terms):
            fields[event] = set(re.findall(r"\*(\w+)\*", text))
    fields["session.end"] |= {"exit_status"}
    fields["refused"] |= fields["call"]
    fields["session.restart"] |= fields["session.end"]
    return fields


def missing(record, fields):
    """Names of `record`, and of what stands in it, that no description has. What is escaped is told for all."""
    known = fields[""] | fields.get(record["event"], set())
    free = {"calls", "escaped"}  # names of system calls; the form of hostile text
    for name, value in record.items():
        if name not in known:
            yield f"{record['event']}.{name}"
        values = value if isinstance(value, list) else [value]
        for inner in (inner for inner in values if isinstance(inner, dict) and name not in free):
            yield from (f"{record['event']}.{name}.{key}" for key in inner if key not in known | free | {"labels"}
                        and name != "labels")


def environment(directory):
    keep = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return keep | {f"XDG_{what}_HOME": f"{directory}/{what.lower()}" for what in ("CONFIG", "STATE", "CACHE", "DATA")} | {
        "XDG_RUNTIME_DIR": f"{directory}/run", "HOME": f"{directory}/home"}


def records_of_sessions(directory):
    given = environment(directory)
    workspace = pathlib.Path(directory) / "work"
    for name in ("work", "run", "home", "config/clawbox/profiles"):
        (pathlib.Path(directory) / name).mkdir(parents=True, mode=0o700)
    (pathlib.Path(directory) / "config/clawbox/profiles/noting.toml").write_text(PROFILE)

    def clawbox(*words):
        return subprocess.run([CLAWBOX, *words], cwd=workspace, env=given, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tried = clawbox("run", "--profile", "noting", "--", "sh", "-c", "mkdir a; mount -t tmpfs x a; unshare -m true; true")
    if tried.returncode == 69:
        raise cases.Skipped(f"kernel: {tried.stdout.strip()}")
    clawbox("run", "--profile", "noting", "--", "/no/such/program")
    clawbox("create", "--profile", "noting", "--name", "docs")
    try:
        offered = clawbox("completion", "sessions").stdout.split()
        assert "docs" in offered, f"completions offer {offered}, not the session"
        clawbox("exec", "--label", "a=b", "docs", "--", "true")
        clawbox("exec", "--timeout", "100ms", "docs", "--", "sleep", "60")
        clawbox("network", "docs", "allow", "other.test", "--for", "1m")
        dials = "getent hosts unlisted.test; for peer in listed.test 198.51.100.7; do : </dev/tcp/$peer/80; done"
        clawbox("exec", "docs", "--", "bash", "-c", dials)
        clawbox("fs", "docs", "mkdir", f"{workspace}/made")
        clawbox("fs", "docs", "rename", f"{workspace}/made", f"{workspace}/moved")
    finally:
        clawbox("rm", "--force", "docs")
    lines = clawbox("log", "--json").stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def every_field_of_a_record_is_documented():
    fields = documented()
    with tempfile.TemporaryDirectory(prefix="clawbox-docs.", dir=os.environ.get("CLAWBOX_TEST_DIR", "/var/tmp")) as name:
        records = records_of_sessions(name)
    seen = {record["event"] for record in records}
    yield from (f"no session left {event}: this test is too weak" for event in sorted(EVENTS - seen))
    yield from sorted({name for record in records for name in missing(record, fields)})


if __name__ == "__main__":
    sys.exit(cases.run([every_field_of_a_record_is_documented]))
