"""Charts: what they draw, that it is sound XML without scripts, and that the same figures give the same bytes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tasks.operations.charts import STYLE, Bar, Part, bars, duration, in_words, strip, timeline

NOUN = ("delivery", "deliveries")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def texts(chart: str) -> list[str]:
    return [text.text or "" for text in drawn(chart).iter(f"{SVG}text")]


def titles(chart: str) -> list[str]:
    return [title.text or "" for box in drawn(chart).iter(f"{SVG}rect") for title in box.iter(f"{SVG}title")]


def line(*seconds: float) -> str:
    return timeline(seconds, name="t", title="Deliveries over time", noun=NOUN, zero="2027-01-15T08:00:00Z")


def parts(delivered: int, failed: int) -> tuple[Part, ...]:
    return Part(delivered, "good", "delivered"), Part(failed, "bad", "failed")


def test_a_time_line_counts_each_moment_once() -> None:
    chart = line(*(number / 10 for number in range(300)), 30.0)
    counted = [int(title.rpartition(": ")[2].split()[0].replace(",", "")) for title in titles(chart)]
    assert sum(counted) == 301
    assert "0 s to 0.5 s: 5 deliveries" in titles(chart)
    assert texts(chart)[0] == "deliveries in each 0.5 s; 301 deliveries in all"
    labels = [text for text in texts(chart) if re.fullmatch(r"0|\d+ s", text)]
    assert labels == ["0", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]


@pytest.mark.parametrize(
    ("last", "labels"),
    [
        (0.4, ["0", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]),
        (250, ["0", "1 min", "2 min", "3 min", "4 min"]),
        (90_000, ["0", "6 h", "12 h", "18 h", "24 h"]),
        (500_000, ["0", "1 d", "2 d", "3 d", "4 d", "5 d"]),
        (9e9, ["0"]),
    ],
)
def test_its_axis_has_few_round_labels_of_one_unit(last: float, labels: list[str]) -> None:
    shown = texts(line(0.0, last))
    assert [label for label in shown if label in labels] == labels
    assert len(shown) < 20


def test_a_few_that_came_far_later_are_one_column() -> None:
    chart = line(*(number / 10 for number in range(300)), 40_000.0, 50_000.0)
    assert titles(chart)[-1] == "later than 43 s, the last after 13 h 53 min: 2 deliveries"
    assert "later" in texts(chart)
    assert "10 s" in texts(chart)


def test_it_says_in_words_what_it_shows() -> None:
    root = drawn(line(1.0, 2.0, 3.0))
    assert root.get("role") == "img"
    named = {child.get("id"): child.text for child in root}
    assert [named[id] for id in (root.get("aria-labelledby") or "").split()] == [
        "Deliveries over time",
        "3 deliveries: half of them within 2 s, 95 % within 3 s, the last after 3 s; 0 is 2027-01-15T08:00:00Z",
    ]
    assert {"half · 2 s", "95 % · 3 s", "0 is 2027-01-15T08:00:00Z"} <= set(texts(line(1.0, 2.0, 3.0)))


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    assert texts(line()) == ["no deliveries"]
    assert drawn(bars([], name="b", title="By country")).get("role") == "img"


@pytest.mark.parametrize("seconds", [(0.0,), (0.0, 0.0), (-5.0, 1e-9), (1e12,)])
def test_odd_moments_are_drawn_within_the_chart(seconds: tuple[float, ...]) -> None:
    for box in drawn(line(*seconds)).iter(f"{SVG}rect"):
        left, width = (float((box.get(name) or "").rstrip("%")) for name in ("x", "width"))
        assert 0 <= left < left + width <= 100


def test_bars_stand_in_order_with_names_numbers_and_parts() -> None:
    chart = bars([Bar("Portugal", parts(30, 10)), Bar("<b>", parts(1, 0))], name="b", title="By country")
    assert texts(chart) == ["Portugal", "40", "<b>", "1"]
    widths = [float((box.get("width") or "").rstrip("%")) for box in drawn(chart).iter(f"{SVG}rect")]
    assert widths == [37.5, 12.5, 1.25]
    assert titles(chart) == ["Portugal: 30 delivered", "Portugal: 10 failed", "<b>: 1 delivered"]
    assert "Portugal: 30 delivered, 10 failed; &lt;b&gt;: 1 delivered" in chart


def test_a_long_name_is_cut_and_shown_whole_to_who_points_at_it() -> None:
    chart = bars([Bar("Saint Vincent & the Grenadines", parts(1, 0))], name="b", title="By country")
    assert "Saint Vincent & the G…" in texts(chart)
    assert "Saint Vincent & the Grenadines: 1 delivered" in titles(chart)


def test_a_strip_is_for_a_cell_whose_row_says_the_figures() -> None:
    chart = strip(Bar("Portugal", parts(1, 1)), most=4)
    assert 'aria-hidden="true"' in chart
    assert [box.get("width") for box in drawn(chart).iter(f"{SVG}rect")] == ["100%", "25%", "25%"]
    assert in_words(parts(0, 0)) == "none"


def test_the_same_figures_give_the_same_bytes_and_nothing_is_loaded_or_run() -> None:
    charts = [line(1.0, 2.5), bars([Bar("a", parts(1, 2))], name="b", title="t"), strip(Bar("a", parts(1, 2)), 3)]
    assert charts[0] == line(2.5, 1.0)
    for chart in charts:
        assert not re.search(r"<script|\bstyle=|\son\w+=|href|url\(", chart)
        for kind in re.findall(r'class="(\w+)"', chart):
            assert f".{kind} " in STYLE


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 s"), (0.000142, "0 s"), (0.049, "0.049 s"), (0.9996, "1 s"), (9.96, "10 s"), (59.7, "1 min"),
     (90.0, "1 min 30 s"), (7200.0, "2 h"), (183_600.0, "2 d 3 h")],
)  # fmt: skip
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words
