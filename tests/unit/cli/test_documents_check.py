"""What `folkmoot doctor` says of another parser of PDFs, and the start without it."""

from pathlib import Path

import pytest

from folkmoot import options
from folkmoot.cli.checks import documents
from folkmoot.cli.checks.finding import Status
from folkmoot.knowledge.parsing import other_parsers
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid


def test_our_own_parser_is_not_worth_a_word() -> None:
    assert [*documents.pdf_parser(Deployment())] == []


def test_docling_without_its_models_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_parsers, "find_spec", {"docling": "found"}.get)
    deployment = Deployment(pdf_parser="docling")
    (finding,) = documents.pdf_parser(deployment)
    assert (finding.status, "docling-tools" in finding.detail) == (Status.FAILED, True)
    with pytest.raises(ConfigurationInvalid, match="pdf_models"):
        options.documents(deployment)


def test_what_is_there_is_named(tmp_path: Path) -> None:
    deployment = Deployment(pdf_parser="folkmoot.testing.pdf_parser:load", pdf_models=tmp_path)
    (finding,) = documents.pdf_parser(deployment)
    assert (finding.status, finding.detail) == (
        Status.OK,
        f"folkmoot.testing.pdf_parser:load, with the models in {tmp_path}",
    )
