"""Sets a manual's source as a DOCX: styles, lists and tables of Word; the same bytes every time."""

import datetime
import io
import zipfile

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

COLOURS = {"DANGER": "B3001B", "WARNING": "D96A00", "CAUTION": "9C7A00", "NOTICE": "1F4E8C"}


def element(name, **attributes):
    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def new_list(document):
    """A numbering of its own for each procedure, so that every one starts at 1."""
    numbering = document.part.numbering_part.element
    style = document.styles["List Number"].element
    abstract = numbering.num_having_numId(style.pPr.numPr.numId.val).abstractNumId.val
    num = numbering.add_num(abstract)
    num.add_lvlOverride(ilvl=0).add_startOverride(1)
    return num.numId


def steps(document, texts):
    number = new_list(document)
    for text in texts:
        paragraph = document.add_paragraph(text, style="List Number")
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = 0
        properties.get_or_add_numId().val = number


def warning(document, word, text):
    paragraph = document.add_paragraph(style="Warning")
    run = paragraph.add_run(word)
    run.bold = True
    run.font.color.rgb = RGBColor.from_string(COLOURS[word])
    paragraph.add_run(f" {text}")
    border = element("w:pBdr")
    for side in ("top", "left", "bottom", "right"):
        border.append(element(f"w:{side}", val="single", sz="8", space="4", color=COLOURS[word]))
    paragraph._p.get_or_add_pPr().append(border)


def table(document, rows):
    made = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for n, row in enumerate(rows):
        cells = made.add_row().cells
        for cell, text in zip(cells, row):
            run = cell.paragraphs[0].add_run(text)
            run.bold = n == 0
            run.font.size = Pt(9)
    made.rows[0]._tr.get_or_add_trPr().append(element("w:tblHeader", val="true"))
    document.add_paragraph()


def properties(document, meta):
    core = document.core_properties
    core.title, core.language = meta["title"], meta["language"]
    core.subject = f"{meta['machine']} {meta['model']}, revision {meta['revision']}"
    core.keywords = ", ".join([meta["machine"], meta["model"], f"revision {meta['revision']}"])
    core.author = core.last_modified_by = "millwright samples"
    core.comments, core.version = "", meta["revision"]
    core.content_status = meta["status"].capitalize()
    core.created = core.modified = datetime.datetime.fromisoformat(meta["valid_from"])
    # The property `revision` counts how often a file was saved; it is not the document's.
    core.revision = 1


def make(meta, blocks, path):
    """Writes the DOCX."""
    document = Document()
    properties(document, meta)
    style = document.styles.add_style("Warning", 1)
    style.base_style = document.styles["Normal"]
    document.styles["Normal"].font.name = "Calibri"
    section = document.sections[0]
    section.left_margin = section.right_margin = Cm(2.2)
    section.header.paragraphs[0].text = f"{meta['title']}\tRevision {meta['revision']}"
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer._p.append(element("w:fldSimple", instr="PAGE"))
    for block in blocks:
        if block.kind == "heading":
            document.add_heading(block.text, 0 if block.level == 1 else block.level - 1)
            if block.level == 1:
                table(document, [
                    ["Document", "This manual"], ["Machine", meta["machine"]], ["Model", meta["model"]],
                    ["Serial numbers", meta["serials"].replace("..", " to ")],
                    ["Revision", meta["revision"]], ["Valid from", meta["valid_from"]],
                ])
        elif block.kind == "warning":
            warning(document, block.items[0], block.text)
        elif block.kind == "steps":
            steps(document, block.items)
        elif block.kind == "bullets":
            for text in block.items:
                document.add_paragraph(text, style="List Bullet")
        elif block.kind == "table":
            table(document, block.items)
        elif block.kind == "paragraph":
            document.add_paragraph(block.text)
    whole = io.BytesIO()
    document.save(whole)
    fixed(whole, path)


def fixed(whole, path):
    """Writes the package with dates that do not change."""
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            data = old.read(name)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, data)
