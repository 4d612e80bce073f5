"""The translation file: which engines there are, who translates into which language, and what may go out.

`FANWIRE_TRANSLATION_FILE` names it. Without one OpenCC and Apertium translate into every language they can, so does
`ct2` where `fanwire engines fetch` has put models, and what passed the checks goes out. docs/translation.md, "Engines",
has a complete example.

A file that was changed is read before the next translation. One that cannot be read holds what would need an engine,
with the reason, until it can; everything else goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tasks.model.documents import Document, DocumentRefused, Yaml, load_yaml, read, unreadable
from tasks.model.languages import LanguageTag
from tasks.model.values import WEB, Line, Slug
from tasks.runtime.errors import Problem, pattern
from tasks.runtime.secrets import SecretReference
from tasks.runtime.settings import settings
from tasks.translation.grades import EVERY, GRADES, Grade
from tasks.translation.meaning.faults import THRESHOLD

FILE = "translation file"
"""What refusals call it."""
_OPTION = pattern(r"^[a-z][a-z0-9_]*$", "must be lower-case letters, digits and '_'")
_READ_TOGETHER = 8
"""Files kept in a process; one that was changed counts as another."""


def _as_text(value: Any) -> Any:
    """`temperature: 0.2` is meant as it stands."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Option = Annotated[Line, BeforeValidator(_as_text)]
TagOrEvery = Annotated[str, AfterValidator(lambda value: value if value == EVERY else LanguageTag(value))]


def _by_pairs(value: Any) -> Any:
    """`grade: publish` is meant for every pair."""
    if isinstance(value, dict) and all(isinstance(targets, dict) for targets in value.values()):
        return value
    if value in GRADES:
        return {EVERY: {EVERY: value}}
    raise ValueError("must be publish or draft, or say it by source and target, such as {en: {es: publish}}")


def _as_before(value: Any) -> Any:
    """`publish: checked` was the word for `unreviewed` in earlier versions."""
    return "unreviewed" if value == "checked" else value


GradesByPair = Annotated[dict[TagOrEvery, dict[TagOrEvery, Grade]], BeforeValidator(_by_pairs)]


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
    """One engine in the translation file: of which type it is, where it is, and how much of it may be used."""

    type: Slug | None = Field(None, examples=["deepl"])
    """Left out: the engine's name is its type."""
    url: Annotated[str, Field(pattern=WEB)] | None = Field(None, examples=["http://127.0.0.1:5000"])
    key: SecretReference | None = Field(None, examples=["env:TRANSLATION_KEY"])
    """Where its credential is."""
    model: Line | None = Field(None, examples=["gpt-4o-mini"])
    folder: Path | None = Field(None, examples=["/var/lib/fanwire/models"])
    languages: list[LanguageTag] | None = Field(None, min_length=1, examples=[["en", "de"]])
    """Only between these; left out: between all that it can do."""
    grade: GradesByPair = Field({}, examples=["publish"])
    """What its output is for: publish or draft, of all pairs or by source and target; left out: as its type says."""
    timeout: float = Field(30, gt=0, le=110)
    """Seconds for one request."""
    per_minute: PerMinute = PerMinute()
    budget: Budget = Budget()
    price: float = Field(0, ge=0, examples=[20])
    """Per million characters, in any one currency: budgets and cost caps count in it."""
    options: dict[Annotated[str, Field(pattern=_OPTION)], Option] = Field({}, examples=[{"region": "westeurope"}])
    """What only this type of engine knows; see its file in tasks/translation/engines/."""

    def among(self, known: Iterable[str]) -> tuple[str, ...]:
        """Of the language tags that an engine can do, those between which this one is to translate."""
        return tuple(tag for tag in known if self.languages is None or tag in self.languages)


def _named(value: Any) -> Any:
    """`reader: judge` is meant with the usual threshold."""
    return {"engine": value} if isinstance(value, str) else value


class ReaderDocument(Document):
    """Who compares what engines translated into a language with its source, and how good it has to be."""

    engine: Slug = Field(examples=["judge"])
    """An engine of the file that does not translate into the language: a language model, or one that translates
    back."""
    threshold: int = Field(THRESHOLD, ge=1, le=100)
    """The score (100 less 4 for a minor fault, 20 for a major one, 100 for a critical one) below which a sentence waits
    for a person."""


class LanguageDocument(Document):
    """One language in the translation file: who translates into it, and what may go out."""

    engines: list[Slug] | None = Field(None, examples=[["deepl", "apertium"]])
    """By preference: what the first cannot do soundly, the next one gets; those of grade draft come last. Left out:
    all, as the file lists them."""
    publish: Annotated[Literal["unreviewed", "approved"], BeforeValidator(_as_before)] = Field(
        "unreviewed", examples=["approved"]
    )
    """unreviewed: what engines of grade publish made and passed every check goes out at once · approved: only what a
    person has approved."""
    reader: Annotated[ReaderDocument, BeforeValidator(_named)] | None = Field(None, examples=["judge"])
    """The second reader: an engine that compares each sentence with its source before it goes out. Left out: none."""
    cost_cap: float | None = Field(None, gt=0, examples=[0.5])
    """What one translation may cost at most, in the currency of `price`."""


class TranslationDocument(Document):
    """The whole translation file."""

    engines: dict[Slug, EngineDocument] = {"opencc": EngineDocument(), "apertium": EngineDocument()}
    languages: dict[TagOrEvery, LanguageDocument] = {}

    def for_language(self, language: str) -> LanguageDocument:
        """The entry for a language tag: its own, else that of a broader tag such as its language, else that of `*`."""
        tag = LanguageTag(language)
        among = (self.languages.get(name) for name in (*tag.broader, tag.base, EVERY))
        return next((entry for entry in among if entry), LanguageDocument())

    def order(self, language: str) -> list[str]:
        """Names of the engines that may translate into `language`, the preferred one first."""
        entry = self.for_language(language)
        if entry.engines is not None:
            return entry.engines
        return [name for name in self.engines if entry.reader is None or name != entry.reader.engine]


