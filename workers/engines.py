"""How the configured translation engines stand, for `fanwire engines` and `fanwire doctor`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tasks import ledger
from tasks.building.engine_meter import NO_PAIRS, LedgerMeter
from tasks.building.recall import terms_for
from tasks.language_data import known_languages
from tasks.ledger import engine_usage, post_edits
from tasks.ledger.post_edits import EditRate
from tasks.model.release import Release
from tasks.runtime.errors import NotPossible
from tasks.runtime.secrets import SecretMissing, resolve
from tasks.runtime.settings import settings
from tasks.translation import routing
from tasks.translation.configuration import MODELS, EngineDocument, TranslationDocument, read_configuration
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.metering import CostCap, MemoryMeter, Meter, Metered, Usage, current, resting
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import EngineError, TranslationHeld
from tasks.translation.grades import EVERY, Grade
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import second_reading
from tasks.translation.meaning.faults import Fault, ToRead, score
from tasks.translation.trial import UnitTrial, trial, trial_release
from workers import home

SAMPLES = {
    "en": "The company said on Monday that <a>its new plant in the north</a> is open.",
    "es": "La empresa dijo el lunes que <a>su nueva planta en el norte</a> está abierta.",
    "fr": "L’entreprise a dit lundi que <a>sa nouvelle usine dans le nord</a> est ouverte.",
    "pt": "A empresa disse na segunda-feira que <a>sua nova fábrica no norte</a> está aberta.",
    "de": "Das Unternehmen sagte am Montag, dass <a>sein neues Werk im Norden</a> offen ist.",
    "id": "Perusahaan mengatakan bahwa <a>pabrik barunya di utara</a> sudah dibuka.",
    "ms": "Syarikat berkata bahawa <a>kilang barunya di utara</a> sudah dibuka.",
    "zh-Hans": "公司周一表示，<a>位于北部的新软件工厂</a>已经启用。",
}
"""What an engine is tested with where nobody says anything else."""


RATED_DAYS = 180
"""Days of approvals by which engines are rated: so that a newer model is not rated by what an older one made."""
PAIRS_SHOWN = 3
"""Pairs of languages that stand in a row of a table."""


class NotTestable(NotPossible):
    """An engine cannot be used; the text says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "(engine)")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one engine of the translation file stands."""

    name: str
    document: EngineDocument
    pairs: tuple[Pair, ...]
    model: str | None
    """Of its first pair."""
    grades: dict[Pair, Grade]
    """What its output is for, by its pairs."""
    problem: str | None
    """Why it can do nothing at all."""
    rests: str | None
    """Until when, and why."""
    use: Usage
    reads: tuple[str, ...]
    """The languages whose second reader it is, as the translation file has them."""
    judges: bool
    """Whether it judges translations by itself, rather than translate them back."""
    edit_rates: tuple[EditRate, ...] = ()
    """How much people changed in its drafts, by pairs of languages."""

    @property
    def type(self) -> str:
        return self.document.type or self.name


def standings() -> list[Standing]:
    """How all engines stand, in the order of the file; raises DocumentRefused for a file that cannot be read."""
    configuration = read_configuration(settings().translation_file)
    registered = registry.load_registry(settings().translation_file)
    present, kept, rates = _kept()
    return [
        replace(
            _standing(name, configuration, registered, Usage(**kept[name]) if name in kept else Usage(), present),
            edit_rates=tuple(rate for rate in rates if rate.engine == name),
        )
        for name in configuration.engines
    ]


def _standing(
    name: str, configuration: TranslationDocument, registered: registry.ConfiguredEngines, use: Usage, now: float
) -> Standing:
    document = configuration.engines[name]
    readers = {tag: entry.reader.engine for tag, entry in configuration.languages.items() if entry.reader}
    model, problem, judges = None, registered.left_out.get(name), False
    pairs: tuple[Pair, ...] = ()
    grades: dict[Pair, Grade] = {}
    if name in registered.engines:
        engine = Metered(registered.engines[name], document, MemoryMeter(), cost_cap=CostCap())
        pairs = tuple(engine.pairs())
        problem = None if pairs else NO_PAIRS
        model = _model(engine, pairs)
        judges = engine.judges
        grades = {pair: engine.capabilities.grade_of(*pair) for pair in pairs}
    return Standing(
        name=name,
        document=document,
        pairs=pairs,
        model=model,
        grades=grades,
        problem=problem,
        rests=resting(use, now),
        use=current(use, now),
        judges=judges,
        reads=tuple(tag for tag, reader in readers.items() if reader == name),
    )


def _model(engine: Engine, pairs: tuple[Pair, ...]) -> str | None:
    try:
        return engine.model(*pairs[0]) if pairs else None
    except EngineError:
        return None


def _kept() -> tuple[float, dict[str, Any], list[EditRate]]:
    """The time, and what the ledger knows of engines and of what people changed in their drafts; nothing where there is
    no ledger yet."""
    if not home.ledger_is_there():
        return time.time(), {}, []
    with ledger.read() as connection:
        now = ledger.now(connection)
        return now, engine_usage.every(connection), post_edits.rates(connection, since=now - RATED_DAYS * 86_400)


def rate_as_json(rate: EditRate) -> dict[str, Any]:
    """An edit rate as fields of JSON; `edit_rate` is edits to a word of the approved texts."""
    fields = {"source": rate.source_language, "target": rate.language, "units": rate.units, "changed": rate.changed}
    return fields | {"edits": rate.edits, "words": rate.words, "edit_rate": round(rate.rate, 4)}


def as_json(standing: Standing) -> dict[str, Any]:
    """How an engine stands, as fields of JSON."""
    use, document = standing.use, standing.document
    return {
        "name": standing.name,
        "type": standing.type,
        "pairs": len(standing.pairs),
        "model": standing.model,
        "grades": _by_source(standing.grades),
        "reads": list(standing.reads),
        "edit_rates": [rate_as_json(rate) for rate in standing.edit_rates],
        "problem": standing.problem or unreadable_key(standing),
        "rests": standing.rests,
        "rest_until": use.rest_until if standing.rests else None,
        "failures": use.failures,
        "minute": {"requests": use.minute_requests, "characters": use.minute_characters},
        "per_minute": document.per_minute.model_dump(),
        "month": {"month": use.month, "characters": use.month_characters, "cost": round(use.month_cost, 6)},
        "budget": document.budget.model_dump(),
    }


def _by_source(grades: dict[Pair, Grade]) -> dict[str, dict[str, Grade]]:
    """Grades by source and then by target, as the translation file says them."""
    found: dict[str, dict[str, Grade]] = {}
    for (source, target), grade in sorted(grades.items()):
        found.setdefault(source, {})[target] = grade
    return found


def edit_rates_in_words(standing: Standing) -> str:
    """How much people changed in an engine's drafts, of the pairs with the most words: `en→es 34 % of 1,203 words`."""
    rates = sorted(standing.edit_rates, key=lambda rate: -rate.words)
    said = [f"{rate.source_language}→{rate.language} {rate.rate:.1%} of {rate.words:,} words" for rate in rates]
    more = f"; {len(said) - PAIRS_SHOWN} more" if len(said) > PAIRS_SHOWN else ""
    return "; ".join(one.replace("%", " %") for one in said[:PAIRS_SHOWN]) + more


