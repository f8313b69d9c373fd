#!/usr/bin/env python3
"""Checks the golden questions against the sample knowledge base and its audio.

Usage: python3 tests/golden/check.py     (from anywhere; standard library only)

Prints every row that is wrong and exits with 1, or one line of totals and exits with 0.

A PDF or DOCX is checked by its source in assets/make-manuals: made.toml says by hash which
source and which script the committed file was made from.
"""

import csv
import hashlib
import io
import json
import re
import sys
import tomllib
import zipfile
from html.parser import HTMLParser
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent
ROOT = GOLDEN.parent.parent
KNOWLEDGE = ROOT / "knowledge"
MAKE_MANUALS = ROOT / "assets" / "make-manuals"
MARKS = {
    "en": "Fictional sample document. Not for use on real equipment.",
    "zh": "虚构示例文件，不得用于真实设备。",
    "es": "Documento ficticio de muestra. No utilizar en equipos reales.",
}
SIGNAL = re.compile(r"> \*\*(DANGER|WARNING|CAUTION|NOTICE|危险|警告|注意)\*\* \S")
META_KEYS = {"title", "machine", "model", "language", "revision", "valid_from", "status"}
META_OPTIONAL = {"serials"}
ROW_KEYS = {
    "id", "question", "form", "lang", "answerable", "expected_doc", "expected_section",
    "expected_section_or_code", "must_contain", "must_not", "answer", "numbers", "audio",
}
AUDIO_KEYS = {"voice", "stretch", "say"}
AUDIO_FILE_LIMIT_BYTES = 102_400
AUDIO_LIMIT_BYTES = 3_000_000
BINARY_LIMIT_BYTES = 300_000
FORMATS = {
    ".md": "Markdown", ".txt": "plain text", ".csv": "CSV", ".html": "HTML", ".pdf": "PDF",
    ".docx": "DOCX",
}
# What counts as a page in a format without pages.
PAGE_WORDS, PAGE_CHINESE, PAGE_ROWS = 300, 400, 30
# A letter or figure of a word; Chinese is written without spaces, so its signs join nothing.
JOINS = r"[^\W\u3400-\u9fff]"
CHINESE = re.compile(r"[\u3400-\u9fff]")

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
    part = folded(part)
    before = rf"(?<!{JOINS})(?<![.,])" if re.match(JOINS, part) else ""
    after = rf"(?!{JOINS})" if re.match(JOINS, part[-1]) else ""
    return re.search(before + re.escape(part) + after, folded(text)) is not None


class Page(HTMLParser):
    """An HTML page as Markdown lines: headings, table rows with their spans filled, text."""

    SILENT = {"script", "style", "nav", "head", "header", "footer"}
    BREAKS = {"p", "li", "div", "tr", "figure", "figcaption", "caption", "table", "ol", "ul"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.line, self.silent, self.language = [], "", 0, None
        self.row, self.spans = None, {}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html":
            self.language = attributes.get("lang")
        if tag in self.SILENT:
            self.silent += 1
        elif re.fullmatch(r"h[1-6]", tag):
            self.end_line()
            self.line = "#" * int(tag[1]) + " "
        elif tag == "table":
            self.spans = {}
        elif tag == "tr":
            self.end_line()
            self.row = []
        elif tag in {"td", "th"}:
            self.fill()
            self.span = int(attributes.get("rowspan", 1))
            self.line = ""
        elif tag in self.BREAKS:
            self.end_line()

    def handle_endtag(self, tag):
        if tag in self.SILENT:
            self.silent -= 1
        elif tag in {"td", "th"}:
            cell = " ".join(self.line.split())
            if self.span > 1:
                self.spans[len(self.row)] = [self.span - 1, cell]
            self.row.append(cell)
            self.line = ""
        elif tag == "tr":
            self.fill()
            self.line = "| " + " | ".join(self.row) + " |"
            self.row = None
            self.end_line()
        elif tag in self.BREAKS or re.fullmatch(r"h[1-6]", tag):
            self.end_line()

    def handle_data(self, data):
        if not self.silent:
            self.line += data

    def fill(self):
        """Cells that a cell of an earlier row covers."""
        while (above := self.spans.get(len(self.row))) and above[0] > 0:
            above[0] -= 1
            self.row.append(above[1])

    def end_line(self):
        if self.row is None and self.line.strip():
            self.lines.append(" ".join(self.line.split()))
        if self.row is None:
            self.line = ""


def table_text(path):
    """A CSV's title as a heading and its rows as pipe lines."""
    text = path.read_text(encoding="utf-8-sig")
    first = text.splitlines()[0]
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ","))
    width = {len(row) for row in rows}
    require(len(width) == 1, path.name, f"rows of {sorted(width)} cells")
    require(len({row[0] for row in rows}) == len(rows), path.name, "a first cell comes twice")
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def made_from():
    """The record of what the binary manuals were made from, by path below the repository."""
    record = tomllib.loads((MAKE_MANUALS / "made.toml").read_text(encoding="utf-8"))
    return {made["file"]: made for made in record["manual"]}


