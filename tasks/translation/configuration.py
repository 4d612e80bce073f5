"""The translation file: which engines there are, who translates into which language, and what may go out.

`FANWIRE_TRANSLATION_FILE` names it; without one OpenCC and Apertium translate into every language they can, and what
passed the checks goes out. README, "Translation", has a complete example.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, model_validator

from tasks.documents import Document, DocumentRefused, Problem, pattern, read, unreadable
from tasks.languages import LanguageTag
from tasks.release import WEB, Line, Slug
from tasks.secrets import SecretReference

EVERY = "*"
"""Stands for each language that has no entry of its own."""
_OPTION = pattern(r"^[a-z][a-z0-9_]*$", "must be lower-case letters, digits and '_'")


class PerMinute(Document):
    """What an engine may be asked in a minute, by all workers together."""

    requests: int | None = Field(None, ge=1, examples=[60])
    characters: int | None = Field(None, ge=1, examples=[100_000])


class Budget(Document):
    """What an engine may use in a calendar month (UTC), by all workers together."""

    characters: int | None = Field(None, ge=1, examples=[2_000_000])
    cost: float | None = Field(None, gt=0, examples=[40])
    """In the currency of `price`."""


class EngineDocument(Document):
    """One engine: of which type it is, where it is, and how much of it may be used."""

    type: Slug | None = Field(None, examples=["deepl"])
    """Left out: the engine's name is its type."""
    url: Annotated[str, Field(pattern=WEB)] | None = Field(None, examples=["http://127.0.0.1:5000"])
    key: SecretReference | None = None
    """Where its credential is."""
    model: Line | None = Field(None, examples=["gpt-4o-mini"])
    folder: Path | None = Field(None, examples=["/var/lib/fanwire/models"])
    languages: list[LanguageTag] | None = Field(None, min_length=1, examples=[["en", "de"]])
    """Only between these; left out: between all that it can do."""
    timeout: float = Field(30, gt=0, le=110)
    """Seconds for one request."""
    per_minute: PerMinute = PerMinute()
    budget: Budget = Budget()
    price: float = Field(0, ge=0, examples=[20])
    """Per million characters, in any one currency: budgets and cost caps count in it."""
    options: dict[Annotated[str, Field(pattern=_OPTION)], Line] = Field({}, examples=[{"region": "westeurope"}])
    """What only this type of engine knows; see its file in tasks/translation/engines/."""


class LanguageDocument(Document):
    """Who translates into a language, and what may go out."""

    engines: list[Slug] | None = Field(None, examples=[["deepl", "apertium"]])
    """By preference: what the first cannot do soundly, the next one gets. Left out: all, as the file lists them."""
    publish: Literal["checked", "approved"] = Field("checked", examples=["approved"])
    """checked: what passed every check goes out at once · approved: only what a person has approved."""
    cost_cap: float | None = Field(None, gt=0, examples=[0.5])
    """What one translation may cost at most, in the currency of `price`."""


class TranslationDocument(Document):
    """The whole file."""

    engines: dict[Slug, EngineDocument] = {"opencc": EngineDocument(), "apertium": EngineDocument()}
    languages: dict[Literal["*"] | LanguageTag, LanguageDocument] = {}

    @model_validator(mode="after")
    def _all_known(self) -> Self:
        for language, entry in self.languages.items():
            for engine in entry.engines or ():
                if engine not in self.engines:
                    known = ", ".join(self.engines)
                    raise ValueError(
                        f"languages.{language}.engines: there is no engine {engine!r}; engines are {known}"
                    )
        return self

    def for_language(self, language: str) -> LanguageDocument:
        """The entry of a tag, else of its language, else that of `*`."""
        found = self.languages.get(language) or self.languages.get(language.split("-")[0])
        return found or self.languages.get(EVERY) or LanguageDocument()

    def order(self, language: str) -> list[str]:
        """Names of the engines that may translate into `language`, the preferred one first."""
        wanted = self.for_language(language).engines
        return list(self.engines) if wanted is None else wanted


DEFAULT = TranslationDocument()


@cache
def read_configuration(path: Path | None) -> TranslationDocument:
    """The file at `path`, read once in a process; None: the default. Raises DocumentRefused: field and fault."""
    if path is None:
        return DEFAULT
    try:
        document = yaml.safe_load(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    return read(TranslationDocument, {} if document is None else document, str(path))


def required(name: str, document: EngineDocument, *fields: str) -> None:
    """Raises DocumentRefused for an engine that lacks one of these fields (`options.region` for inner ones)."""
    missing = []
    for field in fields:
        outer, _, inner = field.partition(".")
        value = document.options.get(inner) if inner else getattr(document, outer)
        if value is None:
            missing.append(Problem(f"engines.{name}.{field}", "is required"))
    if missing:
        raise DocumentRefused("translation file", missing)