DEFAULT = TranslationDocument()
MODELS = "ct2"
"""The engine that joins the default ones where models are installed, and its folder under the home."""


def models_folder() -> Path:
    """Where the models of `ct2` lie if no translation file names another folder."""
    return settings().home.absolute() / MODELS


def read_configuration(path: Path | None) -> TranslationDocument:
    """The file at `path` as it stands now; None: the default. Raises DocumentRefused: field and fault.

    What stands in it is kept in the process for as long as nobody changes it.
    """
    if path is None:
        return _default(_with_models())
    try:
        stand = path.stat()
    except OSError as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    found = _read(path, stand.st_mtime_ns, stand.st_size, stand.st_ino)
    if "engines" in found.model_fields_set:
        return found
    return found.model_copy(update={"engines": _default(_with_models()).engines})


def _with_models() -> Path | None:
    """The default folder of models, if there is anything in it."""
    folder = models_folder()
    try:
        with os.scandir(folder) as entries:
            return folder if any(not entry.name.startswith(".") for entry in entries) else None
    except OSError:
        return None


@lru_cache(_READ_TOGETHER)
def _default(models: Path | None) -> TranslationDocument:
    """The engines without a translation file: before the rule-based one the models, if there are any."""
    if models is None:
        return DEFAULT
    opencc, *others = DEFAULT.engines.items()
    return TranslationDocument(engines=dict([opencc, (MODELS, EngineDocument(folder=models)), *others]))


def read_or_last(path: Path | None) -> TranslationDocument:
    """Read the translation file; if it cannot be read, return it as this process last read it. Raises DocumentRefused
    if this process never could."""
    try:
        found = read_configuration(path)
    except DocumentRefused:
        if path not in _last:
            raise
        return _last[path]
    _last[path] = found
    return found


_last: dict[Path | None, TranslationDocument] = {}


@lru_cache(_READ_TOGETHER)
def _read(path: Path, *_stand: int) -> TranslationDocument:
    try:
        found = load_yaml(path.read_bytes().decode("utf-8-sig"), loader=_Yaml)
    except (OSError, ValueError) as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    document = read(TranslationDocument, {} if found is None else found, str(path))
    if problems := [*_taken(document), *_unknown(document), *_without_price(document), *_reading_themselves(document)]:
        raise DocumentRefused(str(path), problems)
    return document


class _Yaml(Yaml):
    """YAML without `yes` and `no`: there is no field for them, and `no` is Norwegian."""


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in Yaml.yaml_implicit_resolvers.items()
}


def _taken(document: TranslationDocument) -> Iterator[Problem]:
    """Engines with a name that says who else made a text: what they make would be taken for a person's."""
    for name in sorted(_OTHERS & document.engines.keys()):
        yield Problem(f"engines.{name}", "is the name of what no engine made: take another, and say its type")


_OTHERS = frozenset(("approved", "memory", "source", "supplied"))


def _unknown(document: TranslationDocument) -> list[Problem]:
    """Engines that languages name and the file does not describe."""
    known = ", ".join(document.engines) or "none"
    return [
        Problem(f"languages.{language}.engines", f"there is no engine {engine!r} under engines; there are {known}")
        for language, entry in document.languages.items()
        for engine in entry.engines or ()
        if engine not in document.engines
    ]


def _reading_themselves(document: TranslationDocument) -> Iterator[Problem]:
    """Second readers that are not there, and those that would read what they translated themselves."""
    for language, entry in document.languages.items():
        if entry.reader is None:
            continue
        name, where = entry.reader.engine, f"languages.{language}.reader"
        if name not in document.engines:
            known = ", ".join(document.engines) or "none"
            yield Problem(where, f"there is no engine {name!r} under engines; there are {known}")
        elif name in (entry.engines or ()):
            said = f"{name!r} also translates into it, and cannot read its own text"
            yield Problem(where, f"{said}: take it out of engines, or name another")
        elif twin := _twin(name, document, entry.engines):
            yield Problem(
                where, f"{name!r} is the same as {twin!r}, which translates into it: name another engine or model"
            )


def _twin(reader: str, document: TranslationDocument, among: Sequence[str] | None) -> str | None:
    """The engine that is the same as `reader` under another name, if one is."""
    here = [name for name in (document.engines if among is None else among) if name != reader]
    known = {name: document.engines[name] for name in (reader, *here) if name in document.engines}
    same = {name: (one.type or name, one.url, one.model, one.folder) for name, one in known.items()}
    return next((name for name in here if same.get(name) == same[reader]), None)


def _without_price(document: TranslationDocument) -> list[Problem]:
    """Budgets that could never be used up."""
    return [
        Problem(f"engines.{name}.price", f"is required: engines.{name}.budget.cost counts in it", "20")
        for name, engine in document.engines.items()
        if engine.budget.cost is not None and not engine.price
    ]


def required(name: str, document: EngineDocument, *fields: str) -> None:
    """Raise DocumentRefused for an engine that lacks one of these fields (`options.region` for inner ones)."""
    missing = []
    for field in fields:
        outer, _, inner = field.partition(".")
        value = document.options.get(inner) if inner else getattr(document, outer)
        if value is None:
            examples = EngineDocument.model_fields[outer].examples if not inner else None
            missing.append(Problem(f"engines.{name}.{field}", "is required", str(examples[0]) if examples else None))
    if missing:
        raise DocumentRefused(FILE, missing)
