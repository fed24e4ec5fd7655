#!/usr/bin/env python3
"""No verb, option, argument, key, event or exit status is missing from the documents."""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import cases  # noqa: E402

SOURCE = cases.source_directory()
CLAWBOX = os.environ["CLAWBOX_BIN"]
MAN = SOURCE / "packaging/man"
import man_pages  # noqa: E402


def printed(*words):
    return subprocess.run([CLAWBOX, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def helped(*words):
    """(options, arguments, verbs) that the help of these verbs lists: what people read, not what we describe."""
    sections, current = {"Options": [], "Positionals": [], "Subcommands": []}, None
    for line in printed(*words, "--help").splitlines():
        if not line.startswith(" "):
            current = line.rstrip(":")
        elif current in sections and (found := re.match(r"  (\S+)", line)):
            sections[current].append(found[1])
    options = [name for entry in sections["Options"] for name in entry.split(",")]
    return options, sections["Positionals"], sections["Subcommands"]


TREE = json.loads(printed("completion", "json"))
VERBS = {verb["name"]: verb for verb in TREE["verbs"]}


def plain(page):
    """A page as a reader sees it."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[*]", "", page))


def page_of(verb):
    more = MAN / "verbs" / f"{verb}.scd"
    return plain(man_pages.verb_page(VERBS[verb], more.read_text() if more.exists() else ""))


def text_of(path):
    return (SOURCE / path).read_text()


def every_verb_is_in_clawbox_1_and_has_a_page():
    main, built = plain((MAN / "clawbox.1.scd").read_text()), text_of("packaging/man/meson.build")
    for verb in helped()[2]:
        if not re.search(rf"^(.*, )?{verb}(,|$)", main, re.M):
            yield f"{verb} is missing from clawbox(1)"
        if f"'{verb}'" not in built:
            yield f"clawbox-{verb}(1) is not built"
    listed = re.search(r"verbs = \[(.*?)\]", built, re.S)[1]
    yield from (f"clawbox-{verb}(1) is built, and there is no such verb"
                for verb in re.findall(r"'(\S+)'", listed) if verb not in VERBS)


def every_option_and_argument_is_on_its_page():
    for verb in VERBS:
        page = page_of(verb)
        places = [(), *[(below["name"],) for below in VERBS[verb]["verbs"]]]
        for below in places:
            options, arguments, _ = helped(verb, *below)
            for option in options:
                if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", page):
                    yield f"{option} of {' '.join([verb, *below])}"
            yield from (f"{one} of {' '.join([verb, *below])}" for one in arguments if one.upper() not in page)


def every_key_is_in_clawbox_toml_5():
    page = plain(man_pages.profiles_page(text_of("profiles/README.md")))
    for name, schema in json.loads(text_of("profiles/schema.json"))["properties"].items():
        below = schema.get("properties", {}) if schema.get("type") == "object" else {}
        keys = {f"{name}.{key}" for key in below} or {name}
        edits = {key for key in keys if key.rpartition("_")[2] in ("add", "remove") and key.rpartition("_")[0] in keys}
        yield from (f"{key} is missing" for key in sorted(keys - edits) if not re.search(rf"^{key}$", page, re.M))


def every_event_is_in_clawbox_audit_5():
    page = plain((MAN / "clawbox-audit.5.scd").read_text())
    listed = re.search(r"kEvents = \{(.*?)\};", text_of("runtime/audit/query.cc"), re.S)[1]
    events = re.findall(r'"([\w.]+)"', listed)
    if len(events) < 20:
        yield "the list of events in runtime/audit/query.cc is not found"
    for event in events:
        if not re.search(rf"^(\S+, )?{re.escape(event)}(, \S+)?$", page, re.M):
            yield f"{event} is missing"
    for event in re.findall(r'append\(\w+, "([\w.]+)"', text_of("runtime/audit/index.cc")):
        if event not in page:
            yield f"{event} of the index is missing"


def every_exit_status_is_documented():
    statuses = [int(number) for number in re.findall(r"k\w+ = (\d+),", text_of("runtime/base/exit_status.h"))]
    if len(statuses) < 18:
        yield "runtime/base/exit_status.h is not understood"
    terms = "".join(re.findall(r"^\*.*\*$", (MAN / "clawbox.1.scd").read_text(), re.M))
    readme = text_of("README.md")
    for status in statuses:
        if status in (0, 128):  # the command's own, in words
            continue
        if not re.search(rf"\*{status}\*", terms):
            yield f"{status} is missing from clawbox(1)"
        if not re.search(rf"^\| {status} \|", readme, re.M):
            yield f"{status} is missing from README.md"


def every_variable_is_in_clawbox_1():
    main = (MAN / "clawbox.1.scd").read_text()
    readme = text_of("README.md").split("### Directories and variables")[1].split("\n## ")[0]
    yield from (f"{name} is missing" for name in set(re.findall(r"\b(XDG_\w+|NO_COLOR|PAGER)\b", readme))
                if f"*{name}*" not in main)


CASES = [every_verb_is_in_clawbox_1_and_has_a_page, every_option_and_argument_is_on_its_page,
         every_key_is_in_clawbox_toml_5, every_event_is_in_clawbox_audit_5, every_exit_status_is_documented,
         every_variable_is_in_clawbox_1]

if __name__ == "__main__":
    sys.exit(cases.run(CASES))
