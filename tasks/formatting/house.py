"""House texts: what the wire itself says in every release, one file a language in `house/`.

A file is read once, checked strictly (every key, every placeholder) and then only filled in. To add a language, copy
`house/en.yaml` to `house/<tag>.yaml` and write every value anew in that language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from tasks.formatting.rendition import Wire
from tasks.model.documents import Document, DocumentRefused, read
from tasks.model.languages import LanguageTag, locale_of
from tasks.runtime.errors import Problem

HOUSE = Path(__file__).parent / "house"

TOP_TOPICS = tuple(f"{number:02d}000000" for number in range(1, 18))
"""The 17 first-level IPTC Media Topics; every house file names them all."""

GROUPED_FROM_FIVE = frozenset({"es", "it", "pl", "pt-PT", "ru"})
"""Languages that write 6500 but 86.000: CLDR's minimumGroupingDigits, which Babel does not apply, and Russian usage."""


class HouseTextMissing(LookupError):
    """A release goes out in a language for which nobody wrote house texts; the message names the file to add."""

    def __init__(self, language: LanguageTag):
        self.language = language
        file = f"tasks/formatting/house/{min(language.broader, key=len)}.yaml"
        super().__init__(f"no house text for {language!r}: add {file}, with all keys of en.yaml")


def _template(*names: str) -> Callable[[str], str]:
    """Checks that a text holds each of these placeholders and no other, so that filling it in can never fail."""

    def check(text: str) -> str:
        try:
            found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError(f"has a brace out of place: {error}") from None
        faults = [f"has the unknown placeholder {{{name}}}" for name in sorted(found - set(names))]
        faults += [f"lacks {{{name}}}" for name in names if name not in found]
        if faults:
            raise ValueError("; ".join(faults))
        if not text.strip():
            raise ValueError("is empty")
        return text

    return check


Plain = Annotated[str, AfterValidator(_template())]


class _House(Document):
    # spaces at the end of a dateline pattern are part of it
    model_config = ConfigDict(str_strip_whitespace=False, strict=True)


class DatelinePatterns(_House):
    """What stands before the first paragraph, with the space that belongs after it, by what is known."""

    place_date: Annotated[str, AfterValidator(_template("place", "date", "wire"))]
    place: Annotated[str, AfterValidator(_template("place", "wire"))]
    date: Annotated[str, AfterValidator(_template("date", "wire"))]
    source: Annotated[str, AfterValidator(_template("wire"))]


class Quotes(_House):
    """The quotation marks of the language, with the spaces that belong inside them."""

    open: Plain
    close: Plain
    inner_open: Plain | None = None
    """Of a quotation inside a quotation; without them it has the same marks."""
    inner_close: Plain | None = None

    def around(self, text: str, *, inner: bool) -> str:
        """The text in its quotation marks."""
        if inner:
            return f"{self.inner_open or self.open}{text}{self.inner_close or self.close}"
        return f"{self.open}{text}{self.close}"


class HouseText(_House):
    """All that the wire says in one language."""

    language: Plain
    dateline: DatelinePatterns
    date_format: str = "long"
    """The date in the dateline: a CLDR length, or a CLDR pattern where the language's own is no good in prose."""
    first_day: str | None = None
    """How the first of a month is written where CLDR's plain 1 is wrong: French `1er`."""
    quotes: Quotes
    link: Annotated[str, AfterValidator(_template("text", "url"))]
    """A link in plain text."""
    separator: str = Field(min_length=1)
    """Between industries; stronger than what stands inside their names (`Economy, business and finance`)."""
    disclaimer: Annotated[str, AfterValidator(_template("wire", "url"))]
    industries: Annotated[str, AfterValidator(_template("names"))]
    contact: Plain
    """Heading over the people whom editors may call."""
    machine_translation: Annotated[str, AfterValidator(_template("source_language"))]
    correction: Annotated[str, AfterValidator(_template("version"))]
    kill: Annotated[str, AfterValidator(_template("wire"))]
    about: Annotated[str, AfterValidator(_template("wire", "outlets", "editors", "countries"))]
    topics: dict[Annotated[str, Field(pattern=r"^\d{8}$")], Plain]
    """IPTC Media Topics by their eight digits (in quotation marks: YAML would read an octal number)."""

    @model_validator(mode="after")
    def _whole(self) -> HouseText:
        missing = [topic for topic in TOP_TOPICS if topic not in self.topics]
        if missing:
            raise ValueError(f"topics: lacks {', '.join(missing)}")
        return self

    def number(self, value: int) -> str:
        """`6500` → `6.500`, `6 500`, `6,500`: as the language groups digits."""
        locale = locale_of(self.language)
        grouped = value >= (10_000 if self.language in GROUPED_FROM_FIVE else 1_000)
        return format_decimal(value, locale=locale, group_separator=grouped)

    def day(self, day: date) -> str:
        """A date, written out in full."""
        text = format_date(day, format=self.date_format, locale=locale_of(self.language))
        if self.first_day and day.day == 1:
            text = text.replace("1", self.first_day, 1)
        return text

    def dateline_for(self, place: str | None, day: date | None, wire: str) -> str:
        """The source line, as far as place and day are known."""
        patterns = self.dateline
        if place and day:
            return patterns.place_date.format(place=place, date=self.day(day), wire=wire)
        if place:
            return patterns.place.format(place=place, wire=wire)
        if day:
            return patterns.date.format(date=self.day(day), wire=wire)
        return patterns.source.format(wire=wire)

    def about_wire(self, wire: Wire) -> str:
        """The paragraph on what the wire does."""
        figures = {name: self.number(getattr(wire, name)) for name in ("outlets", "editors", "countries")}
        return self.about.format(wire=wire.name, **figures)

    def language_name(self, tag: str) -> str:
        """What this language calls another: `Englisch`."""
        return locale_of(tag).get_display_name(locale_of(self.language)) or tag


@cache
def house_text(language: str) -> HouseText:
    """The house text for a language tag.

    `pt-BR` may use `pt`; a tag never falls back to a file in another script (`zh-Hant` to `zh-Hans`).
    Raises HouseTextMissing, or DocumentRefused when the file is there but not right.
    """
    tag = LanguageTag(language)
    name = next((name for name in tag.broader if (HOUSE / f"{name}.yaml").is_file()), None)
    if name is None:
        raise HouseTextMissing(tag)
    return _load(name)


@cache
def _load(name: str) -> HouseText:
    file = HOUSE / f"{name}.yaml"
    what = f"house text {file.name}"
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DocumentRefused(what, [Problem("(file)", str(error))]) from None
    house = read(HouseText, data, what)
    if house.language != name:
        raise DocumentRefused(what, [Problem("language", f"says {house.language!r}; the file is for {name!r}")])
    return house
