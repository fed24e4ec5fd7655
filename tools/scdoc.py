"""scdoc(5) text from plain text and from the Markdown of this project's README files."""
import re

HEADER_WORDS = re.compile(r"^(#+) (.*)$")


def escaped(text: str) -> str:
    """Text as it is: nothing in it is markup, wherever it stands in a line."""
    text = re.sub(r"([\\*_~])", r"\\\1", text)
    return re.sub(r"^([#\-;\[\]|:`.+])", r"\\\1", text)


def formatted(text: str, link=lambda words, _: words) -> str:
    """`code` and **strong** become bold; of a [link](there) `link` says what is left."""
    def part(found):
        code, strong, words, there = found.groups()
        if code is not None:
            return f"*{escaped(code)}*" if code.strip() else code
        return f"*{escaped(strong)}*" if strong is not None else formatted(link(words, there))

    pattern = re.compile(r"`([^`]*)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)")
    made, at = "", 0
    for found in pattern.finditer(text):
        made += escaped_inside(text[at:found.start()], at == 0) + part(found)
        at = found.end()
    made += escaped_inside(text[at:], at == 0)
    # scdoc reads *a**b* as an unfinished word: between two bold words stands something.
    return re.sub(r"(?<!\\)\*\*", "* *", made)


def escaped_inside(text: str, at_begin: bool) -> str:
    return escaped(text) if at_begin else re.sub(r"([\\*_~])", r"\\\1", text)


def literal(lines: list[str]) -> str:
    return "```\n" + "\n".join(lines) + "\n```\n"


def definition(term: str, text: str) -> str:
    return f"{term}\n\t{text}\n"


def cells_of(row: str) -> list[str]:
    """A `|` in a cell is written `\\|`."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def table(rows: list[str], link) -> str:
    """The header's row and the one of dashes come first. Two columns become a list of definitions."""
    cells = [cells_of(row) for row in rows]
    header, body = cells[0], cells[2:]
    text = ""
    for row in body:
        rest = [formatted(cell, link) for cell in row[1:]]
        named = [f"{formatted(name)}: {cell}" for name, cell in zip(header[2:], rest[1:]) if cell not in ("", "–")]
        text += definition(formatted(row[0], link), ". ".join([rest[0].rstrip("."), *named]) + ".")
    return text


def paragraph(lines: list[str], link) -> str:
    return formatted(" ".join(line.strip() for line in lines), link) + "\n"


def items(lines: list[str], link) -> str:
    """Of a list, whose items may go on in indented lines."""
    joined = []
    for line in lines:
        if re.match(r"[*-] ", line):
            joined.append(line[2:])
        else:
            joined[-1] += " " + line.strip()
    return "".join(f"- {formatted(item, link)}\n" for item in joined)


def blocks_of(markdown: str):
    """Lists of lines: each heading, paragraph, list, table or piece of code."""
    block, in_code = [], False
    for line in markdown.splitlines():
        if line.startswith("```"):
            in_code = not in_code
            block.append(line)
            if not in_code:
                yield block
                block = []
        elif in_code:
            block.append(line)
        elif line.startswith("<!--") or not line.strip():
            if block:
                yield block
            block = []
        else:
            block.append(line)
    if block:
        yield block


def block_as_scdoc(block: list[str], link) -> str:
    heading = HEADER_WORDS.match(block[0])
    if heading:
        level = len(heading[1]) - 1
        return f"{'#' * level} {escaped(heading[2]).upper() if level == 1 else escaped(heading[2])}\n"
    if block[0].startswith("```"):
        return literal(block[1:-1])
    if block[0].startswith("|"):
        return table(block, link)
    return items(block, link) if re.match(r"[*-] ", block[0]) else paragraph(block, link)


def from_markdown(markdown: str, link) -> str:
    """Headings of level 2 become sections; what stands above the first one is left to the caller."""
    return "\n".join(block_as_scdoc(block, link) for block in blocks_of(markdown))
