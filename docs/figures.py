#!/usr/bin/env python3
"""Writes the figures of the stored runs docs/{golden,retrieval,hearing,trust}.json into README.md.

`make figures` measures, stores and writes. A test checks that README and store agree.
"""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
END = "<!-- end of figures -->"


def text(name: str, value: float) -> str:
    if "_share" in name or "recall" in name or "mrr" in name or ".wer_" in name or "_wer_" in name:
        return f"{value:.3f}"
    if "_ms_" in name or "mb_per_s" in name or name.endswith("growth") or "_ratio_" in name:
        return f"{value:.2f}"
    return f"{value:.0f}"


def write(readme: str, store: str, chosen) -> str:
    path = ROOT / "docs" / store
    begin = f"<!-- figures: docs/{store} -->"
    if not path.exists() or begin not in readme:
        return readme
    run = json.loads(path.read_text())
    rows = [f"| `{name}` | {text(name, value)} |" for name, value in run["figures"].items() if chosen(name)]
    table = [
        begin,
        f"{run.get('runs', 'One run')} of millwright {run['version']} on {run['machine']}; "
        "shares from 0 to 1, times in ms:",
        "",
        "| figure | value |",
        "|---|---|",
        *rows,
        END,
    ]
    before, rest = readme.split(begin, 1)
    _, after = rest.split(END, 1)
    return before + "\n".join(table) + after


def main() -> None:
    readme = ROOT / "README.md"
    whole = readme.read_text()
    whole = write(whole, "golden.json", lambda name: True)
    # A set's own figures are in the store; the README shows what is pooled.
    whole = write(whole, "retrieval.json", lambda name: name.count(".") == 1)
    whole = write(whole, "hearing.json", lambda name: name.count(".") == 1)
    whole = write(whole, "trust.json", lambda name: True)
    readme.write_text(whole)


if __name__ == "__main__":
    main()
