#!/usr/bin/env python3
"""Checks the golden questions against the sample knowledge base and its audio.

Usage: python3 tests/golden/check.py     (from anywhere; standard library only)

Prints every row that is wrong and exits with 1, or one line of totals and exits with 0.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent
ROOT = GOLDEN.parent.parent
KNOWLEDGE = ROOT / "knowledge"
MARK = "Fictional sample document. Not for use on real equipment."
META_KEYS = {"title", "machine", "model", "language", "revision", "valid_from", "status"}
ROW_KEYS = {
    "id", "question", "form", "lang", "answerable", "expected_doc", "expected_section",
    "expected_section_or_code", "must_contain", "must_not", "answer", "numbers", "audio",
}
AUDIO_KEYS = {"voice", "stretch", "say"}
AUDIO_LIMIT_BYTES = 1_500_000
CODE = re.compile(r"^[A-Z]{1,3}\d{2,4}$")

problems = []


def require(holds, where, what):
    if not holds:
        problems.append(f"{where}: {what}")
    return holds


def folded(text):
    """Case and runs of white space do not matter."""
    return " ".join(text.split()).casefold()


def holds(text, part):
    """Is `part` in `text`, not as a piece of a longer number or word?"""
    pattern = r"(?<![\w.,])" + re.escape(folded(part)) + r"(?!\w)"
    return re.search(pattern, folded(text)) is not None


def load_document(path):
    """Text and metadata of one document; the metadata is its front matter or its sidecar."""
    name = path.relative_to(KNOWLEDGE).as_posix()
    text = path.read_text(encoding="utf-8")
    meta = {}
    if path.suffix == ".md":
        parts = re.split(r"^\+\+\+$\n?", text, maxsplit=2, flags=re.M)
        if require(len(parts) == 3 and parts[0] == "", name, "no front matter"):
            meta, text = tomllib.loads(parts[1]), parts[2]
    else:
        sidecar = path.with_name(path.name + ".manual.toml")
        if require(sidecar.exists(), name, "no sidecar"):
            meta = tomllib.loads(sidecar.read_text(encoding="utf-8"))
    require(set(meta) == META_KEYS, name, f"metadata keys {sorted(meta)}")
    require(
        re.fullmatch(r"\d{4}-\d\d-\d\d", str(meta.get("valid_from"))), name, "valid_from"
    )
    require(MARK in text, name, "not marked as fictional")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(">"):
            require(
                re.match(r"> \*\*(DANGER|WARNING|CAUTION|NOTICE)\*\* \S", line),
                f"{name} body line {number}",
                "a block quote that is no warning",
            )
    return text, meta


def heading(line):
    """(level, words) of a heading: Markdown, or a line of capitals in plain text."""
    marked = re.match(r"(#+) (.+)", line)
    if marked:
        return len(marked[1]), marked[2].strip()
    if re.fullmatch(r"[A-Z][A-Z ]+", line):
        return 2, line.strip()
    return None


def section(text, wanted):
    """The text from a heading to the next one of the same level or above, or None."""
    level, kept = None, []
    for line in text.splitlines():
        found = heading(line)
        if level is None:
            if found and found[1] == wanted:
                level = found[0]
                kept.append(line)
        elif found and found[0] <= level:
            break
        else:
            kept.append(line)
    return "\n".join(kept) if level is not None else None


def entry(text, code):
    """What a document says under a code: its row's line or its headed section, or None."""
    for line in text.splitlines():
        if line.startswith(f"| {code} |"):
            return line
        found = heading(line)
        if found and found[1].split()[0] == code:
            return section(text, found[1])
    return None


