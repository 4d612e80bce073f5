"""Names of places in another language: countries and cities by CLDR, some more cities by the language files.

Only whole names that are known are written anew; every other place stays as it stands, which is what editors do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from babel.core import get_global

from tasks.language_data import data_of, every_language
from tasks.model.languages import locale_of
from tasks.translation.scripts import scripts_of

_BETWEEN = re.compile(r"(\s*(?:[,/;·–—]|\s-\s)\s*)")
_NOT_CITIES = ("Antarctica/", "Etc/", "Arctic/")
_NOT_ALONE = frozenset(("Georgia",))
"""Names of two places, of which behind a comma nobody knows which is meant."""


def place_in(place: str, source: str, target: str) -> str:
    """The place of a dateline as the target language writes it, part by part (`Setúbal, Portugal`), as far as its names
    are known in the source language; capitals stay capitals."""
    known, wanted = _by_name(source), _names(target)
    parts = _BETWEEN.split(place)

    def written(part: str) -> str:
        key = known.get(part.casefold())
        if key is None or key not in wanted or (len(parts) > 1 and part in _NOT_ALONE):
            return part
        return wanted[key].upper() if part.isupper() and len(part) > 3 else wanted[key]

    return "".join(part if number % 2 else written(part) for number, part in enumerate(parts))


@cache
def known_places(language: str) -> frozenset[str]:
    """Every place whose name in a language is known, as it is written there."""
    return frozenset(_names(language).values())


@cache
def _by_name(language: str) -> dict[str, str]:
    """Places by their names in small letters; a city wins over the country of the same name."""
    return {name.casefold(): key for key, name in reversed(_names(language).items())}


@cache
def _names(language: str) -> dict[str, str]:
    """The names of places in a language, by what is the same in all: a zone or English name of a city, a territory."""
    return dict(_cities(language)) | {
        code: str(name) for code, name in locale_of(language).territories.items() if code.isalpha()
    }


def _cities(language: str) -> Iterator[tuple[str, str]]:
    own = data_of(language).places
    for name in sorted({name for data in every_language() for name in data.places}):
        yield name, own.get(name, name)
    alphabet = "Latn" in scripts_of(language)
    english, zones = locale_of("en").time_zones, locale_of(language).time_zones
    for zone in sorted({*get_global("zone_territories"), *english, *zones}):
        if zone.startswith(_NOT_CITIES) or zone.count("/") != 1:
            continue
        name = english.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
        if city := zones.get(zone, {}).get("city") or (name if alphabet else None):
            yield zone, str(city)
