"""Numbers of spreadsheets as a person reads them: dates as dates, shares as percentages.

Source: ECMA-376, part 1, section 18.8.30 (number formats). Thousands are not grouped: a number is
searched for by its digits.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple

BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 27: "yyyy-mm-dd", 30: "yyyy-mm-dd",
    36: "yyyy-mm-dd", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss", 48: "0.0E+0", 50: "yyyy-mm-dd", 57: "yyyy-mm-dd",
}  # fmt: skip
LITERAL: Final = re.compile(r'"([^"]*)"|\\(.)|_.|\*.')
CURRENCY: Final = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
BRACKETS: Final = re.compile(r"\[[^\]]*\]")
SIGNS: Final = "$€£¥₹"
FRACTION: Final = re.compile(r"[?#0]\s*/\s*[?#0-9]")
SCIENTIFIC: Final = re.compile(r"E[+-]0", re.IGNORECASE)
LONGEST_FORMAT: Final = 255
BEGIN: Final = datetime(1899, 12, 30, tzinfo=UTC)
BEGIN_1904: Final = datetime(1904, 1, 1, tzinfo=UTC)
LEAP_BUG: Final = 60
"""Excel counts a 29 February 1900: serial numbers before it are a day less."""
LAST_DAY: Final = 2_958_466
LARGEST: Final = 1e15
"""Beyond it, digits would be made up."""
SECONDS: Final = 86_400


class Format(NamedTuple):
    """How a number is shown; `decimals` is None if it has as many as it needs."""

    date: bool = False
    time: bool = False
    elapsed: bool = False
    decimals: int | None = None
    digits: int = 0
    percent: bool = False
    scientific: bool = False
    sign: str = ""


GENERAL: Final = Format()


@lru_cache(maxsize=1_000)
def understood(code: str) -> Format:
    """Return what a format's code says."""
    code = code[:LONGEST_FORMAT].partition(";")[0]
    if code.strip().lower() in {"general", "", "@"}:
        return GENERAL
    sign = "".join(CURRENCY.findall(code)) or next((each for each in SIGNS if each in code), "")
    elapsed = ELAPSED.search(code) is not None
    bare = BRACKETS.sub("", LITERAL.sub("", code)).lower()
    if elapsed or re.search("[ymdhs]", bare):
        date = re.search("[yd]", bare) is not None or not re.search("[hs:]", bare)
        return Format(date=date, time=re.search("[hs]", bare) is not None, elapsed=elapsed)
    if FRACTION.search(bare):
        return Format(sign=sign)
    return _number_format(bare, sign)


def _number_format(bare: str, sign: str) -> Format:
    whole, _, rest = bare.replace(",", "").partition(".")
    return Format(
        decimals=len(rest) - len(rest.lstrip("0#?")),
        digits=whole.count("0"),
        percent="%" in bare,
        scientific=SCIENTIFIC.search(bare) is not None,
        sign=sign,
    )


def shown(text: str, form: Format, *, since_1904: bool = False) -> str:
    """Return a stored number as a cell of this format shows it."""
    number = _finite(text)
    if number is None:
        return text
    if form.elapsed:
        return _elapsed(number)
    if form.date or form.time:
        return _moment(number, form, since_1904=since_1904) or _plain(number)
    if form.scientific or form.decimals is None or abs(number) >= LARGEST:
        return _signed(_plain(number), form.sign)
    number, mark = (number * 100, " %") if form.percent else (number, "")
    written = f"{abs(number):.{form.decimals}f}"
    width = form.digits + (form.decimals + 1 if form.decimals else 0)
    minus = "-" if number < 0 and written.strip("0.") else ""
    return _signed(f"{minus}{written.zfill(width)}{mark}", form.sign)


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _signed(written: str, sign: str) -> str:
    return f"{written} {sign}" if sign else written


def _plain(number: float) -> str:
    """Write a number without the noise of its last binary digits."""
    return f"{number:.15g}" if number != int(number) or abs(number) >= LARGEST else str(int(number))


def _moment(number: float, form: Format, *, since_1904: bool) -> str | None:
    if not 0 <= number < LAST_DAY:
        return None
    begin = BEGIN_1904 if since_1904 else BEGIN
    if not since_1904 and number < LEAP_BUG and form.date:
        number += 1
    moment = begin + timedelta(seconds=round(number * SECONDS))
    clock = "%H:%M:%S" if moment.second else "%H:%M"
    if not form.date:
        return moment.strftime(clock)
    day = moment.date().isoformat()
    return f"{day} {moment.strftime(clock)}" if form.time and number % 1 else day


def _elapsed(number: float) -> str:
    minutes, seconds = divmod(round(abs(number) * SECONDS), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if number < 0 else ""
    return f"{sign}{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
