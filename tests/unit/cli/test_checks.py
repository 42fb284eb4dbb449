"""What the doctor finds on this machine."""

import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from folkmoot.cli import local
from folkmoot.cli.checks import machine
from folkmoot.cli.checks.finding import Finding, Status
from folkmoot.cli.doctor import examine
from folkmoot.settings.deployment import Deployment


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ((3, 10), Status.FAILED),
        ((3, 11), Status.OK),
        ((3, 14), Status.OK),
        ((3, 15), Status.FAILED),
    ],
)
def test_a_python_that_is_too_old_or_too_new_is_named(
    version: tuple[int, int], status: Status
) -> None:
    assert machine.python(version).status is status


def test_a_directory_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    finding = machine.data_directory(tmp_path / "a" / "b")
    assert finding.status is Status.OK
    assert "made at the first start" in finding.detail
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_directory_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert machine.data_directory(tmp_path / "data").status is Status.FAILED


def test_a_directory_that_cannot_be_written_is_a_fault() -> None:
    finding = machine.data_directory(Path("/proc/self"))
    assert finding.status is Status.FAILED
    assert finding.remedy is not None


@pytest.mark.parametrize(
    ("free", "status"), [(0.1, Status.FAILED), (1.0, Status.WARNING), (100.0, Status.OK)]
)
def test_little_room_is_told_in_time(
    free: float, status: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(_path: Path) -> Usage:
        return Usage(0, 0, int(free * machine.GIGABYTE))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert machine.disk_space(tmp_path / "missing").status is status


def test_a_port_that_somebody_has_is_a_fault_unless_it_is_folkmoot(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        deployment = Deployment(port=port)
        assert machine.port(deployment, tmp_path).status is Status.FAILED
        with local.announced(tmp_path, f"http://127.0.0.1:{port}"):
            assert machine.port(deployment, tmp_path).status is Status.OK
    assert machine.port(deployment, tmp_path).status is Status.OK


def test_a_console_that_was_not_built_is_a_warning(tmp_path: Path) -> None:
    assert machine.console(tmp_path).status is Status.WARNING
    (tmp_path / "index.html").touch()
    assert machine.console(tmp_path).status is Status.OK


def test_a_configuration_that_cannot_be_used_ends_the_examination(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOLKMOOT_PORT", "eighty")
    findings = list(examine({}, None))
    assert [finding.check for finding in findings] == ["python", "configuration"]
    assert "FOLKMOOT_PORT" in findings[-1].detail


def test_production_without_a_key_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOLKMOOT_SECRET_KEY", raising=False)
    monkeypatch.setenv("FOLKMOOT_MODE", "production")
    findings: list[Finding] = []
    for finding in examine({"data_dir": tmp_path}, None):
        findings.append(finding)
        if finding.check == "configuration":
            break
    assert findings[-1].status is Status.FAILED
    assert "FOLKMOOT_SECRET_KEY" in str(findings[-1].remedy)
