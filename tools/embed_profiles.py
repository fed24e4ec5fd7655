#!/usr/bin/env python3
"""Turns profiles into a C++ source file: embed_profiles.py OUT.cc FILE.toml...

The result defines clawbox::profile::builtin_profiles() (runtime/profile/builtin.h) as constant data.
"""
import pathlib
import sys

DELIMITER = "profile"
# Compilers promise only so much for one string literal; adjacent literals are joined. 4000 stays well below.
CHUNK_LINES = 60


def literal(text: str) -> str:
    if f"){DELIMITER}\"" in text:
        raise SystemExit(f"a profile must not contain `){DELIMITER}\"`")
    lines = text.splitlines(keepends=True)
    chunks = ["".join(lines[i:i + CHUNK_LINES]) for i in range(0, len(lines), CHUNK_LINES)]
    return "\n".join(f'R"{DELIMITER}({chunk}){DELIMITER}"' for chunk in chunks) + "sv"


def source(files: list[pathlib.Path]) -> str:
    entries = [f'    {{"{file.stem}"sv,\n{literal(file.read_text(encoding="utf-8"))}}},\n'
               for file in sorted(files, key=lambda file: file.stem)]
    return ("// Made by tools/embed_profiles.py from profiles/*.toml.\n"
            '#include "profile/builtin.h"\n\n'
            "namespace clawbox::profile {\n"
            "namespace {\n\n"
            "using namespace std::string_view_literals;\n\n"
            f"constexpr BuiltinProfile kBuiltinProfiles[] = {{\n{''.join(entries)}}};\n\n"
            "}  // namespace\n\n"
            "std::span<const BuiltinProfile> builtin_profiles() { return kBuiltinProfiles; }\n\n"
            "}  // namespace clawbox::profile\n")


def main(out: str, *files: str) -> None:
    pathlib.Path(out).write_text(source([pathlib.Path(file) for file in files]), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