def source_text(path, name):
    """The source of a PDF or DOCX and the metadata in it, once its hashes are right."""
    made = made_from().get(path.relative_to(ROOT).as_posix())
    if not require(made, name, "not in assets/make-manuals/made.toml: run make.py"):
        return "", {}
    for key, file in (
        ("sha256", path),
        ("source_sha256", MAKE_MANUALS / made["source"]),
        ("script_sha256", MAKE_MANUALS / made["script"]),
    ):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        require(digest == made[key], name, f"{file.name} has changed: run make.py")
    require(path.stat().st_size < BINARY_LIMIT_BYTES, name, "too large")
    _, front, text = re.split(
        r"^\+\+\+$\n?", (MAKE_MANUALS / made["source"]).read_text(encoding="utf-8"), maxsplit=2, flags=re.M
    )
    return re.sub(r"<!-- .* -->\n", "", text), tomllib.loads(front)


def check_binary(path, name, meta):
    """The file's own metadata say what its source says."""
    if path.suffix == ".pdf":
        data = path.read_bytes()
        for words in (meta["title"], meta["model"], f"revision {meta['revision']}"):
            require(words.encode() in data, name, f"{words!r} is not in its metadata")
        return
    with zipfile.ZipFile(path) as package:
        core = package.read("docProps/core.xml").decode()
        body = package.read("word/document.xml").decode()
    for words in (meta["title"], meta["model"], f"revision {meta['revision']}"):
        require(words in core, name, f"{words!r} is not in its properties")
    require(f"<dc:language>{meta['language']}<" in core, name, "language is not in its properties")
    require('w:val="Heading1"' in body and "w:tblHeader" in body, name, "no styles of its own")


def load_document(path):
    """Text and metadata of one document; the metadata is its front matter or its sidecar."""
    name = path.relative_to(KNOWLEDGE).as_posix()
    sidecar = path.with_name(path.name + ".manual.toml")
    meta, text, marked = {}, "", ""
    if path.suffix == ".md":
        parts = re.split(r"^\+\+\+$\n?", path.read_text(encoding="utf-8"), maxsplit=2, flags=re.M)
        if require(len(parts) == 3 and parts[0] == "", name, "no front matter"):
            meta, text = tomllib.loads(parts[1]), parts[2]
    elif require(sidecar.exists(), name, "no sidecar"):
        marked = sidecar.read_text(encoding="utf-8")
        meta = tomllib.loads(marked)
    if path.suffix == ".txt":
        text = path.read_text(encoding="utf-8")
    elif path.suffix == ".csv":
        text = f"# {meta.get('title')}\n" + table_text(path)
    elif path.suffix == ".html":
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        text = "\n".join(page.lines)
        require(page.language == meta.get("language"), name, "lang is not the sidecar's")
        for picture in re.findall(r'<img src="([^"]+)"', path.read_text(encoding="utf-8")):
            require((path.parent / picture).is_file(), name, f"{picture} is not there")
    elif path.suffix in {".pdf", ".docx"}:
        text, own = source_text(path, name)
        require(own == meta, name, "its source and its sidecar differ")
        check_binary(path, name, own)
    require(META_KEYS <= set(meta) <= META_KEYS | META_OPTIONAL, name, f"metadata keys {sorted(meta)}")
    require(
        re.fullmatch(r"\d{4}-\d\d-\d\d", str(meta.get("valid_from"))), name, "valid_from"
    )
    # A CSV is data alone: its mark stands in its sidecar.
    mark = MARKS.get(meta.get("language"), "no such language")
    require(mark in (marked if path.suffix == ".csv" else text), name, "not marked as fictional")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(">"):
            require(SIGNAL.match(line), f"{name} body line {number}", "a block quote that is no warning")
    return text, meta


def heading(line):
    """(level, words) of a heading: Markdown, or a line of capitals in plain text."""
    marked = re.match(r"(#+) (.+)", line)
    if marked:
        return len(marked[1]), marked[2].strip()
    if re.fullmatch(r"[A-ZÁÉÍÓÚÜÑ][A-ZÁÉÍÓÚÜÑ ]+", line):
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
        # The code may stand behind a cell that spans the rows of its group.
        if code in [cell.strip() for cell in line.split("|")[1:3]]:
            return line
        found = heading(line)
        if found and found[1].split()[0] == code:
            return section(text, found[1])
    return None