def grade_in_words(standing: Standing) -> str:
    """What an engine's output is for: `publish`, `draft`, or which pairs have the rarer of the two."""
    count = Counter(standing.grades.values())
    if len(count) < 2:
        return next(iter(count), "")
    [(most, _), (fewer, _)] = count.most_common()
    pairs = sorted(f"{source}→{target}" for (source, target), grade in standing.grades.items() if grade == fewer)
    more = f" and {len(pairs) - PAIRS_SHOWN} more" if len(pairs) > PAIRS_SHOWN else ""
    return f"{most}; {fewer}: {' '.join(pairs[:PAIRS_SHOWN])}{more}"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of the test of an engine."""

    engine: str
    source: str
    target: str
    text: str
    model: str | None = None
    result: str | None = None
    """None if a sentence has none."""
    error: str | None = None
    """The kind of error: Retryable, QuotaUsedUp, Unsupported, Fatal; or `checks` for a result that may not go out."""
    reason: str | None = None
    seconds: float = 0
    units: list[UnitTrial] = field(default_factory=list)
    """Each sentence: what the engine was sent and answered, what the checks found, and the result."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def try_out(name: str, source: str | None, target: str | None, text: str | None) -> Tried:
    """A text through an engine the whole way of a release, whether the engine rests or not; raises NotTestable and
    DocumentRefused.

    It counts as use, and an engine that answers rests no more.
    """
    return try_with(*_registered(name), source, target, text)


