"""Places of datelines as the target language writes them; what is not known stays as it stands."""

from __future__ import annotations

import pytest

from tasks.language_data import data_of, known_languages
from tasks.translation.places import known_places, place_in


@pytest.mark.parametrize(
    ("place", "source", "target", "written"),
    [
        ("Hamburg", "en", "es", "Hamburgo"),
        ("Hamburg", "de", "ru", "Гамбург"),
        ("MUNICH", "en", "de", "MÜNCHEN"),
        ("München", "de", "en", "Munich"),
        ("London", "en", "fr", "Londres"),
        ("Lisbon", "en", "pt", "Lisboa"),
        ("Seoul", "en", "ja", "ソウル"),
        ("NEW YORK", "en", "ar", "نيويورك"),
        ("Ho Chi Minh City", "en", "zh-Hans", "胡志明市"),
        ("Setúbal, Portugal", "en", "ko", "세투발, 포르투갈"),
        ("Batu Kawan, Malaysia", "en", "th", "Batu Kawan, มาเลเซีย"),
        ("LONDON / PARIS", "en", "es", "LONDRES / PARÍS"),
        ("Reading", "en", "es", "Reading"),
        ("Atlanta, Georgia", "en", "de", "Atlanta, Georgia"),
        ("Tiflis, Georgien", "de", "fr", "Tbilissi, Géorgie"),
        ("UK", "en", "de", "UK"),
        ("Singapore", "en", "zh-Hant", "新加坡"),
        ("Nirgendwo", "de", "en", "Nirgendwo"),
    ],
)
def test_the_dateline_is_written_in_the_language(place: str, source: str, target: str, written: str) -> None:
    assert place_in(place, source, target) == written


@pytest.mark.parametrize("language", [tag for tag in known_languages() if tag != "en"])
def test_there_and_back(language: str) -> None:
    for city in ("Hamburg", "Milan", "Geneva", "San Francisco", "Paris", "Tokyo", "Sydney", "Portugal", "Saudi Arabia"):
        assert place_in(place_in(city, "en", language), language, "en") == city


@pytest.mark.parametrize("language", known_languages())
def test_no_city_of_a_file_is_one_that_cldr_has(language: str) -> None:
    own = data_of(language).places
    assert set(own.values()) <= known_places(language)
    assert all(english != name for english, name in own.items())
