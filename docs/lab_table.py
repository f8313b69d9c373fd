#!/usr/bin/env python3
"""Writes the tables of a stored lab run, docs/lab.json, into README.md.

    python3 docs/lab_table.py [--print] [LAB.json…]

Between `<!-- lab: docs/lab.json -->` and `<!-- end of lab -->`; with --print to stdout instead.
LAB.json holds the rows that `millwright lab --json` printed, of one or more models.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- lab: docs/lab.json -->", "<!-- end of lab -->"
OURS, THEIRS = "millwright", "llama.cpp"


def number(value, digits=0):
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value):
    return "–" if value is None else f"{100 * value:.0f} %"


def ratio(ours, theirs):
    return "–" if not ours or not theirs else f"{ours / theirs:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def find(rows, engine, section, trace):
    return next((r for r in rows if (r["engine"], r["section"], r["trace"]) == (engine, section, trace)), None)


def speeds(models, rows):
    lines = []
    for model in models:
        these = [r for r in rows if r["model"] == model and r["section"] == "speeds"]
        for name, field, devices, share, of in (
            ("prefill 512", "prefill_tps", 1, "prefill_int8_share", "int8 peak"),
            ("decode alone", "decode_tps", 1, "decode_bandwidth_share", "bandwidth"),
            ("decode of eight together", "decode_tps", 8, "eight_bandwidth_share", "bandwidth"),
        ):
            by = {r["engine"]: r for r in these if r["devices"] == devices}
            if OURS not in by:
                continue
            ours, theirs = by[OURS][field], by.get(THEIRS, {}).get(field)
            of_peak = by[OURS].get("figures", {}).get(f"lab.{share}")
            part = "–" if of_peak is None else f"{percent(of_peak)} of {of}"
            lines.append([model, name, number(ours), number(theirs), ratio(ours, theirs), part])
    return table(["model", "tokens/s", "millwright", "llama.cpp", "ratio", "of the machine"], lines) if lines else []


def loads(models, rows):
    head = ["model", "run", "engine", "asked", "refused", "missed", "first sentence p50 / p95 ms", "in time per s"]
    lines = []
    for row in rows:
        if row["section"] == "rated":
            spread = row["first_sentence_ms"]
            times = f"{number(spread['p50'])} / {number(spread['p95'])}"
            counts = [str(row[name]) for name in ("requests", "refused", "deadline_misses")]
            good = number(row["goodput_per_s"], 2)
            lines.append([row["model"], row["trace"], row["engine"], *counts, times, good])
    return table(head, lines) if lines else []


def beside(models, rows):
    head = ["model", "engine", "short alone p95 ms", "beside a long one", "times", "long alone ms", "beside short ones", "times"]
    lines = []
    for row in rows:
        figures = row.get("figures", {})
        if row["section"] == "interference" and "lab.long_alone_ms" in figures:
            cells = [row["model"], row["engine"]]
            for kind, met in (("short", "short_beside_long_ms_p95"), ("long", "long_beside_short_ms")):
                alone = figures.get("lab.short_alone_ms_p95" if kind == "short" else "lab.long_alone_ms")
                slow = figures.get(f"lab.{kind}_slowdown")
                cells += [number(alone), number(figures.get(f"lab.{met}")), number(slow, 2)]
            lines.append(cells)
    return table(head, lines) if lines else []


def modes(models, rows):
    these = [r for r in rows if r["section"] == "modes" and r["trace"] == "technicians"]
    devices = sorted({r["devices"] for r in these})
    head = ["model", "mode", *[f"{n} device{'s' * (n > 1)}" for n in devices]]
    lines = []
    for model in models:
        names = dict.fromkeys((r["engine"], r["mode"]) for r in these if r["model"] == model)
        for engine, mode in names:
            cells = [model, mode if engine == OURS else engine]
            for count in devices:
                row = next(
                    (r for r in these if (r["model"], r["engine"], r["mode"], r["devices"]) == (model, engine, mode, count)),
                    None,
                )
                spread = row["first_sentence_ms"] if row else {"p50": None, "p95": None}
                refused = f" ({row['refused']} of {row['requests']} refused)" if row and row["refused"] else ""
                cells.append(f"{number(spread['p50'])} / {number(spread['p95'])}{refused}")
            lines.append(cells)
    return table(head, lines) if lines else []


def starts(models, rows):
    lines = []
    for row in rows:
        if row["section"] == "memory":
            kind = "cold" if row["trace"].startswith("cold") else "warm"
            figure = {n: row["figures"].get(f"lab.{kind}_{n}") for n in ("load_to_first_token_ms", "peak_rss_mib", "weights_mib", "kv_bound_mib")}
            lines.append([row["model"], row["trace"], *[number(value) for value in figure.values()]])
    head = ["model", "start", "load to first token ms", "peak MiB", "weights MiB", "KV bound MiB"]
    return table(head, lines) if lines else []


def text(rows):
    models = list(dict.fromkeys(r["model"] for r in rows))
    versions = dict.fromkeys(f"{r['engine']} {r['version']}" for r in rows)
    lines = [f"`millwright lab --peers` on {rows[0]['machine']}; {', '.join(versions)}:", ""]
    for title, part in (
        ("", speeds),
        ("Rated load (8 devices, one turn in 30 s each) and its multiples:", loads),
        ("Short prompts beside one of 3,000 tokens:", beside),
        ("Time to the first sentence on the technicians' trace, p50 / p95 ms:", modes),
        ("Starting, and memory with eight answers at a time:", starts),
    ):
        made = part(models, rows)
        lines += ([title, ""] if title and made else []) + made
    return lines


def main():
    words = [w for w in sys.argv[1:] if w != "--print"]
    files = [pathlib.Path(w) for w in words] or [ROOT / "docs" / "lab.json"]
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip()]
    made = "\n".join([BEGIN, *text(rows), END])
    if "--print" in sys.argv:
        print(made)
        return
    readme = ROOT / "README.md"
    whole = readme.read_text()
    if BEGIN not in whole or END not in whole:
        sys.exit(f"README.md has no {BEGIN} … {END}")
    before, rest = whole.split(BEGIN, 1)
    readme.write_text(before + made + rest.split(END, 1)[1])


if __name__ == "__main__":
    main()
