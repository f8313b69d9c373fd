"""Sets a manual's source as a PDF: title page, contents, chapters; the same bytes every time."""

from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate, CondPageBreak, Frame, FrameBreak, KeepTogether, NextPageTemplate, PageBreak,
    PageTemplate, Paragraph, Spacer, Table, TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM, GAP = 22 * mm, 20 * mm, 26 * mm, 24 * mm, 8 * mm
BODY = WIDTH - LEFT - RIGHT
COLOURS = {"DANGER": "#b3001b", "WARNING": "#d96a00", "CAUTION": "#c9a400", "NOTICE": "#1f4e8c"}
# Pages before the first chapter: the title page and the contents, numbered i, ii, iii.
FRONT_PAGES = 3


def fonts():
    folder = Path(reportlab.__file__).parent / "fonts"
    for name, file in (("Vera", "Vera"), ("Vera-Bold", "VeraBd"), ("Vera-Italic", "VeraIt")):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))


def style(name, size=9.5, font="Vera", **more):
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.42, **more)


STYLES = {
    "body": style("body", spaceAfter=6),
    "cell": style("cell", 8.5),
    "head": style("head", 8.5, "Vera-Bold"),
    "step": style("step", leftIndent=8 * mm, bulletIndent=0, spaceAfter=3.5),
    "caption": style("caption", 8.5, "Vera-Italic", spaceBefore=4, spaceAfter=10),
    "h1": style("h1", 17, "Vera-Bold", spaceAfter=10),
    "h2": style("h2", 11.5, "Vera-Bold", spaceBefore=11, spaceAfter=5),
    "title": style("title", 26, "Vera-Bold", spaceAfter=18),
    "front": style("front", 11, spaceAfter=6),
    "small": style("small", 9, "Vera-Italic", spaceAfter=6),
}


class Manual(BaseDocTemplate):
    """A template that gathers the contents and the outline as headings go by."""

    def afterFlowable(self, flowable):
        if not isinstance(flowable, Paragraph) or flowable.style.name not in ("h1", "h2"):
            return
        level = int(flowable.style.name == "h2")
        text = flowable.getPlainText()
        key = f"section-{text.split()[0]}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level=level, closed=level == 0)
        self.notify("TOCEntry", (level, escape(text), self.page - FRONT_PAGES, key))


def warning(word, text):
    """A box: the signal word in a coloured bar, the hazard below it."""
    bar = style(f"bar-{word}", 10.5, "Vera-Bold", textColor=colors.white, alignment=TA_CENTER)
    box = Table(
        [[Paragraph(word, bar)], [Paragraph(escape(text), STYLES["body"])]],
        colWidths=["100%"],
    )
    colour = colors.HexColor(COLOURS[word])
    box.setStyle(TableStyle([
        ("BACKGROUND", (0, 0), (0, 0), colour),
        ("BOX", (0, 0), (-1, -1), 1.2, colour),
        ("TOPPADDING", (0, 0), (0, 0), 2), ("BOTTOMPADDING", (0, 0), (0, 0), 3),
        ("BOTTOMPADDING", (0, 1), (0, 1), 0),
    ]))
    return KeepTogether([box, Spacer(1, 7)])


