"""Charts as SVG for HTML pages: bars, and a time line. No scripts, no styles of their own, nothing loaded.

Each part has the colour that it has on paper, and a class by which `STYLE`, in the style sheet of a page, gives it
another one in the dark. Charts are as wide as the page lets them be, and their texts stay as large as they are. The
same figures give the same bytes. Every chart has a title and a description for those who cannot see it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from markupsafe import Markup

Kind = Literal["plain", "good", "bad", "held", "open"]
"""What a part of a bar stands for, and so its colour."""

_PAPER: Final = {
    "plain": "#2f6fb3",
    "good": "#1f7a4d",
    "bad": "#b3372f",
    "held": "#b98a1d",
    "open": "#7a8797",
    "rest": "#e3e8ee",
    "line": "#c9d1da",
    "text": "#4c5866",
}
STYLE: Final = (
    f"""\
:root {{ {" ".join(f"--chart-{kind}: {colour};" for kind, colour in _PAPER.items())} }}
"""
    + """\
@media screen and (prefers-color-scheme: dark) { :root {
  --chart-plain: #6aa5e0; --chart-good: #4cb581; --chart-bad: #e5776f; --chart-held: #d9b04c; --chart-open: #8f9bab;
  --chart-rest: #2b333d; --chart-line: #3a444f; --chart-text: #a9b4c1; } }
.chart { display: block; width: 100%; overflow: visible; print-color-adjust: exact; }
.chart text { fill: var(--chart-text); font-variant-numeric: tabular-nums; }
.chart .line { stroke: var(--chart-line); }
.chart .mark { stroke: var(--chart-text); stroke-dasharray: 2 3; }
.chart .rest { fill: var(--chart-rest); }
.chart .plain { fill: var(--chart-plain); }
.chart .good { fill: var(--chart-good); }
.chart .bad { fill: var(--chart-bad); }
.chart .held { fill: var(--chart-held); }
.chart .open { fill: var(--chart-open); }
"""
)
"""The style of all charts; a page may set the properties to colours of its own."""

BAR_HEIGHT: Final = 10
STRIP_HEIGHT: Final = 6
ROW_HEIGHT: Final = 22
NAME_WIDTH: Final = 38
"""Per cent of a chart's width for the names of its bars."""
NUMBER_WIDTH: Final = 12
"""Per cent of a chart's width for the numbers behind its bars."""
LONGEST_NAME: Final = 22
"""Characters of a name that a phone has room for; the whole name shows when somebody points at it."""
PLOT_HEIGHT: Final = 180
_BOTTOM: Final = PLOT_HEIGHT + 52
"""Where a plot ends; above it are three lines of text."""
GUTTER: Final = 8
"""Per cent of a time line's width for the numbers of its lines."""
COLUMNS: Final = 60
"""Columns that a time line has about."""
FAR: Final = 4.0
"""What comes later than so many times the moment of 95 % is drawn as one column at the end."""
_LATER: Final = 84
"""Per cent of the width from which on the axis has the word "later" and nothing else, if any came so."""
_STEPS: Final = (
    *(unit * 10.0**power for power in (-3, -2, -1) for unit in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3600 * hours for hours in (1, 2, 3, 6, 12)),
    *(86400 * days for days in (1, 2, 7, 14, 30, 90, 360)),
)  # fmt: skip
"""Seconds between two lines of a time axis that people find easy to read."""
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Part:
    """A part of a bar: how many, of which kind, and the word for them."""

    number: int
    kind: Kind
    word: str


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: its name and its parts, from left to right."""

    name: str
    parts: tuple[Part, ...]

    @property
    def number(self) -> int:
        """All parts together."""
        return sum(part.number for part in self.parts)


def in_words(parts: Iterable[Part]) -> str:
    """The parts of a bar that there are, in words: `12 delivered, 1 failed`."""
    return ", ".join(f"{part.number:,} {part.word}" for part in parts if part.number) or "none"


def strip(bar: Bar, most: int) -> Markup:
    """One bar without texts, for a cell of a table whose other cells say the figures. `most`: what fills the cell."""
    whole = Markup('<rect {} width="100%" height="{}" rx="2"/>').format(_fill("rest"), STRIP_HEIGHT)
    drawn = whole + _parts(bar, 0.0, 100.0, 0, most, STRIP_HEIGHT)
    return Markup('<svg class="chart" width="100%" height="{}" aria-hidden="true">{}</svg>').format(STRIP_HEIGHT, drawn)


def bars(rows: Sequence[Bar], *, name: str, title: str) -> Markup:
    """Horizontal bars with their names and numbers, in the order of `rows`. `name`: an id that nothing else has on the
    page."""
    most = max((row.number for row in rows), default=0)
    description = "; ".join(f"{row.name}: {in_words(row.parts)}" for row in rows)
    drawn = Markup().join(_row(row, number * ROW_HEIGHT, most) for number, row in enumerate(rows))
    return _chart(name, title, description, max(1, len(rows)) * ROW_HEIGHT, drawn)


def _row(row: Bar, top: int, most: int) -> Markup:
    short = row.name if len(row.name) <= LONGEST_NAME else row.name[: LONGEST_NAME - 1] + "…"
    middle = top + ROW_HEIGHT / 2
    return Markup("<g><title>{}: {}</title>{}{}{}</g>").format(
        row.name,
        in_words(row.parts),
        _text(0, middle + 4, short),
        _parts(row, NAME_WIDTH, 100 - NUMBER_WIDTH, middle - BAR_HEIGHT / 2, most),
        _text(100, middle + 4, f"{row.number:,}", "end"),
    )


def _parts(row: Bar, left: float, right: float, top: float, most: int, height: int = BAR_HEIGHT) -> Markup:
    """The parts of a bar between two percentages of the width."""
    drawn, at = [], left
    for part in row.parts:
        width = part.number / most * (right - left) if most else 0.0
        if width:
            drawn.append(_box(part.kind, at, top, width, height, f"{row.name}: {part.number:,} {part.word}"))
        at += width
    return Markup().join(drawn)


def timeline(seconds: Iterable[float], *, name: str, title: str, noun: tuple[str, str], zero: str) -> Markup:
    """How many came when: a column for each stretch of time, on an axis of seconds, minutes, hours or days.

    `seconds`: of each, after `zero`, which is said below the axis; so no label depends on a time zone. `noun`: the word
    for one and for many. A few that came very late are one column at the end, so that the others can be told apart.
    `name`: an id that nothing else has on the page.
    """
    moments = sorted(max(0.0, moment) for moment in seconds)
    if not moments:
        return _chart(name, title, f"no {noun[1]}", 20, _text(0, 14, f"no {noun[1]}"))
    end = _end(moments)
    width = _step(end / COLUMNS)
    columns = max(1, -int(-end // width) if end else 1)
    inside = bisect_left(moments, columns * width) if end < moments[-1] else len(moments)
    counted = [0] * columns
    for moment in moments[:inside]:
        counted[min(columns - 1, int(moment / width))] += 1
    plot = _Plot(counted, width, len(moments) - inside, moments[-1], noun)
    half, most = moments[(len(moments) - 1) // 2], moments[max(0, round(0.95 * len(moments)) - 1)]
    description = (
        f"{_many(len(moments), noun)}: half of them within {duration(half)}, 95 % within {duration(most)}, the last "
        f"after {duration(moments[-1])}; 0 is {zero}"
    )
    caption = _text(0, _BOTTOM + 34, f"0 is {zero}")
    drawn = plot.grid() + plot.columns() + plot.axis() + plot.marks([(most, "95 %"), (half, "half")]) + caption
    return _chart(name, title, description, _BOTTOM + 40, drawn)


def _end(moments: list[float]) -> float:
    """Up to which moment columns are drawn: the last one, unless a few came far later than all others."""
    most = moments[max(0, round(0.95 * len(moments)) - 1)]
    return moments[-1] if moments[-1] <= FAR * most or len(moments) < COLUMNS else 1.5 * most


@dataclass(frozen=True)
class _Plot:
    """The columns of a time line, and where they are drawn."""

    counted: list[int]
    width: float
    """Seconds of a column."""
    late: int
    """How many came after the last column."""
    last: float
    noun: tuple[str, str]

    @property
    def _share(self) -> float:
        """Per cent of the chart's width for a column; those that came late have three more and a gap before them."""
        return (100 - GUTTER) / (len(self.counted) + (4 if self.late else 0))

    @property
    def _line(self) -> int:
        """The number between two lines of the plot: 1, 2 or 5 with zeros, for three or four lines at most."""
        most = max(*self.counted, self.late, 1)
        lines = (unit * 10**power for power in range(12) for unit in (1, 2, 5))
        return next(int(line) for line in lines if line * 4 >= most)

    @property
    def _highest(self) -> int:
        """The number at the top of the plot."""
        return -(-max(*self.counted, self.late, 1) // self._line) * self._line

    def _x(self, columns: float) -> float:
        return GUTTER + columns * self._share

    def _y(self, number: int) -> float:
        return _BOTTOM - PLOT_HEIGHT * number / self._highest

    def grid(self) -> Markup:
        """Lines across, each with its number, and above them what is counted."""
        all_words = f"{_many(sum(self.counted) + self.late, self.noun)} in all"
        drawn = [_text(0, 12, f"{self.noun[1]} in each {duration(self.width)}; {all_words}")]
        for number in range(self._line, self._highest + 1, self._line):
            y = self._y(number)
            drawn += [_across(y), _text(GUTTER - 1, y + 4, _short(number), "end")]
        return Markup().join(drawn)

    def columns(self) -> Markup:
        """A column for each stretch of time in which any came."""
        drawn = [
            self._column(number, 1, n, f"{duration(number * self.width)} to {duration((number + 1) * self.width)}")
            for number, n in enumerate(self.counted)
            if n
        ]
        if self.late:
            words = f"later than {duration(len(self.counted) * self.width)}, the last after {duration(self.last)}"
            drawn.append(self._column(len(self.counted) + 1, 3, self.late, words))
        return Markup().join(drawn)

    def _column(self, number: int, wide: int, n: int, words: str) -> Markup:
        x, y = self._x(number + 0.08), self._y(n)
        return _box("good", x, y, (wide - 0.16) * self._share, _BOTTOM - y, f"{words}: {_many(n, self.noun)}")

    def axis(self) -> Markup:
        """The line below, with a moment every few columns."""
        span = len(self.counted) * self.width
        step = _step(span / 6)
        drawn = [_across(_BOTTOM)]
        for number in range(int(span / step + 1e-9) + 1):
            x = self._x(number * step / self.width)
            if not self.late or x < _LATER:
                anchor = "end" if x > 98 else "middle"
                drawn.append(_text(x, _BOTTOM + 16, _label(number * step, step), anchor))
        if self.late:
            drawn.append(_text(100, _BOTTOM + 16, "later", "end"))
        return Markup().join(drawn)

    def marks(self, marks: Sequence[tuple[float, str]]) -> Markup:
        """Lines up from moments of note, each with its word above the plot."""
        drawn = []
        for number, (moment, word) in enumerate(marks):
            x, y = self._x(min(moment / self.width, len(self.counted))), 26 + 13 * number
            line = Markup(
                '<line class="mark" stroke="{0}" stroke-dasharray="2 3" x1="{1}%" x2="{1}%" y1="{2}" y2="{3}"/>'
            )
            drawn.append(line.format(_PAPER["text"], _number(x), y + 3, _BOTTOM))
            drawn.append(_text(x, y, f"{word} · {duration(moment)}", "start" if x < 30 else "end"))
        return Markup().join(drawn)


def duration(seconds: float) -> str:
    """A length of time for people, in two units at most: `0.4 s`, `12 s`, `1 min 30 s`, `2 d 3 h`."""
    if seconds < 10:
        return f"{round(seconds, 3):g} s" if seconds < 1 else f"{round(seconds, 1):g} s"
    whole = round(seconds)
    for (size, unit), (smaller, below) in pairwise(_UNITS):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"


def _label(seconds: float, step: float) -> str:
    """A moment of the axis, in the unit of its step."""
    size, unit = next(((size, unit) for size, unit in _UNITS if step >= size), (1, "s"))
    return f"{round(seconds / size, 3):g} {unit}" if seconds else "0"


def _step(least: float) -> float:
    """The smallest easy step that is at least so long."""
    return float(next((step for step in _STEPS if step >= least), -(-least // _STEPS[-1]) * _STEPS[-1]))


def _many(number: int, noun: tuple[str, str]) -> str:
    return f"{number:,} {noun[0] if number == 1 else noun[1]}"


def _number(value: float) -> str:
    """A coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _short(number: int) -> str:
    """A round number in few characters: 2000 as `2k`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return str(number)


def _fill(kind: str) -> Markup:
    return Markup('class="{}" fill="{}"').format(kind, _PAPER[kind])


def _text(x: float, y: float, words: str, anchor: str = "start") -> Markup:
    return Markup('<text fill="{}" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        _PAPER["text"], _number(x), _number(y), anchor, words
    )


def _across(y: float) -> Markup:
    return Markup('<line class="line" stroke="{0}" x1="{1}%" x2="100%" y1="{2}" y2="{2}"/>').format(
        _PAPER["line"], GUTTER, _number(y)
    )


def _box(kind: str, x: float, y: float, width: float, height: float, words: str) -> Markup:
    return Markup('<rect {} x="{}%" y="{}" width="{}%" height="{}"><title>{}</title></rect>').format(
        _fill(kind), _number(x), _number(y), _number(width), _number(height), words
    )


def _chart(name: str, title: str, description: str, height: int, drawn: Markup) -> Markup:
    return Markup(
        '<svg class="chart" id="{0}" width="100%" height="{1}" font-size="12" role="img" '
        'aria-labelledby="{0}-title {0}-desc">'
        '<title id="{0}-title">{2}</title><desc id="{0}-desc">{3}</desc>{4}</svg>'
    ).format(name, height, title, description, drawn)
