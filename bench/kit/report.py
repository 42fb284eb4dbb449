"""Tables and files of what was measured."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from folkmoot.kit import clock
from kit.bars import BARS
from kit.load import Outcome

COLUMNS: Final = (
    "",
    "ok",
    "tokens/s",
    "turns/s",
    "CPU ms / 1,000 tokens (database)",
    "CPU ms / turn",
    "first token + p50 / p99 ms",
    "token lag p50 / p99 ms",
    "bytes / token",
    "memory idle / peak MB",
)
COMPARED: Final = ("tokens_per_s", "cpu_ms_per_1000_tokens", "cpu_ms_per_turn", "turn_p50")


def machine() -> dict[str, object]:
    """Say where and when this was measured, and how busy the machine was."""
    return {
        "date": clock.now().date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average": round(os.getloadavg()[0], 1),
    }


def save(path: Path, **parts: object) -> None:
    """Write what was measured as JSON."""
    path.write_bytes(orjson.dumps({"machine": machine(), **parts}, option=orjson.OPT_INDENT_2))


def medians(samples: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of every measure."""
    return {name: median(each[name] for each in samples) for name in samples[0]}


def streaming(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield a table: medians by scenario and server, ratios to the first server, bars."""
    yield row(COLUMNS)
    yield row(["---"] * len(COLUMNS))
    remarks: list[str] = []
    for scenario in dict.fromkeys(each.scenario for each in outcomes):
        here = [each for each in outcomes if each.scenario == scenario]
        servers = list(dict.fromkeys(each.target for each in here))
        typical = {
            server: medians([each.measures for each in here if each.target == server])
            for server in servers
        }
        for server, measures in typical.items():
            yield row([f"{scenario} {server}", _whole(here, server), *_cells(measures)])
        remarks += [_ratios(scenario, servers[0], server, typical) for server in servers[1:]]
        remarks += verdicts(scenario, typical.get("folkmoot", {}))
    yield ""
    yield from remarks
    yield from dict.fromkeys(
        f"{each.scenario} {each.target}: {count} x {error}"
        for each in outcomes
        for error, count in each.errors.items()
    )


def status(scenario: str, measures: Mapping[str, float], within: float | None) -> int:
    """Return the exit code: 1 if a bar is missed by more than a factor that was asked for."""
    if within is None:
        return 0
    bars = BARS[scenario]
    return int(not all(bar.eased(within).reached(measures[name]) for name, bar in bars.items()))


def verdicts(scenario: str, measures: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for every bar of a scenario."""
    for name, bar in BARS.get(scenario, {}).items():
        if name in measures:
            word = "reached" if bar.reached(measures[name]) else "MISSED "
            yield f"{scenario} {word} {name} {measures[name]:.4g} (bar {bar})"


def row(cells: Sequence[object]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def _cells(measures: Mapping[str, float]) -> Iterator[str]:
    yield f"{measures['tokens_per_s']:,.0f}"
    yield f"{measures['turns_per_s']:,.1f}"
    cpu, database = (measures[f"cpu_ms_per_1000_tokens{part}"] for part in ("", "_database"))
    yield f"{cpu:.0f} ({database:.0f})"
    yield f"{measures['cpu_ms_per_turn']:.2f}"
    for name in ("first_token", "token_lag"):
        yield f"{measures[f'{name}_p50']:.1f} / {measures[f'{name}_p99']:.1f}"
    yield f"{measures['bytes_per_token']:.0f}"
    yield f"{measures['memory_idle_mb']:.0f} / {measures['memory_peak_mb']:.0f}"


def _whole(outcomes: Sequence[Outcome], server: str) -> str:
    ours = [each for each in outcomes if each.target == server]
    return f"{sum(each.ok for each in ours)}/{sum(each.total for each in ours)}"


def _ratios(
    scenario: str, base: str, server: str, typical: Mapping[str, Mapping[str, float]]
) -> str:
    ratios = (
        f"{name} {typical[server][name] / typical[base][name]:.2f}x"
        for name in COMPARED
        if typical[base][name]
    )
    growth = (
        f"{name} {value:.2f}x"
        for name, value in typical[server].items()
        if name.startswith("growth")
    )
    return f"{scenario} {server} to {base}: {', '.join([*ratios, *growth])}"
