#!/usr/bin/env python3
"""man_pages.py verb COMMAND_LINE.json VERB [MORE.scd] | man_pages.py profiles README.md

Prints a page in scdoc: of a verb, from what `clawbox completion json` says of it and a file with what no help can say;
or clawbox.toml(5), from profiles/README.md, whose table of keys comes from the program.
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import scdoc  # noqa: E402


# --- verbs ------------------------------------------------------------------------------------------------------------
def lower_first(text: str) -> str:
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def summary_and_synopsis(verb: dict, words: str) -> tuple[str, str]:
    """Some descriptions bring their own synopsis: "Run …: clawbox run [OPTIONS] -- COMMAND"."""
    about, _, own = verb["about"].partition(": clawbox ")
    if own:
        return about, "clawbox " + own
    arguments = []
    for argument in verb["arguments"]:
        name = argument["name"].upper() + ("..." if argument["repeats"] else "")
        arguments.append(name if argument["required"] else f"[{name}]")
    below = ["VERB"] if verb["verb_required"] else ["[VERB]"] if verb["verbs"] else []
    return about, " ".join([f"clawbox {words}", "[OPTIONS]", *below, *arguments])


def synopsis_markup(synopsis: str) -> str:
    marked = []
    for word in synopsis.split():
        name = re.fullmatch(r"(\[?)([A-Z|]+)((?:\.\.\.)?\]?)", word)
        bold = re.fullmatch(r"[a-z]+", word)
        marked.append(f"{name[1]}_{name[2]}_{name[3]}" if name else f"*{word}*" if bold else word)
    return " ".join(marked)


def option_term(option: dict) -> str:
    names = ", ".join(f"*{scdoc.escaped_inside(name, False)}*" for name in option["names"])
    value = f" _{scdoc.escaped_inside(option['value'], False)}_" if option.get("value") else ""
    return names + value


def option_list(verb: dict) -> str:
    return "".join(scdoc.definition(option_term(option), scdoc.formatted(sentence(option["what"])))
                   for option in verb["options"])


def argument_list(verb: dict) -> str:
    return "".join(scdoc.definition(f"_{scdoc.escaped_inside(argument['name'].upper(), False)}_",
                                    scdoc.formatted(sentence(argument["what"]))) for argument in verb["arguments"])


def sentence(text: str) -> str:
    text = text[0].upper() + text[1:] if re.match(r"[a-z]+ ", text) else text
    return text if text.endswith((".", "…")) else text + "."


def sections_of(notes: str) -> dict[str, str]:
    """The help's last part: examples, exit status, and the rest."""
    sections: dict[str, str] = {}
    for block in re.split(r"\n\n|\n(?=Exit status:)", notes.strip()):
        lines = block.splitlines()
        if not lines:
            continue
        if lines[0] == "Examples:":
            sections["EXAMPLES"] = scdoc.literal([line[2:] for line in lines[1:]])
        elif lines[0].startswith("Exit status:"):
            text = " ".join(lines).removeprefix("Exit status:").strip()
            sections["EXIT STATUS"] = scdoc.formatted(text[0].upper() + text[1:]) + "\n"
        else:
            sections["NOTES"] = sections.get("NOTES", "") + scdoc.formatted(" ".join(lines)) + "\n\n"
    return sections


def verb_below(verb: dict, above: str) -> str:
    summary, synopsis = summary_and_synopsis(verb, f"{above} {verb['name']}")
    parts = [f"## {synopsis}", scdoc.formatted(sentence(summary)), argument_list(verb),
             option_list(verb)]
    parts += [text for _, text in sorted(sections_of(verb["notes"]).items())]
    return "\n\n".join(part.rstrip() for part in parts if part.strip()) + "\n"


def verb_page(verb: dict, more: str) -> str:
    summary, synopsis = summary_and_synopsis(verb, verb["name"])
    sections = sections_of(verb["notes"])
    parts = [f"clawbox-{verb['name']}(1)",
             f"# NAME\n\nclawbox-{verb['name']} - {scdoc.formatted(lower_first(summary)).replace('…', 'and more')}",
             f"# SYNOPSIS\n\n{synopsis_markup(synopsis)}",
             f"# DESCRIPTION\n\n{scdoc.formatted(sentence(summary))}\n\n{sections.pop('NOTES', '')}".rstrip()]
    if verb["arguments"]:
        parts.append("# ARGUMENTS\n\n" + argument_list(verb))
    parts.append("# OPTIONS\n\n" + option_list(verb))
    if verb["verbs"]:
        parts.append("# VERBS\n\n" + "\n".join(verb_below(below, verb["name"]) for below in verb["verbs"]))
    if more:
        parts.append(more)
    status = sections.get("EXIT STATUS", "0 when it did what it was asked for.\n")
    parts.append(f"# EXIT STATUS\n\n{status}\nclawbox(1) lists what clawbox itself ends with.")
    if "EXAMPLES" in sections:
        parts.append("# EXAMPLES\n\n" + sections["EXAMPLES"])
    parts.append("# SEE ALSO\n\nclawbox(1), clawbox.toml(5), clawbox-audit(5), clawbox-review(5)")
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


# --- profiles -----------------------------------------------------------------------------------------------------------
def page_of_link(words: str, there: str) -> str:
    """What a page says instead of a link: the page that it leads to, or nothing but its words."""
    return words


def profiles_page(markdown: str) -> str:
    """Everything below the title; what stands above the first heading is the description."""
    body = markdown.split("\n", 1)[1]
    return ("clawbox.toml(5)\n\n# NAME\n\nclawbox.toml - profiles of clawbox: what a session may see, use and reach\n\n"
            "# DESCRIPTION\n\n" + scdoc.from_markdown(body, page_of_link) +
            "\n# SEE ALSO\n\nclawbox(1), clawbox-profile(1), clawbox-explain(1), clawbox-audit(5)\n")


def main(kind: str, source: str, *rest: str) -> None:
    text = pathlib.Path(source).read_text(encoding="utf-8")
    if kind == "profiles":
        print(profiles_page(text), end="")
        return
    verb = next(verb for verb in json.loads(text)["verbs"] if verb["name"] == rest[0])
    more = pathlib.Path(rest[1]).read_text(encoding="utf-8") if len(rest) > 1 else ""
    print(verb_page(verb, more), end="")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
