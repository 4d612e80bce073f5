"""Makes the engines that the translation file names, each of its type (`ENGINES` in tasks/translation/engines/)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem
from tasks.runtime.plugins import NotRegistered, PluginBroken, fault_in
from tasks.translation.configuration import FILE, EngineDocument, read_configuration
from tasks.translation.engines import ENGINES, Capabilities, Engine, Make, Pair
from tasks.translation.grades import EVERY
from tasks.translation.routing import pair_for, reaches

_PAIRS_SHOWN = 12
"""Pairs of languages that a refusal names."""


@dataclass(frozen=True)
class ConfiguredEngines:
    """The engines of the translation file by name: those that can be used, and why the others cannot."""

    engines: dict[str, Engine]
    left_out: dict[str, str]


def load_registry(configuration: Path | None = None) -> ConfiguredEngines:
    """The engines of this process. They start nothing and send nothing before they are used.

    One that lacks what it needs, or is broken, is left out and harms no other. Raises DocumentRefused for a file that
    cannot be read as a whole.
    """
    found, left_out = {}, {}
    for name, document in read_configuration(configuration).engines.items():
        try:
            found[name] = make_engine(name, document)
        except DocumentRefused as refusal:
            left_out[name] = "; ".join(map(str, refusal.problems))
    return ConfiguredEngines(found, left_out)


def engines(configuration: Path | None = None) -> dict[str, Engine]:
    """The engines of the translation file that can be used, by name; see load_registry."""
    return load_registry(configuration).engines


def make_engine(name: str, document: EngineDocument) -> Engine:
    """The engine of this process for an entry of the configuration, of the type that it (or else its name) says; raises
    DocumentRefused.

    Made once for as long as the entry does not change: engines keep connections and programs open.
    """
    return _made(name, document.model_dump_json())


@lru_cache(maxsize=200)
def _made(name: str, entry: str) -> Engine:
    document = EngineDocument.model_validate_json(entry)
    factory = _factory(name, document.type or name)
    if unknown := _unknown_options(factory, name, document):
        raise DocumentRefused(FILE, unknown)
    try:
        engine = factory(name, document)
        faults = list(_faults(engine, name))
    except DocumentRefused:
        raise
    except Exception as error:
        raise _refused(name, fault_in(error)) from error
    if faults:
        raise _refused(name, f"is broken: {'; '.join(faults)}")
    if unknown := list(_unknown_pairs(engine.pairs(), name, document)):
        raise DocumentRefused(FILE, unknown)
    return engine


def _factory(name: str, kind: str) -> Make:
    """The function that makes engines of a type; raises DocumentRefused."""
    try:
        return ENGINES.get(kind)
    except (NotRegistered, PluginBroken) as error:
        raise DocumentRefused(FILE, [Problem(f"engines.{name}.type", str(error))]) from error


def _unknown_options(factory: Any, name: str, document: EngineDocument) -> list[Problem]:
    """Problems with options that a type does not have; a type that lists none in `OPTIONS` takes any."""
    known = getattr(factory, "OPTIONS", None)
    said = f"is no option of this type; {'there are ' + ', '.join(sorted(known)) if known else 'it has none'}"
    return [
        Problem(f"engines.{name}.options.{option}", said)
        for option in document.options
        if known is not None and option not in known
    ]


def _unknown_pairs(pairs: dict[Pair, int], name: str, document: EngineDocument) -> Iterator[Problem]:
    """Problems with grades of pairs that an engine does not have; one that has no pairs at all says so by itself."""
    if not pairs or not document.grade:
        return
    turned = [(target, source) for source, target in pairs]
    for source, targets in document.grade.items():
        for target in targets:
            if EVERY not in (source, target):
                known = pair_for(pairs, source, target) is not None
            else:
                known = (target == EVERY or reaches(pairs, target)) and (source == EVERY or reaches(turned, source))
            if not known:
                there = ", ".join(sorted({f"{one}→{other}" for one, other in pairs})[:_PAIRS_SHOWN])
                more = len(pairs) - _PAIRS_SHOWN
                said = f"it does not translate {source}→{target}; it has {there}{f' and {more:,} more' * (more > 0)}"
                yield Problem(f"engines.{name}.grade.{source}.{target}", said)


def _faults(engine: Engine, name: str) -> Iterator[str]:
    """What is wrong with an object that is meant to be an engine."""
    for method in ("pairs", "model", "translate"):
        if not callable(getattr(engine, method, None)):
            yield f"it has no method {method!r}"
            return
    if getattr(engine, "name", None) != name:
        yield "its 'name' is not the one that it was given"
    capabilities = getattr(engine, "capabilities", None)
    if not isinstance(capabilities, Capabilities):
        yield "its 'capabilities' are no Capabilities"
    elif capabilities.inline == "aligned" and not callable(getattr(engine, "translate_aligned", None)):
        yield "it has no method 'translate_aligned', which its inline 'aligned' promises"
    pairs: object = engine.pairs()
    if not isinstance(pairs, dict) or not _are_pairs(pairs):
        yield "its pairs are no {(source, target): steps}"


def _are_pairs(keys: Collection[Any]) -> bool:
    """Whether all are tuples of two; there are thousands, and few kinds of them."""
    return all(issubclass(kind, tuple) for kind in set(map(type, keys))) and set(map(len, keys)) <= {2}


def _refused(name: str, problem: str) -> DocumentRefused:
    return DocumentRefused(FILE, [Problem(f"engines.{name}", problem)])
