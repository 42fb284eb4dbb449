"""docling behind the port for parsers of PDFs. Its models are played, its documents are not."""

import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docling_core.types.doc.base import BoundingBox
from docling_core.types.doc.common.content_layer import ContentLayer
from docling_core.types.doc.common.reference import ProvenanceItem
from docling_core.types.doc.document import DoclingDocument
from docling_core.types.doc.items.table.table_data import TableCell, TableData
from docling_core.types.doc.labels import DocItemLabel

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import other_parsers, with_docling
from folkmoot.knowledge.parsing.docling_document import written
from folkmoot.knowledge.parsing.other_parsers import ParserMissing, PdfParser
from folkmoot.knowledge.parsing.parsed import Heading, ParseFailed


def on(page: int) -> ProvenanceItem:
    """Return a place on a page."""
    return ProvenanceItem(page_no=page, bbox=BoundingBox(l=0, t=0, r=9, b=9), charspan=(0, 1))


def cell(text: str, row: int, column: int, *, width: int = 1) -> TableCell:
    return TableCell(
        text=text,
        start_row_offset_idx=row,
        end_row_offset_idx=row + 1,
        start_col_offset_idx=column,
        end_col_offset_idx=column + width,
        col_span=width,
    )


@pytest.fixture
def report() -> DoclingDocument:
    """Two pages about herons, as docling tells them."""
    document = DoclingDocument(name="document.pdf")
    document.add_title("Herons", prov=on(1))
    document.add_heading("Diet", level=1, prov=on(1))
    document.add_text(
        DocItemLabel.PAGE_HEADER, "Secret", prov=on(1), content_layer=ContentLayer.FURNITURE
    )
    document.add_text(DocItemLabel.TEXT, "They eat fish.", prov=on(1))
    group = document.add_list_group()
    document.add_list_item("Eels", marker="•", parent=group, prov=on(1))
    document.add_list_item("Frogs", enumerated=True, marker="2.", parent=group, prov=on(1))
    cells = [
        cell("Year", 0, 0),
        cell("Herons\nseen", 0, 1),
        cell("None at all", 1, 0, width=2),
    ]
    caption = document.add_text(DocItemLabel.CAPTION, "Table 1: Counts", prov=on(2))
    data = TableData(table_cells=cells, num_rows=2, num_cols=2)
    document.add_table(data, caption=caption, prov=on(2))
    drawn = document.add_text(DocItemLabel.CAPTION, "Figure 1: A heron", prov=on(2))
    document.add_picture(caption=drawn, prov=on(2))
    document.add_code("count = 2", prov=on(2))
    return document


def test_a_document_becomes_text_with_pages_and_headings(report: DoclingDocument) -> None:
    parsed = written(report, Limits())
    assert parsed.text.split("\n\n") == [
        "Herons",
        "Diet",
        "They eat fish.",
        "- Eels\n2. Frogs",
        "Table 1: Counts",
        "| Year | Herons seen |\n| --- | --- |\n| None at all |  |",
        "Figure 1: A heron",
        "```\ncount = 2\n```",
    ]
    assert parsed.title == "Herons"
    assert parsed.headings == [Heading(1, "Herons", 0), Heading(2, "Diet", 8)]
    first, second = ((each.number, parsed.text[each.start : each.end]) for each in parsed.pages)
    assert (first[0], first[1].endswith("2. Frogs")) == (1, True)
    assert (second[0], second[1].startswith("Table 1")) == (2, True)


def test_what_goes_back_to_a_page_before_stays_in_its_place() -> None:
    document = DoclingDocument(name="document.pdf")
    for page, text in [(1, "One"), (3, "Three"), (2, "Two"), (3, "More")]:
        document.add_text(DocItemLabel.TEXT, text, prov=on(page))
    parsed = written(document, Limits())
    assert parsed.text.split("\n\n") == ["One", "Three", "Two", "More"]
    assert [(page.number, parsed.text[page.start : page.end]) for page in parsed.pages] == [
        (1, "One"),
        (3, "Three\n\nTwo\n\nMore"),
    ]


