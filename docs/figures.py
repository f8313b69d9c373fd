#!/usr/bin/env python3
"""Writes the figures of the stored run docs/golden.json into README.md.

`make figures` measures, stores and writes. A test checks that README and store agree.
"""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: docs/golden.json -->", "<!-- end of figures -->"


def text(name: str, value: float) -> str:
    if name.endswith("_share"):
        return f"{value:.3f}"
    return f"{value:.0f}"


def main() -> None:
    run = json.loads((ROOT / "docs" / "golden.json").read_text())
    rows = [f"| `{name}` | {text(name, value)} |" for name, value in run["figures"].items()]
    table = [
        BEGIN,
        f"One run of millwright {run['version']} on {run['machine']}; shares from 0 to 1, times in ms:",
        "",
        "| figure | value |",
        "|---|---|",
        *rows,
        END,
    ]
    readme = ROOT / "README.md"
    whole = readme.read_text()
    before, rest = whole.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    readme.write_text(before + "\n".join(table) + after)


if __name__ == "__main__":
    main()