def pages(path, text, meta):
    """How many pages a document has, or would have."""
    if path.suffix == ".pdf":
        return float(len(re.findall(rb"/Type\s*/Page\b", path.read_bytes())))
    if path.suffix == ".csv":
        return round((len(text.splitlines()) - 2) / PAGE_ROWS, 1)
    words = re.findall(r"[^\s|]*[^\W_\u3400-\u9fff][^\s|\u3400-\u9fff]*", text)
    if meta.get("language") == "zh":
        return round((len(words) + len(CHINESE.findall(text))) / PAGE_CHINESE, 1)
    return round(len(words) / PAGE_WORDS, 1)


def check_list(documents):
    """The table of documents in knowledge/README.md is complete and counts right."""
    readme = (KNOWLEDGE / "README.md").read_text(encoding="utf-8")
    total = 0.0
    for name, (text, meta) in documents.items():
        path = KNOWLEDGE / name
        count = pages(path, text, meta)
        total += count
        status = "" if meta.get("status") == "released" else f" ({meta.get('status')})"
        line = (
            f"| `{name}` | {FORMATS[path.suffix]} | {count:g} | {meta.get('language')} | "
            f"{meta.get('revision')}{status} |"
        )
        require(line in readme, "knowledge/README.md", f"wants {line}")
    require(total >= 60, "knowledge", f"only {total:g} pages")
    require(f"{total:.0f} pages" in readme, "knowledge/README.md", f"wants {total:.0f} pages")
    used = {Path(name).suffix for name in documents}
    require(used == set(FORMATS), "knowledge", f"formats {sorted(used)}")
    require({meta.get("language") for _, meta in documents.values()} == set(MARKS), "knowledge", "languages")
    return total


def check_answerable(where, row, documents):
    if not require(row["expected_doc"] in documents, where, "expected_doc is not there"):
        return
    text, meta = documents[row["expected_doc"]]
    require(meta.get("status") == "released", where, "expected_doc is not released")
    within = section(text, row["expected_section"])
    if not require(within is not None, where, f"no heading {row['expected_section']!r}"):
        return
    key = row["expected_section_or_code"]
    if key != row["expected_section"]:
        within = entry(within, key)
        if not require(within is not None, where, f"no entry {key}"):
            return
    require(row["must_contain"], where, "must_contain is empty")
    for part in row["must_contain"]:
        require(holds(within, part), where, f"{part!r} is not in {key!r}")
        require(holds(row["answer"], part), where, f"{part!r} is not in the gold answer")
    for number in row["numbers"]:
        require(holds(within, number), where, f"{number!r} is not in {key!r}")
        require(holds(row["answer"], number), where, f"{number!r} is not in the gold answer")
    for part in row["must_not"]:
        require(not holds(row["answer"], part), where, f"the gold answer holds {part!r}")
        own = key != row["expected_section"] and holds(within, part)
        require(not own, where, f"{part!r} is in the entry {key} itself")
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
    require(row["audio"] == f"audio/{row['id']}.flac", where, "audio is not named by its id")
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
    require(len(data) < AUDIO_FILE_LIMIT_BYTES, where, f"{row['audio']} is {len(data)} bytes")
    return len(data)


def main():
    documents = {
        path.relative_to(KNOWLEDGE).as_posix(): load_document(path)
        for path in sorted(KNOWLEDGE.rglob("*"))
        if path.suffix in FORMATS and path.name != "README.md"
    }
    page_count = check_list(documents)
    seen, asked, answerable, unanswerable, spoken, audio_bytes = set(), {}, 0, 0, 0, 0
    heard = {True: 0, False: 0}
    languages = dict.fromkeys(MARKS, 0)
    for file in sorted(GOLDEN.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line)
            where = f"{file.name}:{number} {row.get('id')}"
            allowed = ROW_KEYS | AUDIO_KEYS | {"why", "nonexistent_code"}
            if not require(ROW_KEYS <= set(row) <= allowed, where, "keys"):
                continue
            require(row["id"] not in seen, where, "id used twice")
            seen.add(row["id"])
            again = asked.setdefault(folded(row["question"]), row["id"])
            require(again == row["id"], where, f"asks what {again} asks")
            require(row["form"] in {"written", "spoken"}, where, "form")
            if require(row["lang"] in MARKS, where, "lang"):
                languages[row["lang"]] += 1
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
    require(answerable + unanswerable >= 150, "golden", "fewer than 150 questions")
    require(unanswerable >= 40, "golden", "fewer than 40 unanswerable")
    require(sum(heard.values()) >= 30 and heard[False] >= 6, "golden", "too little audio")
    require(languages["zh"] >= 12 and languages["es"] >= 8, "golden", f"languages {languages}")
    for problem in problems:
        print(problem)
    print(
        f"{len(documents)} documents, {page_count:.0f} pages; {answerable} answerable and "
        f"{unanswerable} unanswerable questions ({languages['zh']} Chinese, {languages['es']} "
        f"Spanish), {spoken} in spoken form, {sum(heard.values())} with audio "
        f"({audio_bytes} bytes); {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