def check_answerable(where, row, documents):
    if not require(row["expected_doc"] in documents, where, "expected_doc is not there"):
        return
    text = documents[row["expected_doc"]][0]
    within = section(text, row["expected_section"])
    if not require(within is not None, where, f"no heading {row['expected_section']!r}"):
        return
    key = row["expected_section_or_code"]
    if CODE.match(key):
        within = entry(text, key)
        if not require(within is not None, where, f"no entry {key}"):
            return
    else:
        require(key == row["expected_section"], where, "expected_section_or_code")
    require(row["must_contain"], where, "must_contain is empty")
    for part in row["must_contain"]:
        require(holds(within, part), where, f"{part!r} is not in {key!r}")
        require(holds(row["answer"], part), where, f"{part!r} is not in the gold answer")
    for number in row["numbers"]:
        require(holds(within, number), where, f"{number!r} is not in {key!r}")
        require(holds(row["answer"], number), where, f"{number!r} is not in the gold answer")
    for part in row["must_not"]:
        require(not holds(row["answer"], part), where, f"the gold answer holds {part!r}")
        require(
            any(holds(other, part) for other, _ in documents.values()),
            where,
            f"{part!r} is in no document, so it tests nothing",
        )


def check_unanswerable(where, row, documents):
    require(row["expected_doc"] is None and row["answer"] is None, where, "has an answer")
    require(not row["must_contain"] and not row["numbers"], where, "expects words")
    require(row.get("why"), where, "does not say why")
    code = row.get("nonexistent_code")
    if code:
        for name, (text, _) in documents.items():
            require(not holds(text, code), where, f"{code} is in {name}")


def check_audio(where, row):
    if row["audio"] is None:
        require(not AUDIO_KEYS & set(row), where, "a voice without audio")
        return 0
    require(AUDIO_KEYS <= set(row), where, "audio without voice, stretch and say")
    path = GOLDEN / row["audio"]
    if not require(path.is_file(), where, f"{row['audio']} is not there"):
        return 0
    data = path.read_bytes()
    # STREAMINFO: 20 bits sample rate, 3 bits channels - 1, 5 bits bits per sample - 1.
    packed = int.from_bytes(data[18:22], "big") >> 4
    rate, channels, bits = packed >> 8, (packed >> 5 & 7) + 1, (packed & 31) + 1
    require(
        data[:4] == b"fLaC" and (rate, channels, bits) == (16000, 1, 16),
        where,
        f"{row['audio']} is {rate} Hz, {channels} channels, {bits} bits",
    )
    return len(data)


def main():
    documents = {
        path.relative_to(KNOWLEDGE).as_posix(): load_document(path)
        for path in sorted(KNOWLEDGE.rglob("*"))
        if path.suffix in {".md", ".txt"} and path.name != "README.md"
    }
    seen, answerable, unanswerable, spoken, audio_bytes = set(), 0, 0, 0, 0
    heard = {True: 0, False: 0}
    for file in sorted(GOLDEN.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            where = f"{file.name}:{number} {row.get('id')}"
            allowed = ROW_KEYS | AUDIO_KEYS | {"why", "nonexistent_code"}
            if not require(ROW_KEYS <= set(row) <= allowed, where, "keys"):
                continue
            require(row["id"] not in seen, where, "id used twice")
            seen.add(row["id"])
            require(row["form"] in {"written", "spoken"}, where, "form")
            if row["answerable"]:
                answerable += 1
                check_answerable(where, row, documents)
            else:
                unanswerable += 1
                check_unanswerable(where, row, documents)
            spoken += row["form"] == "spoken"
            audio_bytes += check_audio(where, row)
            heard[row["answerable"]] += row["audio"] is not None
    named = {json.loads(l)["audio"] for f in GOLDEN.glob("*.jsonl") for l in f.open(encoding="utf-8")}
    for path in (GOLDEN / "audio").glob("*"):
        require(f"audio/{path.name}" in named, path.name, "audio that no row names")
    require(audio_bytes < AUDIO_LIMIT_BYTES, "audio", f"{audio_bytes} bytes")
    require(answerable + unanswerable >= 48, "golden", "fewer than 48 questions")
    require(unanswerable >= 12, "golden", "fewer than 12 unanswerable")
    require(heard[True] >= 8 and heard[False] >= 2, "golden", "too little audio")
    for problem in problems:
        print(problem)
    words = sum(len(text.split()) for text, _ in documents.values())
    print(
        f"{len(documents)} documents, {words} words; {answerable} answerable and "
        f"{unanswerable} unanswerable questions, {spoken} in spoken form, "
        f"{sum(heard.values())} with audio ({audio_bytes} bytes); {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
