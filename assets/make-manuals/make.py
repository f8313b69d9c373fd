#!/usr/bin/env python3
"""Makes the PDF and DOCX manuals and the figure of knowledge/ from what lies beside this script.

Usage: python3 assets/make-manuals/make.py     (needs requirements.txt)

Writes the manuals, and made.toml with the SHA-256 of each manual and of what it was made
from, which tests/golden/check.py compares.
"""

import hashlib
from pathlib import Path

import source
import to_docx
import to_pdf
import to_png

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MANUALS = [
    ("sc-110.md", "knowledge/screw-compressor/sc-110-service-manual.pdf", to_pdf),
    ("gb-320.md", "knowledge/gearbox/gb-320-service-manual.docx", to_docx),
]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    record = ["# Written by make.py; see README.md.\n"]
    for name, target, maker in MANUALS:
        path = ROOT / target
        path.parent.mkdir(parents=True, exist_ok=True)
        maker.make(*source.read(HERE / name), path)
        script = f"{maker.__name__}.py"
        record.append(
            f'\n[[manual]]\nfile = "{target}"\nsha256 = "{sha256(path)}"\n'
            f'source = "{name}"\nsource_sha256 = "{sha256(HERE / name)}"\n'
            f'script = "{script}"\nscript_sha256 = "{sha256(HERE / script)}"\n'
        )
        print(f"{target}: {path.stat().st_size} bytes")
    to_png.make(ROOT / "knowledge/transport-vehicle/agv-15-scanner-fields.png")
    (HERE / "made.toml").write_text("".join(record), encoding="utf-8")


if __name__ == "__main__":
    main()
