"""Reads a manual's source: Markdown as in knowledge/README.md, and a few layout comments.

The comments are `<!-- columns: N -->`, `<!-- column: break -->`, `<!-- table: ruled -->`,
`<!-- table: unruled -->` and `<!-- figure: NAME -->`; they say how the page looks, never what it says.
"""

import re
import tomllib
from dataclasses import dataclass, field


@dataclass
class Block:
    """One block: heading, warning, steps, bullets, table, layout or paragraph."""

    kind: str
    text: str = ""
    level: int = 0
    items: list = field(default_factory=list)  # steps and bullets: texts; table: rows of cells


def read(path):
    """(metadata, blocks) of a source file."""
    _, front, body = re.split(r"^\+\+\+$\n?", path.read_text(encoding="utf-8"), maxsplit=2, flags=re.M)
    blocks = []
    for part in re.split(r"\n\s*\n", body.strip()):
        blocks.append(block(part.strip("\n")))
    return tomllib.loads(front), blocks


def block(part):
    lines = part.splitlines()
    if heading := re.match(r"(#+) (.+)", part):
        return Block("heading", heading[2], level=len(heading[1]))
    if layout := re.match(r"<!-- (.+) -->$", part):
        return Block("layout", layout[1])
    if warning := re.match(r"> \*\*(\w+)\*\* (.+)", part):
        return Block("warning", warning[2], items=[warning[1]])
    if lines[0].startswith("|"):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return Block("table", items=[rows[0]] + rows[2:])
    if lines[0].startswith("1. "):
        return Block("steps", items=[re.sub(r"^\d+\. ", "", line) for line in lines])
    if lines[0].startswith("- "):
        return Block("bullets", items=[line[2:] for line in lines])
    return Block("paragraph", part.strip("*") if part.startswith("*") else part)