def test_too_much_text_is_refused(report: DoclingDocument) -> None:
    with pytest.raises(ParseFailed, match="more than 20 characters"):
        written(report, Limits(text_characters=20))


class Converter:
    """Answers as docling 2 does."""

    document: DoclingDocument
    statuses: Iterator[str]

    def __init__(self, allowed_formats: list[str], format_options: dict[str, Any]) -> None:
        (self._options,) = format_options.values()
        assert allowed_formats == [*format_options]

    def initialize_pipeline(self, _kind: str) -> None:
        models = self._options.pipeline_options.artifacts_path
        if not models.is_dir():
            raise FileNotFoundError(models)

    def convert(
        self,
        source: SimpleNamespace,
        *,
        raises_on_error: bool,
        progress_callback: Callable[[SimpleNamespace], None],
    ) -> SimpleNamespace:
        assert source.stream.read().startswith(b"%PDF-")
        assert not raises_on_error
        for kind in ("phase_started", "page_completed"):
            progress_callback(SimpleNamespace(kind=kind, completed_pages=1, total_pages=2))
        return SimpleNamespace(status=next(self.statuses), document=self.document)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, report: DoclingDocument) -> type[Converter]:
    """Have docling's modules played."""
    kept, parts = SimpleNamespace, "docling.datamodel"
    monkeypatch.setattr(Converter, "document", report, raising=False)
    for name, module in {
        f"{parts}.base_models": kept(InputFormat=kept(PDF="pdf"), DocumentStream=kept),
        f"{parts}.pipeline_options": kept(PdfPipelineOptions=kept),
        f"{parts}.accelerator_options": kept(AcceleratorOptions=kept),
        "docling.document_converter": kept(DocumentConverter=Converter, PdfFormatOption=kept),
        "docling.backend.pypdfium2_backend": kept(PyPdfiumDocumentBackend=None),
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return Converter


def test_pages_are_reported_and_what_fails_in_part_is_no_document(
    played: type[Converter], tmp_path: Path
) -> None:
    played.statuses = iter(["success", "success", "partial_success"])
    parse = other_parsers.loaded(PdfParser(other_parsers.WITH_DOCLING, str(tmp_path)))
    told: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        told.append((done, total))

    parsed = parse(BytesIO(with_docling.SAMPLE), Limits(), report)
    assert (parsed.title, told) == ("Herons", [(1, 2)])
    with pytest.raises(ParseFailed, match="docling cannot read this PDF"):
        parse(BytesIO(with_docling.SAMPLE), Limits(), report)


@pytest.mark.usefixtures("played")
def test_models_that_are_not_there_are_missed_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        other_parsers.loaded(PdfParser(other_parsers.WITH_DOCLING, str(tmp_path / "models")))


def test_what_is_missing_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(other_parsers, "find_spec", dict[str, str]().get)
    with pytest.raises(ParserMissing, match=r"pip install .*\[docling\]'?$"):
        other_parsers.chosen("docling", tmp_path)
    monkeypatch.setattr(other_parsers, "find_spec", {"docling": "found"}.get)
    for models in (None, tmp_path / "models"):
        with pytest.raises(ParserMissing, match="docling-tools models download"):
            other_parsers.chosen("docling", models)
    assert other_parsers.chosen("docling", tmp_path) == (other_parsers.WITH_DOCLING, str(tmp_path))
    assert other_parsers.chosen("own", tmp_path) is None


def test_models_are_found_by_a_process_that_works_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(other_parsers, "find_spec", {"docling": "found"}.get)
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    chosen = other_parsers.chosen("docling", Path("models"))
    assert chosen == (other_parsers.WITH_DOCLING, str(tmp_path / "models"))


def test_a_parser_of_ones_own_has_to_be_installed() -> None:
    own = "folkmoot.testing.pdf_parser:load"
    assert other_parsers.chosen(own, None) == (own, "")
    for missing in ("herons.reading:load", "folkmoot.testing.herons:load"):
        with pytest.raises(ParserMissing, match="there is no module"):
            other_parsers.chosen(missing, None)


def test_small_files_may_have_many_pages() -> None:
    limits = Limits().by_models()
    assert limits.seconds("pdf", 1_000) >= limits.total_seconds
