"""Names are found by what introduces them and by their capitals; offices, institutions and places go to engines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tasks.model.release import Release
from tasks.translation.protection.proper_names import names_in

TEXT = """\
Globex Energy Wins European Prize for Its Plan
Acme Robotics and Globex Energy said on Monday that Jane Doe, its chief scientist, will lead the European Commission \
panel in New York with Chancellor Olaf Scholz and Maria González de la Vega.
Yesterday Initech Labs joined the United Nations program in the United Arab Emirates. Peter Müller told reporters that \
Globex is fine, and YouTube and the RoboLift 3 sell well in South Korea. “We like it,” Wei Zhang said. German \
Chancellor Friedrich Merz agreed in March. Shares of Doe rose by 3 percent.
About Acme Robotics"""


def test_people_companies_and_products(make_release: Callable[..., Release]) -> None:
    names = set(names_in(make_release(), TEXT, "en"))
    assert {
        "Acme Robotics", "Globex Energy", "Globex", "Initech Labs", "YouTube", "RoboLift 3",
        "Jane Doe", "Doe", "Olaf Scholz", "Maria González de la Vega", "Peter Müller", "Wei Zhang", "Friedrich Merz",
    } <= names  # fmt: skip


def test_what_has_a_translation_is_no_name(make_release: Callable[..., Release]) -> None:
    names = names_in(make_release(), TEXT, "en")
    for word in ("European", "Commission", "New York", "Chancellor", "United", "Nations", "Emirates", "South Korea",
                 "Monday", "March", "German", "Yesterday", "Shares", "Prize", "About", "Wins"):  # fmt: skip
        assert not any(re.search(rf"\b{word}\b", name) for name in names), word


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("La empresa Acme Robotics dijo el lunes que la dirige.", "es", {"Acme Robotics"}),
        ("Die Firma sagte am Montag, dass Neue Werke in Großer Stadt entstehen.", "de", set()),
        ("Big News From Our Team This Week", "en", set()),
        ("Flight LH 454 is late. Section GH rules on the land, and Hall XY is open.", "en", set()),
        ("Shares of UBS Group rose when it bought a part in the north.", "en", {"UBS Group", "UBS"}),
        ("Harga saham naik menjadi Rp3,2 miliar.", "id", set()),
    ],
)  # fmt: skip
def test_in_other_languages(make_release: Callable[..., Release], text: str, language: str, expected: Any) -> None:
    own = {"Norvik Tidal ASA", "Norvik Tidal", "Ingrid Solheim", "Solheim"}
    assert set(names_in(make_release(), text, language)) - own == expected
