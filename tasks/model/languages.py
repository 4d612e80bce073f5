"""Languages: the tags Fanwire uses and what CLDR knows about them."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from babel import Locale
from babel.core import UnknownLocaleError
from pydantic import AfterValidator, Field

# The languages for which house texts ship (tasks/formatting/house/). Any other BCP 47 tag works too,
# once an operator adds a house file for it.
HOUSE_LANGUAGES = (
    "en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es", "pt",
)  # fmt: skip


def normalise(tag: str) -> str:
    """`PT_br` → `pt-BR`, `zh-hans` → `zh-Hans`; raises ValueError for what CLDR does not know as a language."""
    try:
        locale = Locale.parse(tag.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError, TypeError) as error:
        raise ValueError(
            f"{tag!r} is not a language tag that CLDR knows; write for example 'de' or 'zh-Hans'"
        ) from error
    return "-".join(part for part in (locale.language, locale.script, locale.territory) if part)


LanguageTag = Annotated[str, Field(min_length=2, max_length=35, examples=["de"]), AfterValidator(normalise)]


@cache
def locale_of(tag: str) -> Locale:
    """The CLDR locale of a normalised tag."""
    return Locale.parse(tag, sep="-")


def direction(tag: str) -> str:
    """`ltr` or `rtl`, for HTML's `dir`."""
    return locale_of(tag).text_direction


def name_of(tag: str) -> str:
    """The language's English name, for operators: `German`."""
    return locale_of(tag).get_display_name("en") or tag
