"""The page about the configuration says what can be configured, and its example can be used."""

import re
from pathlib import Path

import configuration_reference
from folkmoot.settings.deployment import Mode
from folkmoot.settings.loading import known, load


def test_the_page_is_current() -> None:
    found = configuration_reference.PAGE.read_text(encoding="utf-8")
    assert found == configuration_reference.page(), "run `python tools/configuration_reference.py`"


def test_every_setting_is_explained() -> None:
    rows = [line.split(" | ") for line in configuration_reference.page().splitlines()]
    explained = {row[0].strip("| `"): row[-1].strip(" |") for row in rows if len(row) == 5}
    for key in known():
        assert explained[key.replace("*", "NAME")]


def test_the_example_of_the_page_can_be_used(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", configuration_reference.BEGINNING, re.DOTALL)
    assert found is not None
    (tmp_path / "folkmoot.yaml").write_text(found[1])
    loaded = load({}, file=tmp_path / "folkmoot.yaml")
    assert loaded.deployment.mode is Mode.PRODUCTION
    assert loaded.deployment.providers.langchain == {"mistral": "my_models:chat"}
