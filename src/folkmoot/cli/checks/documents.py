"""Checks of what reads documents."""

from collections.abc import Iterator
from typing import Final

from folkmoot import options
from folkmoot.cli.checks.finding import Finding, failed, good
from folkmoot.knowledge.parsing import other_parsers
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid

REMEDY: Final = "Install what is missing, or set pdf_parser to `own`."


def pdf_parser(deployment: Deployment) -> Iterator[Finding]:
    """Check that another parser of PDFs than our own is there, if one is wanted."""
    if deployment.pdf_parser == other_parsers.OWN:
        return
    try:
        options.pdf_parser(deployment)
    except ConfigurationInvalid as error:
        yield failed("PDF parser", error.detail, REMEDY)
    else:
        models = f", with the models in {deployment.pdf_models}" if deployment.pdf_models else ""
        yield good("PDF parser", f"{deployment.pdf_parser}{models}")
