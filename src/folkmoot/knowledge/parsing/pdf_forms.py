"""What somebody has filled into the fields of a PDF's form."""

from collections.abc import Callable, Iterator
from typing import Any, Final

TERMINATOR: Final = "\0"


def filled(raw: Any, form: Any, page: Any) -> list[str]:  # noqa: ANN401 - pdfium has no types
    """Return a line for each field of a page that holds something: its name and that.

    Args:
        raw: The functions of pdfium.
        form: What it keeps of the document's form, None if there is none.
        page: The page.
    """
    lines: dict[str, None] = {}  # a field may be shown in several places
    for index in range(raw.FPDFPage_GetAnnotCount(page) if form else 0):
        field = raw.FPDFPage_GetAnnot(page, index)
        if not field:
            continue
        if raw.FPDFAnnot_GetSubtype(field) == raw.FPDF_ANNOT_WIDGET:
            value = " ".join(_value(raw, form, field).split())
            name = _told(raw, raw.FPDFAnnot_GetFormFieldAlternateName, form, field)
            name = name or _told(raw, raw.FPDFAnnot_GetFormFieldName, form, field)
            if value:
                lines[f"{name}: {value}" if name else value] = None
        raw.FPDFPage_CloseAnnot(field)
    return list(lines)


def _value(raw: Any, form: Any, field: Any) -> str:  # noqa: ANN401 - pdfium has no types
    """Return what a field holds: text, what is chosen, or what it stands for to be ticked."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, field)
    if kind in {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}:
        if not raw.FPDFAnnot_IsChecked(form, field):
            return ""
        return _told(raw, raw.FPDFAnnot_GetFormFieldExportValue, form, field)
    if kind in {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}:
        chosen = ", ".join(_chosen(raw, form, field))
        return chosen or _told(raw, raw.FPDFAnnot_GetFormFieldValue, form, field)
    if kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        return _told(raw, raw.FPDFAnnot_GetFormFieldValue, form, field)
    return ""


def _chosen(raw: Any, form: Any, field: Any) -> Iterator[str]:  # noqa: ANN401 - pdfium has no types
    for option in range(raw.FPDFAnnot_GetOptionCount(form, field)):
        if raw.FPDFAnnot_IsOptionSelected(form, field, option):
            yield _told(raw, raw.FPDFAnnot_GetOptionLabel, form, field, option)


def _told(raw: Any, ask: Callable[..., int], *of: Any) -> str:  # noqa: ANN401 - pdfium has no types
    """Return the text that a function of pdfium puts into a buffer, whose length it tells first."""
    size = ask(*of, None, 0)
    buffer = (raw.FPDF_WCHAR * (size // 2 + 1))()
    ask(*of, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").partition(TERMINATOR)[0]
