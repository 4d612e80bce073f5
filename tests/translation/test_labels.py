"""Times, versions, codes and paths: an engine sees none of them, and no rule of numbers touches them."""

# ruff: noqa: E501 - a table is easier to compare with a row on one line
from __future__ import annotations

import pytest

from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque
from tasks.translation.protection import masking


def masked(text: str, source: str, target: str) -> str:
    pieces = masking.mask((text,), masking.rules_for(LanguagePair.of(source, target)))
    shown = (f"{{{piece.shown}}}" if isinstance(piece, Opaque) else str(piece) for piece in pieces)
    return "".join(shown).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("source", "text", "shown"),
    [
        ("en", "from 7.0 to 7.4.2 or later", "from {7.0} to {7.4.2} or later"),
        ("en", "versions 5.1, 5.2 and 6.0.1 are", "versions {5.1}, {5.2} and {6.0.1} are"),
        ("en", "Version 2.0 has v3", "Version {2.0} has {v3}"),
        ("en", "Article 5.3, § 7.2 and section 4.1", "Article {5.3}, § {7.2} and section {4.1}"),
        ("de", "Abschnitt 5.3 der Version 7.4.2", "Abschnitt {5.3} der Version {7.4.2}"),
        ("de", "Stand 05.03.2026", "Stand 05.03.2026"),
        ("fr", "l’article 5.3", "l’article {5.3}"), ("es", "el artículo 5.3", "el artículo {5.3}"),
        ("pt", "o artigo 5.3", "o artigo {5.3}"),
        ("en", "SeaLoom 3.1 with Bluetooth 5.3 at pH 7.4", "SeaLoom {3.1} with Bluetooth {5.3} at pH 7.4"),
        ("en", "grew 3.5 to 4.2 percent", "grew 3.5 to 4.2 percent"), ("en", "paid 5.3 for 7.4", "paid 5.3 for 7.4"),
        ("en", "CVE-2026-1234 in CALM-2", "{CVE-2026-1234} in {CALM-2}"), ("en", "EC1A 2AN or 2AN", "{EC1A 2AN} or {2AN}"),
        ("en", "ISO 9001:2015, EN 50128, ISO/IEC 27001", "{ISO 9001:2015}, {EN 50128}, {ISO/IEC 27001}"),
        ("en", "call /api/v2/export or C:\\data\\x.csv", "call {/api/v2/export} or {C:\\data\\x.csv}"),
        ("en", "and/or 24/7 at 90 km/h", "and/or 24/7 at 90 km/h"),
        ("en", "#NorvikTidal #2026Goals #Énergie @acme", "{#NorvikTidal} {#2026Goals} {#Énergie} {@acme}"),
        ("en", "Q3 FY26, H1-2026, 1Q26, 5MW, 10GB, 5G", "Q3 FY26, H1-2026, 1Q26, 5MW, 10GB, 5G"),
        ("en", "device 00:1B:44:11:3A:B7 at 10:30:15", "device {00:1B:44:11:3A:B7} at 10:30:15"),
        ("en", "see doi:10.1038/s41586-020-2649-2.", "see doi:{10.1038/s41586-020-2649-2}."),
        ("en", "10.5 / 2 and 10.1000 m", "10.5 / 2 and 10.1000 m"),
        ("en", "item #3 of max_retries", "item #3 of {max_retries}"),
    ],
)  # fmt: skip
def test_what_names_and_does_not_count_stays_as_it_stands(source: str, text: str, shown: str) -> None:
    for target in ("de", "es", "fr", "pt", "ja"):
        assert target == source or masked(text, source, target) == shown


