"""House texts: what the wire itself says in every release, as the language file has it (`tasks/language_data/`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from tasks.formatting.rendition import Wire
from tasks.language_data import LANGUAGES, House, LanguageData, data_of, files_for
from tasks.model.languages import LanguageTag


class HouseTextMissing(LookupError):
    """There are no house texts for the language of a release; the message names the file to add."""

    def __init__(self, language: LanguageTag):
        self.language = language
        broken = LANGUAGES.left_out()
        if why := next((broken[tag] for tag in language.broader if tag in broken), None):
            super().__init__(f"no house text for {str(language)!r}: {why}")
            return
        file = f"{LANGUAGES.folder.replace('.', '/')}/{min(language.broader, key=len)}.yaml"
        super().__init__(f"no house text for {str(language)!r}: add {file} with a section 'house' like that of en.yaml")


@dataclass(frozen=True)
class HouseText:
    """The wire's own words in one language, and how that language writes figures, days and quotations."""

    language: LanguageTag
    """The language of the file in which the texts stand: `pt` also for a release in `pt-BR`."""
    texts: House
    data: LanguageData

    def number(self, value: int) -> str:
        """A whole number with its digits grouped as the language does: `6.500`, `6 500`, `6,500`."""
        return format_decimal(value, locale=self.language.locale, group_separator=self.data.numbers.groups(value))

    def day(self, day: date) -> str:
        """A date, written out in full in the language."""
        text = format_date(day, format=self.texts.date_format, locale=self.language.locale)
        if self.data.dates.first_day and day.day == 1:
            text = text.replace("1", self.data.dates.first_day, 1)
        return text

    def dateline_for(self, place: str | None, day: date | None, wire: str) -> str:
        """The dateline, with place and day as far as they are known."""
        patterns = self.texts.dateline
        if place and day:
            return patterns.place_date.format(place=place, date=self.day(day), wire=wire)
        if place:
            return patterns.place.format(place=place, wire=wire)
        if day:
            return patterns.date.format(date=self.day(day), wire=wire)
        return patterns.source.format(wire=wire)

    def about_wire(self, wire: Wire) -> str:
        """The paragraph that says what the wire does, with its figures if it has set them."""
        reach, figures = self.texts.reach, wire.figures
        if reach is None or figures is None:
            return self.texts.about.format(wire=wire.name)
        return reach.about.format(
            wire=wire.name,
            outlets=self._counted(reach.outlets, figures.outlets),
            editors=self._counted(reach.editors, figures.editors),
            countries=self._counted(reach.countries, figures.countries),
        )

    def _counted(self, forms: Mapping[Any, str], number: int) -> str:
        """A number with its noun in the form that the number wants."""
        form = self.language.locale.plural_form(number)
        return forms.get(form, forms["other"]).format(number=self.number(number))

    def role(self, role: str, language: str) -> str:
        """What a contact is, said in a language, in the wire's own words; as it was said where it has none."""
        try:
            theirs = house_text(language).texts.roles
        except HouseTextMissing:
            return role
        known = {said.casefold(): name for name, said in reversed(theirs.items())}
        return self.texts.roles.get(known.get(role.casefold(), ""), role)

    def language_name(self, tag: str) -> str:
        """What this language calls another one: `Englisch`."""
        return LanguageTag(tag).locale.get_display_name(self.language.locale) or tag


@cache
def house_text(language: str) -> HouseText:
    """The wire's standing texts (dateline, disclaimer, kill notice …) in a language.

    `pt-BR` may use `pt`; a tag never falls back to a file in another script (`zh-Hant` to `zh-Hans`).
    Raises HouseTextMissing, which says why when a file is there but cannot be loaded.
    """
    tag = LanguageTag(language)
    file = next((file for file in files_for(tag) if file.house is not None), None)
    if file is None or file.house is None:
        raise HouseTextMissing(tag)
    return HouseText(file.language, file.house, data_of(file.language))