def try_with(
    unmetered: Engine, document: EngineDocument, source: str | None, target: str | None, text: str | None
) -> Tried:
    """As `try_out`, with an engine and its entry that need not stand in the translation file."""
    engine = _to_try(unmetered, document)
    pair = pair_of(engine, source, target)
    said = text or SAMPLES.get(pair[0])
    if said is None:
        raise NotTestable(f"say a TEXT in {pair[0]}: there is no sample of it")
    return _tried(engine, source or pair[0], target or pair[1], pair, said)


def _registered(name: str) -> tuple[Engine, EngineDocument]:
    """An engine of the translation file, and its entry there; raises NotTestable and DocumentRefused."""
    document = find(read_configuration(settings().translation_file), name)
    registered = registry.load_registry(settings().translation_file)
    if name not in registered.engines:
        raise NotTestable(f"{name} is left out: {registered.left_out[name]}")
    return registered.engines[name], document


def _to_try(unmetered: Engine, document: EngineDocument) -> Metered:
    """An engine that is asked whether it rests or not, and whose use counts."""
    meter: Meter = LedgerMeter(anyway=True) if home.ledger_is_there() else MemoryMeter()
    return Metered(unmetered, document, meter, cost_cap=CostCap())


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a second reader found in a translation."""

    engine: str
    source: str
    target: str
    text: str
    translation: str
    version: str | None = None
    """With which model it read, and how."""
    score: int | None = None
    """None: it could not judge it."""
    faults: list[Fault] = field(default_factory=list)
    error: str | None = None
    """The kind of error: Retryable, QuotaUsedUp, Unsupported, Unjudged, Fatal."""
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge(name: str, source: str | None, target: str | None, text: str | None, translation: str) -> Judged:
    """What an engine as second reader finds in the translation of a sentence, whether it rests or not; raises
    NotTestable and DocumentRefused. It counts as use."""
    if source is None or target is None or text is None:
        raise NotTestable("a translation is read beside a TEXT, with --from and --to")
    engine, pair = _to_try(*_registered(name)), LanguagePair.of(source, target)
    judges = second_reading.judges_by_itself(engine)
    if why := second_reading.hinders(engine, pair, judges=judges):
        raise NotTestable(f"{name} cannot read {pair}: {why}")
    of = Judged(engine=name, source=source, target=target, text=text, translation=translation)
    try:
        of = replace(of, version=second_reading.version_of(engine, pair, judges=judges))
        unit = ToRead(source=(text,), target=(translation,))
        [faults] = second_reading.faults_of(engine, [unit], pair, judges=judges)
    except EngineError as error:
        return replace(of, error=type(error).__name__, reason=str(error))
    if faults is None:
        return replace(of, error="Unjudged", reason="nothing came back")
    return replace(of, score=score(faults), faults=list(faults))


def find(configuration: TranslationDocument, name: str) -> EngineDocument:
    """The entry of an engine in the translation file; raises NotTestable."""
    if name not in configuration.engines:
        fetch = " (`fanwire engines fetch` brings models for it)" if name == MODELS else ""
        raise NotTestable(f"there is no engine {name!r}{fetch}; there are {', '.join(configuration.engines) or 'none'}")
    return configuration.engines[name]


def pair_of(engine: Engine, source: str | None, target: str | None) -> Pair:
    """What it calls the two languages; of those left open, from English if it can, and into one of the house's."""
    pairs = engine.pairs()
    sources = [source] if source else list(dict.fromkeys(given for given, _ in pairs))
    targets = [target] if target else list(dict.fromkeys(wanted for _, wanted in pairs))
    among = (routing.pair_for(pairs, given, wanted) for given in sources for wanted in targets)
    order = [*known_languages(), *sources, *targets, *(tag for pair in pairs for tag in pair)]
    found = min(filter(None, among), key=lambda pair: (order.index(pair[0]), order.index(pair[1])), default=None)
    if found is None:
        more = f" from {source}" * bool(source) + f" to {target}" * bool(target)
        raise NotTestable(f"{engine.name} cannot translate{more}" if pairs else f"{engine.name} {NO_PAIRS}")
    return found