def table(rows, layout):
    """A table; `unruled` has no lines at all, else every cell has a border."""
    shares = {2: (62, 38), 3: (50, 22, 28), 4: (10, 23, 35, 32), 5: (15, 38, 14, 20, 13)}[len(rows[0])]
    cells = [
        [Paragraph(escape(cell), STYLES["cell" if n else "head"]) for cell in row]
        for n, row in enumerate(rows)
    ]
    made = Table(cells, colWidths=[BODY * share / 100 for share in shares], repeatRows=1)
    rules = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    if layout == "unruled":
        rules += [("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 6)]
    else:
        rules += [
            ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e4e8ec")),
        ]
    made.setStyle(TableStyle(rules))
    return [made, Spacer(1, 9)]


def air_and_oil():
    """Figure 1 of the SC-110 manual."""
    drawing = Drawing(BODY, 78 * mm)

    def box(x, y, w, h, label):
        drawing.add(Rect(x * mm, y * mm, w * mm, h * mm, fillColor=None, strokeColor=colors.black))
        drawing.add(String((x + w / 2) * mm, (y + h / 2 - 1) * mm, label, textAnchor="middle",
                           fontName="Vera", fontSize=8))

    def pipe(*points, oil=False):
        colour = colors.HexColor("#8a5a00") if oil else colors.HexColor("#1f4e8c")
        for (x1, y1), (x2, y2) in zip(points, points[1:]):
            drawing.add(Line(x1 * mm, y1 * mm, x2 * mm, y2 * mm, strokeColor=colour, strokeWidth=1.2))
        x, y = points[-1]
        drawing.add(Polygon([x * mm, y * mm, (x - 2) * mm, (y + 1) * mm, (x - 2) * mm, (y - 1) * mm],
                            fillColor=colour, strokeColor=colour))

    box(2, 50, 14, 12, "F1")
    box(24, 50, 14, 12, "V1")
    drawing.add(Circle(56 * mm, 56 * mm, 9 * mm, fillColor=None, strokeColor=colors.black))
    drawing.add(String(56 * mm, 55 * mm, "K1", textAnchor="middle", fontName="Vera", fontSize=8))
    box(78, 34, 24, 34, "")
    drawing.add(String(90 * mm, 41 * mm, "B1", textAnchor="middle", fontName="Vera", fontSize=8))
    box(82, 52, 16, 11, "F3")
    box(112, 56, 12, 10, "V2")
    box(134, 54, 20, 14, "E1")
    box(106, 40, 12, 9, "V4")
    box(60, 12, 20, 12, "E2")
    box(30, 12, 14, 12, "F2")
    pipe((16, 56), (24, 56))
    pipe((38, 56), (47, 56))
    pipe((65, 56), (78, 56))
    pipe((102, 61), (112, 61))
    pipe((124, 61), (134, 61))
    pipe((154, 61), (166, 61))
    pipe((102, 44), (106, 44))
    pipe((90, 34), (90, 18), (80, 18), oil=True)
    pipe((60, 18), (44, 18), oil=True)
    pipe((30, 18), (22, 18), (22, 36), (56, 36), (56, 47), oil=True)
    return drawing


FIGURES = {"air-and-oil": air_and_oil}


def title_page(meta):
    lines = [
        ("Model", meta["model"]), ("Serial numbers", meta["serials"].replace("..", " to ")),
        ("Revision", meta["revision"]), ("Valid from", meta["valid_from"]),
        ("Language", {"en": "English"}[meta["language"]]), ("Status", meta["status"].capitalize()),
    ]
    rows = [[Paragraph(k, STYLES["front"]), Paragraph(escape(v), STYLES["front"])] for k, v in lines]
    return [
        Spacer(1, 45 * mm),
        Paragraph(escape(meta["title"]), STYLES["title"]),
        Table(rows, colWidths=[45 * mm, BODY - 45 * mm]),
        Spacer(1, 30 * mm),
        Paragraph("Fictional sample document. Not for use on real equipment.", STYLES["small"]),
        Paragraph("Keep this manual at the machine. Translation of this manual: none.", STYLES["small"]),
    ]


def story(meta, blocks):
    out = title_page(meta)
    contents = TableOfContents(dotsMinLevel=0, levelStyles=[
        style("toc1", 9, "Vera-Bold", spaceBefore=3), style("toc2", 8, leftIndent=6 * mm),
    ])
    out += [NextPageTemplate("one"), PageBreak(), Paragraph("Contents", STYLES["title"]), contents]
    columns, layout, first = 1, None, True
    for n, block in enumerate(blocks):
        if block.kind == "heading" and block.level == 1:
            continue
        if block.kind == "heading" and block.level == 2:
            two = blocks[n + 1].text == "columns: 2"
            if first or two or columns == 2:
                out += [NextPageTemplate("two" if two else "one"), PageBreak()]
            else:
                out += [CondPageBreak(85 * mm), Spacer(1, 14)]
            out += [Paragraph(escape(block.text), STYLES["h1"])]
            out += [FrameBreak()] if two else []
            columns, first = (2 if two else 1), False
        elif first:
            continue  # the mark below the title is on the title page
        elif block.kind == "heading":
            out += [CondPageBreak(30 * mm)] if columns == 1 else []
            out.append(Paragraph(escape(block.text), STYLES["h2"]))
        elif block.kind == "layout":
            name, value = block.text.split(": ")
            if name == "columns" and value == "1" and columns == 2:
                chapter_ends = blocks[n + 1].kind == "heading" and blocks[n + 1].level == 2
                if not chapter_ends:
                    out += [NextPageTemplate("one"), PageBreak()]
                    columns = 1
            elif name == "column":
                out.append(FrameBreak())
            elif name == "figure":
                out.append(FIGURES[value]())
            elif name == "table":
                layout = value
        elif block.kind == "warning":
            out.append(warning(block.items[0], block.text))
        elif block.kind == "steps":
            for number, text in enumerate(block.items, 1):
                out.append(Paragraph(escape(text), STYLES["step"], bulletText=f"{number}."))
            out.append(Spacer(1, 4))
        elif block.kind == "bullets":
            for text in block.items:
                out.append(Paragraph(escape(text), STYLES["step"], bulletText="\u2022"))
        elif block.kind == "table":
            out += table(block.items, layout)
            layout = None
        else:
            caption = block.text.startswith("Figure ")
            out.append(Paragraph(escape(block.text), STYLES["caption" if caption else "body"]))
    return out


def make(meta, blocks, path):
    """Writes the PDF."""
    fonts()

    def furniture(canvas, doc):
        canvas.saveState()
        canvas.setFont("Vera", 8)
        canvas.setStrokeColor(colors.grey)
        canvas.drawString(LEFT, HEIGHT - 15 * mm, meta["title"])
        canvas.drawRightString(WIDTH - RIGHT, HEIGHT - 15 * mm, f"Revision {meta['revision']}")
        canvas.line(LEFT, HEIGHT - 17 * mm, WIDTH - RIGHT, HEIGHT - 17 * mm)
        canvas.line(LEFT, 16 * mm, WIDTH - RIGHT, 16 * mm)
        page = "i" * doc.page if doc.page <= FRONT_PAGES else str(doc.page - FRONT_PAGES)
        canvas.drawString(LEFT, 11 * mm, f"{meta['model']}  {meta['valid_from']}")
        canvas.drawRightString(WIDTH - RIGHT, 11 * mm, page)
        canvas.restoreState()

    def labels(canvas, doc):
        canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
        canvas.addPageLabel(FRONT_PAGES, style="ARABIC", start=1)

    doc = Manual(
        str(path), pagesize=A4, invariant=1, pageCompression=1, lang=meta["language"],
        title=meta["title"], author="millwright samples", creator="make-manuals",
        subject=f"{meta['machine']} {meta['model']}, revision {meta['revision']}, "
                f"valid from {meta['valid_from']}",
        keywords=[meta["machine"], meta["model"], f"revision {meta['revision']}", meta["serials"]],
    )
    full = HEIGHT - TOP - BOTTOM
    half, band = (BODY - GAP) / 2, 16 * mm
    pad = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    doc.addPageTemplates([
        PageTemplate("title", [Frame(LEFT, BOTTOM, BODY, full, **pad)], onPage=labels),
        PageTemplate("one", [Frame(LEFT, BOTTOM, BODY, full, **pad)], onPage=furniture),
        PageTemplate("two", [
            Frame(LEFT, HEIGHT - TOP - band, BODY, band, **pad),
            Frame(LEFT, BOTTOM, half, full - band, **pad),
            Frame(LEFT + half + GAP, BOTTOM, half, full - band, **pad),
        ], onPage=furniture),
    ])
    doc.multiBuild(story(meta, blocks))
