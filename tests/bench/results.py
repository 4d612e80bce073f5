"""What `run.py --results` keeps: the figures of a run with date, commit and machine in RESULTS.md, and their plot."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from markupsafe import Markup

from tasks.operations.charts import ROW_HEIGHT, STYLE, Bar, Part, bars

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("RESULTS.md")
PLOT = Path(__file__).with_name("growth.svg")
POINTS = Path(__file__).with_name("growth.json")
"""What the plot shows: the last figures of each size, so that a run may measure only some of them."""
WIDTH = 640


@dataclass(frozen=True)
class Point:
    """What a wire with so many outlets costs."""

    outlets: int
    first_delivery: float
    """Seconds from submit to the first delivery on an idle stack, median."""
    planning: float
    """Seconds of CPU to plan a release for all of them."""


class _Both(io.TextIOBase):
    """Writes to the console, and keeps what it writes."""

    def __init__(self, console: TextIO) -> None:
        self._console, self.kept = console, io.StringIO()

    def write(self, text: str) -> int:
        self._console.write(text)
        return self.kept.write(text)

    def flush(self) -> None:
        self._console.flush()


@contextlib.contextmanager
def appended(parts: Sequence[str]) -> Iterator[None]:
    """Append what is printed inside to RESULTS.md, if nothing breaks."""
    began, both = datetime.now(UTC), _Both(sys.stdout)
    with contextlib.redirect_stdout(both):
        yield
    heading = f"## {began:%Y-%m-%d %H:%M} UTC, commit {_commit()}: {', '.join(parts)}"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}; load at the end {load}"
    with RESULTS.open("a") as file:
        file.write(f"\n{heading}\n\n{machine}\n\n```\n{both.kept.getvalue().strip()}\n```\n")


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (" and changes" if git("status", "--porcelain", "-uno") else "")


def plot_with(points: Sequence[Point]) -> None:
    """Draw the plot anew: these points, and of other sizes the last ones."""
    kept = {row[0]: Point(*row) for row in json.loads(POINTS.read_text())} if POINTS.exists() else {}
    kept |= {point.outlets: point for point in points}
    found = [kept[outlets] for outlets in sorted(kept)]
    POINTS.write_text(json.dumps([astuple(point) for point in found]) + "\n")
    PLOT.write_text(plot(found))


def plot(points: Sequence[Point]) -> str:
    """First delivery and cost against outlets, as one SVG file."""
    charts = [
        ("Submit to first delivery, milliseconds", "first", [(p.outlets, p.first_delivery * 1000) for p in points]),
        ("CPU to plan a release for all, milliseconds", "plan", [(p.outlets, p.planning * 1000) for p in points]),
    ]
    drawn, top = Markup(), 0
    for title, name, rows in charts:
        found = [Bar(f"{n:,} outlets", (Part(round(value), "plain", "ms"),)) for n, value in rows]
        chart = bars(found, name=name, title=title)
        drawn += Markup('<text y="{}" font-size="14" fill="#4c5866">{}</text><svg y="{}" width="{}">{}</svg>').format(
            top + 16, title, top + 24, WIDTH, chart
        )
        top += 24 + (len(rows) + 1) * ROW_HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" font-family="sans-serif">'
        f"<style>{STYLE}</style>{drawn}</svg>\n"
    )