def _tried(engine: Engine, source: str, target: str, pair: Pair, text: str) -> Tried:
    began = time.monotonic()
    model = error = reason = written = None
    units: list[UnitTrial] = []
    try:
        release = trial_release(source, text)
        languages = languages_of(engine, release, target)
        model = engine.model(*pair)
        found = trial(engine, pair, languages, release)
        units = found.units
        if found.stopped:
            raise found.stopped
        failed = next((unit for unit in units if unit.result is None), None)
        if failed:
            error, reason = "checks", failed.problems[-1] if failed.problems else "it was not asked"
        else:
            written = " ".join(str(unit.result) for unit in units)
    except EngineError as stopped:
        error, reason = type(stopped).__name__, str(stopped)
    except TranslationHeld as held:
        error, reason = "checks", held.reason
    except ValueError:
        raise NotTestable("the text cannot be read: it is empty, or beyond what a release may have") from None
    return Tried(
        engine=engine.name,
        source=source,
        target=target,
        text=text,
        model=model,
        result=written,
        error=error,
        reason=reason,
        seconds=round(time.monotonic() - began, 3),
        units=units,
    )


def languages_of(engine: Engine, release: Release, target: str) -> LanguagePair:
    """The pair of languages as an engine is given it, with the terms of the glossary if there is a ledger."""
    pair = LanguagePair.of(release.language, target, script_only=engine.capabilities.script_only)
    return pair.with_terms(terms_for(release, target)) if home.ledger_is_there() else pair


def cannot_read(standing: Standing) -> str | None:
    """What becomes of the languages whose second reader an engine is, if it cannot read them; None if it can."""
    if standing.problem:
        return f"it cannot be used ({standing.problem}): what engines translate into them stays held"
    if standing.judges:
        return None
    turned = [(target, source) for source, target in standing.pairs]
    lost = [tag for tag in standing.reads if tag != EVERY and not routing.reaches(turned, tag)]
    if not lost:
        return None
    return f"it does not translate back from {', '.join(lost)}: every sentence there waits for a person"


def exposed(document: EngineDocument) -> bool:
    """Whether an engine sends a key to another machine without TLS."""
    parts = urlsplit(document.url or "")
    return bool(document.key) and parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def unreadable_key(standing: Standing) -> str | None:
    """Why an engine cannot be asked from here: `unreadable key: env:KEY is not set`; None if its key can be read, or it
    needs none."""
    try:
        if standing.document.key:
            resolve(standing.document.key, written_by="operator")
    except SecretMissing as error:
        return f"unreadable key: {str(error).removeprefix('secret ')}"
    return None


def unreadable_secrets(standing: Standing) -> Iterator[str]:
    """Say which secrets of an engine cannot be read here, and why."""
    if standing.document.key:
        try:
            resolve(standing.document.key, written_by="operator")
        except SecretMissing as error:
            yield f"{error} (engine {standing.name})"