@pytest.mark.parametrize(
    ("text", "es", "fr", "de", "ja"),
    [
        ("at 9 a.m. CET on Friday", "at {9:00 CET} on Friday", "at {9 h CET} on Friday", "at {9 Uhr CET} on Friday", "at {9:00 CET} on Friday"),
        ("at 9.30 p.m. WEST", "at {21:30 WEST}", "at {21 h 30 WEST}", "at {21:30 Uhr WEST}", "at {21:30 WEST}"),
        ("10:00 a.m. (ET)", "{10:00 (ET)}", "{10 h (ET)}", "{10 Uhr (ET)}", "{10:00 (ET)}"),
        ("at 12 a.m. Friday", "at {0:00} Friday", "at {0 h} Friday", "at {0 Uhr} Friday", "at {0:00} Friday"),
        ("at 9 a.m. The doors", "at {9:00}. The doors", "at {9 h}. The doors", "at {9 Uhr}. The doors", "at {9:00}. The doors"),
        ("at 9 p.m.", "at {21:00}.", "at {21 h}.", "at {21 Uhr}.", "at {21:00}."),
        ("15.30 BST", "{15:30 BST}", "{15 h 30 BST}", "{15:30 Uhr BST}", "{15:30 BST}"),
        ("15:00 GMT+2", "{15:00 GMT+2}", "{15 h GMT+2}", "{15 Uhr GMT+2}", "{15:00 GMT+2}"),
        ("from 9 to 11 a.m. CEST", "from {9:00} to {11:00 CEST}", "from {9} to {11 h CEST}", "from {9} to {11 Uhr CEST}", "from {9:00} to {11:00 CEST}"),
        ("2–4 p.m. PT", "{14:00–16:00 PT}", "{14–16 h PT}", "{14–16 Uhr PT}", "{14:00～16:00 PT}"),
        ("between 11.30 and 1 p.m.", "between {11:30} and {13:00}.", "between {11 h 30} and {13 h}.", "between {11:30} and {13 Uhr}.", "between {11:30} and {13:00}."),
        ("9.00–10.30 CET", "{9.00–10.30 CET}", "{9.00–10.30 CET}", "{9.00–10.30 CET}", "{9.00～10.30 CET}"),
        ("rooms 3 and 9 p.m.", *["rooms 3 and 9 p.m."] * 4),
        ("10 a.m. Eastern Time (EDT)", "{10:00} Eastern Time ({EDT})", "{10 h} Eastern Time ({EDT})", "{10 Uhr} Eastern Time ({EDT})", "{10:00} Eastern Time ({EDT})"),
        ("at 9 a.m., 10:30 a.m.; noon (2 p.m.).", "at {9:00}, {10:30}; noon ({14:00}).", "at {9 h}, {10 h 30}; noon ({14 h}).", "at {9 Uhr}, {10:30 Uhr}; noon ({14 Uhr}).", "at {9:00}, {10:30}; noon ({14:00})."),
        ("9am-5pm, 9-11 a.m.", "{9:00}-{17:00}, {9:00–11:00}.", "{9 h}-{17 h}, {9–11 h}.", "{9 Uhr}-{17 Uhr}, {9–11 Uhr}.", "{9:00}-{17:00}, {9:00～11:00}."),
        ("noon PT", *["noon {PT}"] * 4), ("the WEST and 9 PT cruisers", *["the WEST and 9 PT cruisers"] * 4), ("9.30 CET", *["{9.30 CET}"] * 4),
    ],
)  # fmt: skip
def test_a_time_that_is_understood_is_written_for_the_target(text: str, es: str, fr: str, de: str, ja: str) -> None:
    assert [masked(text, "en", target) for target in ("es", "fr", "de", "ja")] == [es, fr, de, ja]


@pytest.mark.parametrize(
    ("source", "text", "shown"),
    [
        ("de", "um 9.30 Uhr, bis 17 Uhr MEZ", "um {9:30}, bis {17:00 MEZ}"), ("fr", "à 9 h 30, 24 h", "à {9:30}, 24 h"),
        ("fr", "à 9h30", "à {9:30}"), ("pt", "às 9h30 de hoje", "às {9:30} de hoje"),
        ("fr", "dure 2h30, à 2h30 de Paris, de 2h30 à 3h15", "dure 2h30, à 2h30 de Paris, de 2h30 à 3h15"),
        ("fr", "dès 14 h 30 CET", "dès {14:30 CET}"), ("pt", "bateria de 12h30", "bateria de 12h30"),
        ("de", "auf Platz 2 am Ende, 12 am Standort", "auf Platz 2 am Ende, 12 am Standort"),
    ],
)  # fmt: skip
def test_times_of_other_languages(source: str, text: str, shown: str) -> None:
    assert masked(text, source, "es") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("una duración de 2:30 horas", "una duración de 2:30 horas"), ("a las 9:30 horas", "a las {9:30 AM}"),
        ("de 10:00 a 14:00 h", "de {10 AM} a {2 PM}"),
    ],
)  # fmt: skip
def test_how_long_something_lasts_is_no_time_of_day(text: str, shown: str) -> None:
    assert masked(text, "es", "en").replace("\u202f", " ") == shown
