#!/usr/bin/env python3
"""Writes down every system call's name that a profile may use: embed_call_names.py OUT.cc GROUP_LISTS.h GROUPS.cc CPP...

CPP is the preprocessor's command line. libseccomp's header knows the calls of all architectures; what is younger than
it stands in runtime/seccomp's lists, as do the names of groups. The module profile may not include either.
"""
import pathlib
import re
import subprocess
import sys


def calls_of_libseccomp(preprocessor: list[str]) -> set[str]:
    macros = subprocess.run(preprocessor, input="#include <seccomp.h>\n", capture_output=True, text=True, check=True)
    return set(re.findall(r"^#define __SNR_(\w+) ", macros.stdout, re.MULTILINE))


def default_calls(lists: str) -> set[str]:
    found = re.search(r'kDefaultCalls\[\] = R"\((.*?)\)"', lists, re.DOTALL)
    return set(found.group(1).split()) if found else set()


def group_names(groups: str) -> set[str]:
    return set(re.findall(r'\{"(@[a-z-]+)"', groups))


def source(calls: set[str], groups: set[str]) -> str:
    def array(name: str, words: set[str]) -> str:
        return f"constexpr std::string_view {name}[] = {{\n" + "".join(f'    "{w}",\n' for w in sorted(words)) + "};\n"

    return ("// Made by tools/embed_call_names.py.\n"
            '#include "profile/call_names.h"\n\n'
            "namespace clawbox::profile {\n"
            "namespace {\n\n"
            f"{array('kCalls', calls)}\n{array('kGroups', groups)}\n"
            "}  // namespace\n\n"
            "std::span<const std::string_view> call_names() { return kCalls; }\n"
            "std::span<const std::string_view> group_names() { return kGroups; }\n\n"
            "}  // namespace clawbox::profile\n")


def main(out: str, lists: str, groups: str, *preprocessor: str) -> None:
    calls = calls_of_libseccomp(list(preprocessor))
    younger = default_calls(pathlib.Path(lists).read_text(encoding="utf-8"))
    names = group_names(pathlib.Path(groups).read_text(encoding="utf-8"))
    if not calls or not younger or not names:
        raise SystemExit("no names found: has <seccomp.h> or runtime/seccomp changed its form?")
    pathlib.Path(out).write_text(source(calls | younger, names), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
