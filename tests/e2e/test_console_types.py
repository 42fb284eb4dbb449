"""The console's types are the API's own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from folkmoot.cli.openapi import description

CONSOLE: Final = Path(__file__).parents[2] / "console"
PROGRAMS: Final = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def test_the_types_of_the_console_are_those_that_the_api_describes() -> None:
    node = shutil.which("node", path=PROGRAMS)
    if node is None or not (CONSOLE / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("the console's packages are not installed: run `npm ci` in console/")
    written = subprocess.run(
        [node, "schema.mjs"],
        cwd=CONSOLE,
        input=json.dumps(description()),
        capture_output=True,
        text=True,
        check=True,
    )
    kept = (CONSOLE / "src" / "lib" / "api" / "schema.ts").read_text(encoding="utf-8")
    assert written.stdout == kept, "run `npm run types` in console/"
