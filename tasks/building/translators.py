"""Which engines of the translation file could translate a release; nothing is sent to any for it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from tasks import ledger
from tasks.building.translations import resources
from tasks.ledger import memory_entries
from tasks.model.languages import LanguageTag
from tasks.model.release import Release
from tasks.runtime.settings import settings
from tasks.translation import routing
from tasks.translation.bounds import Deadline
from tasks.translation.configuration import EngineDocument, ReaderDocument, TranslationDocument, read_or_last
from tasks.translation.drafts import Draft, SecondReader, draft_waits
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import CostCap, MemoryMeter, Metered
from tasks.translation.engines import Engine
from tasks.translation.routing import Start
from tasks.translation.translate import draft, draft_from

_HERE = frozenset({"opencc", "apertium", "ct2"})
"""Types of engines that translate within this machine."""


def translators(release: Release, language: str) -> list[str]:
    """The names of the engines that can translate one of the release's texts into a language, the preferred one first.

    Raises DocumentRefused for a translation file that could never be read.
    """
    routes = routing.routes(release, language, list(_engines(language).values()))
    return list(dict.fromkeys(route.engine.name for route in routes))


def awaits_editor(release: Release, language: str, *, quick: bool = False) -> str | None:
    """Why a translation of the release will wait for a person, as far as can be seen without asking an engine; None if
    an engine of grade publish can make it, or people have approved every sentence of it before. `quick`: nobody looks
    for its sentences, which may take a second.

    Raises DocumentRefused for a translation file that could never be read.
    """
    engines = list(_engines(language).values())
    starts = routing.starts(release, language, engines)
    if not any(start.routes for start in starts) or any(start.publishes for start in starts):
        return None
    with ledger.read() as connection:
        approved = {LanguageTag(tag).base for tag in memory_entries.approved_languages(connection)}
    waits = draft_waits([starts[0].routes[0].engine.name])
    if LanguageTag(language).base in approved:
        if quick:
            return f"{waits}, unless people have approved every sentence before"
        known = resources(release, language, engines)
        if any(draft_from(Start(start.pair), release, known, Deadline()).translation for start in starts):
            return None
    return waits


def preview(release: Release, language: str) -> Draft | str:
    """What the memory and the engines of this machine make of a release, with nothing noted anywhere; or, where others
    would have to be asked, their names."""
    configuration = read_or_last(settings().translation_file)
    wanted = translators(release, language)
    engines, named = _engines(language), configuration.for_language(language).reader
    read = any(not engines[name].capabilities.script_only for name in wanted)
    reader = _reader(configuration, named) if named and read else None
    asked = [*wanted, reader.name] if reader else wanted
    elsewhere = [name for name in asked if not _is_here(name, configuration.engines[name])]
    if elsewhere:
        return ", ".join(elsewhere)
    known = resources(release, language, [engines[name] for name in wanted])
    return draft(release, language, replace(known, second_reader=reader))


def _reader(configuration: TranslationDocument, wanted: ReaderDocument) -> SecondReader:
    """The second reader that the translation file names, with nothing noted of what it is asked."""
    name, registered = wanted.engine, registry.load_registry(settings().translation_file)
    engine = None
    if name in registered.engines:
        document = configuration.engines[name]
        engine = Metered(registered.engines[name], document, MemoryMeter(), cost_cap=CostCap())
    problem = registered.left_out.get(name)
    return SecondReader(name=name, threshold=wanted.threshold, engine=engine, problem=problem)


def _engines(language: str) -> dict[str, Engine]:
    """The engines that may translate into a language as the translation file describes them, in their order."""
    file = settings().translation_file
    configuration, registered = read_or_last(file), registry.load_registry(file).engines
    return {
        name: Metered(registered[name], configuration.engines[name], MemoryMeter(), cost_cap=CostCap())
        for name in configuration.order(language)
        if name in registered
    }


def _is_here(name: str, document: EngineDocument) -> bool:
    """Whether asking an engine sends nothing to another machine and costs nothing."""
    if document.key or document.price or document.budget.characters or document.budget.cost:
        return False
    if (document.type or name) in _HERE:
        return True
    host = urlsplit(document.url or "").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
