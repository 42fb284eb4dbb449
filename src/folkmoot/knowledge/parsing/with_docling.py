"""docling, the extra of that name: models of layout and tables tell what a page consists of."""

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.docling_document import written
from folkmoot.knowledge.parsing.libraries import Parse, Source, library
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed, Report

SAMPLE: Final = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources
<</Font<</F 5 0 R>>>>>>
endobj
4 0 obj<</Length 37>>stream
BT /F 12 Tf 72 700 Td (Herons) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
WAITING_PAGES: Final = 2
"""How many pages may wait between two models, with their pictures."""
UNREAD: Final = "docling cannot read this PDF."


def load(models: Path | None) -> Parse:
    """Load the models. Reading something once makes docling load what it puts off."""
    converter = _converter(models)
    parse = partial(_parse, converter)
    parse(BytesIO(SAMPLE), Limits(), lambda _done, _total: None)
    return parse


def _converter(models: Path | None) -> Any:  # noqa: ANN401 - docling is an extra
    """Make what reads PDFs by models on the processor, with one thread for each of them.

    Text is not recognised: that is for our own parser and its recognizer. Of docling's ways to
    open a PDF this one reads no files of its own.
    """
    kinds, options = library("docling.datamodel.base_models"), "docling.datamodel"
    pipeline = library(f"{options}.pipeline_options").PdfPipelineOptions(
        artifacts_path=models,
        do_ocr=False,
        layout_batch_size=1,  # more at once is no quicker on a processor, and tells of no page
        table_batch_size=1,
        queue_max_size=WAITING_PAGES,
        accelerator_options=library(f"{options}.accelerator_options").AcceleratorOptions(
            num_threads=1, device="cpu"
        ),
    )
    docling, pdf = library("docling.document_converter"), kinds.InputFormat.PDF
    backend = library("docling.backend.pypdfium2_backend").PyPdfiumDocumentBackend
    converter = docling.DocumentConverter(
        allowed_formats=[pdf],
        format_options={pdf: docling.PdfFormatOption(pipeline_options=pipeline, backend=backend)},
    )
    converter.initialize_pipeline(pdf)
    return converter


def _parse(
    converter: Any,  # noqa: ANN401 - docling is an extra
    source: Source,
    limits: Limits,
    report: Report,
) -> Parsed:
    """Read a PDF, of whose pages none may be left out."""
    stream = library("docling.datamodel.base_models").DocumentStream

    def tell(event: Any) -> None:  # noqa: ANN401 - docling is an extra
        if event.kind == "page_completed":
            report(event.completed_pages, event.total_pages)

    found = converter.convert(
        stream(name="document.pdf", stream=BytesIO(source.read())),
        raises_on_error=False,
        progress_callback=tell,
    )
    if found.status != "success":
        raise ParseFailed(UNREAD)
    return written(found.document, limits)
