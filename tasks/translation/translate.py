"""The way of a text: how a release gets into one more language, from top to bottom.

    read       a text of the release becomes passages: headline, subheadline, each run of text in the body, what its
               contacts are, and what is said of its pictures and other files
    protect    what no engine may change becomes opaque in them: names and addresses as they are; amounts and dates
               already written for the target language; glossary terms as their translation
    segment    passages become units, one sentence each (after `protect`, so that `Acme Inc.` ends no sentence)
    recall     units that are known get their translation: a person approved it, or an earlier version of the release,
               or an earlier try at this one, had it
    translate  the units still open go to one engine after the other; each answer is
    restore        brought back into the shape of its unit,
    check          checked, and asked for again in another way when it fails (fallbacks.py),
    typeset        and set as its language sets numbers, quotation marks and spaces (after `check`, which compares the
                   numbers with the source's; typesetting rewrites them by rule and moves no word)
    read       a second reader, where the translation file names one, compares what engines made with its source
               (meaning/second_reading.py)
    assemble   units become passages again, and passages headline and body

Source text is never passed off as a translation. One unit that stays open holds the whole translation, with the reason;
the other units are kept, so that the next try asks engines for nothing twice. A translation is as good as the worst of
its units: if an engine of grade draft made one (grades.py), or the second reader doubts one, it goes out only after a
person has approved it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from tasks.model.markup import clean_html
from tasks.model.release import Release, Translation, supplied
from tasks.translation import checks, doubtful_texts, fallbacks, routing, typography
from tasks.translation.alignment.links import Align
from tasks.translation.bounds import Deadline
from tasks.translation.drafts import PERSON, Draft, RefusedDraft, Resources, Translator, UnitResult, draft_waits
from tasks.translation.engine_support import registry
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import EngineError, QuotaUsedUp, Retryable, TranslationHeld
from tasks.translation.fallbacks import EngineJob, Outcome
from tasks.translation.grades import DRAFT, PUBLISH
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import second_reading
from tasks.translation.memory import packing
from tasks.translation.memory.entries import APPROVED, Memory
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, composed, joined, shown, spans, strip
from tasks.translation.places import place_in
from tasks.translation.protection import glossary, masking
from tasks.translation.routing import Route, Start
from tasks.translation.segmentation import runs, units
from tasks.translation.segmentation.units import FIRST_ROLE, HEADLINE, PLACE, SUBHEADLINE, Passages, Unit


def translate(release: Release, language: str, *, engines: Sequence[Engine] | None = None) -> Translation:
    """`release` in `language` by these engines alone (None: those that ship), no memory; raises TranslationHeld."""
    among = list(registry.engines().values()) if engines is None else engines
    found = draft(release, language, Resources(among))
    if found.translation is None:
        raise TranslationHeld(found.reason or "no reason is known", again=found.again)
    return found.translation


def draft(release: Release, language: str, resources: Resources) -> Draft:
    """`release` in `language` (a normalised tag): the producer's own text if there is one, else a translation; without
    one the draft says why, and how far its units are.

    Engines that start from the same text of the release help each other out, unit by unit. Another text is started from
    only if that was not enough: units stayed open, or engines of grade draft had to help and another text would lead to
    engines of grade publish. Nothing is started once `bounds.SECONDS` have passed.
    """
    given = supplied(release, language)
    if given:
        return Draft(source=given.language, target=language, translation=given)
    deadline = Deadline(resources.time_source)
    drafts: list[Draft] = []
    made: Draft | None = None
    for start in routing.starts(release, language, resources.engines):
        if drafts and deadline.passed:
            break
        if made and not start.publishes:
            continue
        drafts.append(draft_from(start, release, resources, deadline))
        if drafts[-1].translation:
            made = made if made and (drafts[-1].drafted_by or drafts[-1].doubts) else drafts[-1]
            if not made.drafted_by and not made.doubts:
                break
    if made:
        return made
    best = min(drafts, key=lambda one: sum(unit.open for unit in one.units) if one.units else inf)
    return Draft(
        source=best.source,
        target=language,
        units=best.units,
        reason="; then ".join(one.reason for one in drafts if one.reason),
        again=any(one.again for one in drafts),
        no_engine=all(one.no_engine for one in drafts),
    )


def draft_from(start: Start, release: Release, resources: Resources, deadline: Deadline) -> Draft:
    """The draft that all steps together make of one text of the release; what stops a step is the draft's reason."""
    pair = start.pair.with_terms(resources.terms).with_near(resources.near)
    results: list[UnitResult] = []
    doubts: list[str] = []

    def held(reason: str, *, again: bool = False, no_engine: bool = False) -> Draft:
        so_far = Draft(source=pair.source, target=pair.target, units=tuple(results), reason=reason)
        return replace(so_far, again=again, no_engine=no_engine)

    try:
        text = read(release, pair)
        passages = protect(text, release, pair, deadline)
        found = segment(passages, pair, resources.memory)
        results = recall(found, pair, resources, drafts=not start.publishes)
        failures: list[Failure] = []
        doubted: list[UnitResult] = []
        for route in start.routes:
            if not any(result.open for result in results) or (failures and deadline.passed):
                break
            results, failure, doubt = translate_open(results, route, pair, resources, deadline)
            failures += [failure] if failure else []
            if doubt:  # the next engine gets all of it; what nobody makes better stays, for a person to read
                doubts.append(doubt)
                doubted += [result for result in results if result.doubtful]
                results = [replace(one, text=(), doubtful=False) if one.doubtful else one for one in results]
        results = _with_doubted(results, doubted)
        doubts = doubts if any(result.doubtful for result in results) else []
        if any(result.open for result in results):
            if not start.routes:
                return held(f"no engine for {pair}; supply a translation", no_engine=True)
            return held("; then ".join(map(str, failures)), again=any(failure.again for failure in failures))
        drafted_by = _drafted_by(results, pair, resources)
        awaited = [failure for failure in failures if failure.awaited]
        if drafted_by and awaited:
            return held(f"{'; then '.join(map(str, awaited))}; until then {draft_waits(drafted_by)}", again=True)
        doubts = doubts or _earlier_doubts(results)
        results, stopped = read_again(results, pair, resources, deadline)
        if stopped and not drafted_by and not doubts:  # a draft waits for a person anyway
            return held(stopped.reason, again=stopped.again)
        translation = assemble(text, results, pair)
    except TranslationHeld as error:  # of `read`, `protect` and `assemble`: no engine is to blame
        return held(f"{pair}: {error.reason}", again=error.again)
    except Retryable as error:  # the time was up in `protect`; what an engine raises is a failure of its route
        return held(f"{pair}: {error}", again=True)
    return Draft(
        source=pair.source,
        target=pair.target,
        units=tuple(results),
        translation=translation,
        drafted_by=drafted_by,
        doubts=tuple(doubts),
    )


def _with_doubted(results: Sequence[UnitResult], doubted: Sequence[UnitResult]) -> list[UnitResult]:
    """The results with the doubtful translations, the first one first, of units that are still open."""
    by_unit = {id(one.unit): one for one in reversed(doubted)}
    return [by_unit.get(id(result.unit), result) if result.open else result for result in results]


def _earlier_doubts(results: Sequence[UnitResult]) -> list[str]:
    """What is doubtful of an earlier try, or of an earlier version of the release."""
    doubtful = [result for result in results if result.doubtful]
    names = " and ".join(dict.fromkeys(one.translator.engine for one in doubtful if one.translator))
    return [f"{names}: {len(doubtful)} sentences stood among too many that look wrong"] if doubtful else []


def _drafted_by(results: Sequence[UnitResult], pair: LanguagePair, resources: Resources) -> tuple[str, ...]:
    """The engines of grade draft that made units."""
    made = {(one.translator, one.drafted): None for one in results if one.translator and one.translator != PERSON}
    drafts = (by.engine for by, drafted in made if resources.grade_of(by, pair, drafted=drafted) == DRAFT)
    return tuple(dict.fromkeys(drafts))


# --- read, protect, segment


@dataclass(frozen=True)
class SourceText:
    """One text of a release, taken apart."""

    original: Translation
    body: runs.Element
    """The blocks of the body, with a run wherever there is text."""
    passages: Passages


def read(release: Release, pair: LanguagePair) -> SourceText:
    """The text of `release` in the source language, taken apart; raises TranslationHeld for a run longer than
    `bounds.MAX_CHARACTERS` or with more than `bounds.MAX_INLINES` elements."""
    original = supplied(release, pair.source)
    assert original is not None, "routes start from texts that the release has"
    body = runs.read(original.body_html, pair.source)
    return SourceText(original, body, units.passages_of(original, body, with_place=pair.script_only))


def protect(text: SourceText, release: Release, pair: LanguagePair, deadline: Deadline) -> Passages:
    """The passages with everything opaque that no engine may change, without those in which there is nothing to see.

    Raises TranslationHeld for too many names and terms, and Retryable when the time is up.
    """
    # names are looked for in all that a reader sees; the rules will be applied only to what is not opaque yet
    whole = composed("\n".join(shown(passage.text) for passage in text.passages.values()))
    words = "\n".join(piece for passage in text.passages.values() for piece in passage.text if isinstance(piece, str))
    rules = masking.rules_for(pair, release, whole, within=words)
    protected: Passages = {}
    for number, passage in text.passages.items():
        deadline.check()
        masked = masking.mask(passage.text, rules)
        if strip(masked):
            protected[number] = passage.with_text(masked)
    return protected


def segment(passages: Passages, pair: LanguagePair, memory: Memory) -> list[Unit]:
    """The units of protected passages, in order: one sentence each, or a whole passage that a person approved as one.

    The memory is asked here already, for these whole passages; for all units `recall` asks it.
    """
    approved = memory.recall(units.keys_of(passages, pair), APPROVED)
    return units.cut(passages, pair, approved)


# --- recall


def recall(found: Sequence[Unit], pair: LanguagePair, resources: Resources, *, drafts: bool = True) -> list[UnitResult]:
    """The units with the translations that need no engine: of units without words, of those that a person approved (in
    this variant of the language, else in another), and of those that an earlier version of the release, or an earlier
    try at this one, had. `drafts`: also what engines of grade draft made there."""
    results = [UnitResult(unit=unit, text=fallbacks.without_engine(unit.text, pair)) for unit in found]
    approved = resources.memory.recall({key for unit in found for key in (*unit.keys, *unit.near_keys)}, APPROVED)
    results = _recalled(results, approved, PERSON, pair)
    kinds = dict.fromkeys((one.translator, one.drafted, one.doubtful) for one in resources.earlier.values())
    for kind in sorted(kinds, key=lambda kind: kind[1:]):
        translator, drafted, doubtful = kind
        if not drafts and resources.grade_of(translator, pair, drafted=drafted) == DRAFT:
            continue
        theirs = {
            key: unit.packed
            for key, unit in resources.earlier.items()
            if (unit.translator, unit.drafted, unit.doubtful) == kind
        }
        results = _recalled(results, theirs, translator, pair, drafted=drafted, doubtful=doubtful)
    return results


def _recalled(
    results: Sequence[UnitResult],
    known: Mapping[str, str],
    translator: Translator,
    pair: LanguagePair,
    *,
    drafted: bool = False,
    doubtful: bool = False,
) -> list[UnitResult]:
    """The results with those open units closed that are `known` (memory key to packed translation), if it fits them.

    A translation that fails its check is passed over in silence, one that a person approved too: the unit stays open.
    """

    def close(result: UnitResult) -> UnitResult:
        unit = result.unit
        text = packing.first_that_fits(unit.text, (*unit.keys, *unit.near_keys), known) if result.open else None
        if not text or check(unit.text, text, pair, by_person=translator == PERSON):
            return result
        return UnitResult(unit=unit, text=text, translator=translator, drafted=drafted, doubtful=doubtful)

    return [close(result) for result in results] if known else list(results)


# --- translate, restore, check, typeset


@dataclass(frozen=True)
class Failure:
    """Why an engine left units open."""

    reason: str
    again: bool = False
    """Whether it may work later."""
    awaited: bool = False
    """Whether it is worth waiting for rather than have a person read a draft: it is of grade publish, and only away."""

    def __str__(self) -> str:
        return self.reason


def translate_open(
    results: Sequence[UnitResult], route: Route, pair: LanguagePair, resources: Resources, deadline: Deadline
) -> tuple[list[UnitResult], Failure | None, str | None]:
    """The results after one engine got every open unit; why, if it left some of them open; and the doubt about all of
    them, if too many look wrong.

    What this engine with this model translated before comes from the memory; it is asked for the rest only.
    """
    blame = f"{route.engine.name} {pair}: "
    try:
        translator = Translator(route.engine.name, route.engine.model(*route.pair))
        keys = {key for result in results if result.open for key in result.unit.keys}
        known, drafted = resources.memory.recall(keys, str(translator)), route.grade == DRAFT
        results = _recalled(results, known, translator, pair, drafted=drafted)
    except EngineError as error:
        return list(results), _stopped(route, blame, error), None

    texts = [result.unit.text for result in results if result.open]
    align = resources.lexicon(pair) if _needs_lexicon(route.engine, texts) else None
    job = engine_job(route.engine, route.pair, pair, deadline, align, for_a_person=route.grade == DRAFT)
    refused: dict[str, Text] = {}
    noting = replace(job, accept=_noting(job, pair, refused))
    answered = fallbacks.translate_texts(noting, texts)
    outcomes = iter(answered.outcomes)
    asked = [outcome for outcome in answered.outcomes if outcome is not None]
    # of a draft also those that it made before, so that a later try says the same share; they looked right
    before = [
        result for result in results if route.grade == DRAFT and not result.open and result.translator == translator
    ]
    found = doubtful_texts.doubt([*(outcome.looks_wrong for outcome in asked), *(False for _ in before)])
    # what is doubtful must not come from the memory as if nothing were; of a draft a person reads every sentence anyway
    remember = not route.engine.capabilities.read_together and (not found or route.grade == DRAFT)

    def close(result: UnitResult) -> UnitResult:
        outcome = next(outcomes)
        if outcome is None:  # the engine was stopped before it was asked for this unit
            return replace(result, translator=translator, problem=str(answered.stopped))
        draft = result.refused
        if outcome.problem and (outcome.text or not draft):
            draft = _refused(result.unit, outcome, refused, translator, pair)
        return UnitResult(
            unit=result.unit,
            text=outcome.text,
            translator=translator,
            remember=remember and not outcome.problem,
            problem=outcome.problem,
            refused=draft if outcome.problem else None,
            drafted=drafted,
            doubtful=bool(found and outcome.text),
        )

    results = [close(result) if result.open else result for result in results]
    left = [result for result in results if result.open]
    wrong = next((result for result in results if result.problem and result.translator == translator), None)
    first = f"{wrong.unit.name}: {wrong.problem}" if wrong else ""
    doubt = f"{blame}{found}, the first in {first}" if found else None
    if answered.stopped is not None:
        return results, _stopped(route, blame, answered.stopped), doubt
    if not left:
        return results, None, doubt
    more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
    return results, Failure(f"{doubt}; an editor must look" if doubt else f"{blame}{first}{more}"), doubt


def _needs_lexicon(engine: Engine, texts: Sequence[Text]) -> bool:
    """Whether there are inline elements for an engine that knows nothing of them, and may not know where words went."""
    asked = engine.capabilities.inline in ("aligned", "plain", "placeholder")
    return asked and any(isinstance(piece, Open) for text in texts for piece in text)


def _noting(job: EngineJob, pair: LanguagePair, refused: dict[str, Text]) -> Callable[[Text, Text], Outcome]:
    """The `accept` of a job, which also notes what it refuses, by the words of the source; of several answers to the
    same text the first one in which no element is lost."""

    def accept(source: Text, answer: Text) -> Outcome:
        outcome = job.accept(source, answer)
        if outcome.problem:
            restored, said = restore(source, answer), _as_said(source)
            if said not in refused or checks.problem_with_structure(source, refused[said], pair):
                refused[said] = restored
        return outcome

    return accept


def _as_said(source: Text) -> str:
    """The words of a source text, the same whichever of its pieces are hidden from an engine."""
    return "".join(
        piece if isinstance(piece, str) else (piece.said or piece.shown) if isinstance(piece, Opaque) else ""
        for piece in source
    )


def _refused(
    unit: Unit, outcome: Outcome, refused: Mapping[str, Text], translator: Translator, pair: LanguagePair
) -> RefusedDraft | None:
    """What an editor may start from, and what is wrong with it; None where the engine gave nothing to see."""
    text = outcome.text or refused.get(_as_said(unit.text), ())
    # numbers that were hidden from the engine are words of the sentence
    text = joined(
        piece.shown if isinstance(piece, Opaque) and piece.kind == "number" and piece not in unit.text else piece
        for piece in text
    )
    if not shown(text):
        return None
    if not outcome.text and not checks.problem_with_structure(unit.text, text, pair):
        text = typography.typeset(text, unit.text, pair)
    faults = checks.problems_with(unit.text, text, pair)
    term = glossary.problem(text, pair.terms)
    faults += [checks.Problem("term", term)] if term else []
    return RefusedDraft(text, translator, tuple(faults) or (checks.Problem("answer", str(outcome.problem)),))


def _stopped(route: Route, blame: str, error: EngineError) -> Failure:
    """Why an engine was stopped. A budget may be used up for weeks, so nobody waits for its end."""
    away = isinstance(error, Retryable)
    again = away or isinstance(error, QuotaUsedUp)
    return Failure(f"{blame}{error}", again=again, awaited=away and route.grade == PUBLISH)


def engine_job(
    engine: Engine,
    called: Pair,
    pair: LanguagePair,
    deadline: Deadline,
    align: Align | None = None,
    *,
    for_a_person: bool = False,
) -> EngineJob:
    """The job of an engine which calls the two languages `called`: to translate, and have each answer restored, checked
    and typeset. `align`: see EngineJob. `for_a_person`: a person reads it anyway, so what is wrong with single words
    is a problem and no obstacle."""

    def accept(source: Text, answer: Text) -> Outcome:
        deadline.check()  # the Retryable that it raises stops the engine: fallbacks.translate_texts catches it
        restored = restore(source, answer)
        problem = check(source, restored, pair)
        if not problem:
            return Outcome(typography.typeset(restored, source, pair))
        kinds = {found.check for found in checks.problems_with(source, restored, pair)}
        readable = (
            for_a_person
            and kinds
            and kinds <= doubtful_texts.FOR_A_PERSON
            and not glossary.problem(restored, pair.terms)
        )
        text = typography.typeset(restored, source, pair) if readable else ()
        return Outcome(text, problem, looks_wrong=doubtful_texts.is_of_language(kinds))

    return EngineJob(engine=engine, called=called, pair=pair, deadline=deadline, accept=accept, align=align)


def restore(source: Text, answer: Text) -> Text:
    """Return an engine's answer in the shape of its source: no white space at its ends, and a link around nothing but
    an address or a name is so again (`<a>à x@y.example</a>` becomes `à <a>x@y.example</a>`)."""
    answer = strip(joined(answer))
    where = spans(answer)
    pieces: list[Piece] = []
    last = 0
    for id, span in sorted(spans(source).items(), key=lambda found: where.get(found[0], slice(0)).start or 0):
        wanted, found = source[span], answer[where[id]] if id in where else ()
        if len(wanted) != 1 or not isinstance(wanted[0], Opaque) or wanted[0] not in found or len(found) == 1:
            continue
        if any(not isinstance(piece, str | Opaque) for piece in found):
            continue
        at = found.index(wanted[0])
        tight = (*found[:at], Open(id), wanted[0], Close(id), *found[at + 1 :])
        pieces += [*answer[last : where[id].start - 1], *tight]
        last = where[id].stop + 1
    return joined([*pieces, *answer[last:]])


def check(source: Text, target: Text, pair: LanguagePair, *, by_person: bool = False) -> str | None:
    """What is wrong with `target`, the translation of `source`; None if it may go out.

    Text that a person approved is checked only for structure and forbidden words.
    """
    find = checks.problem_with_structure if by_person else checks.problem_with
    return find(source, target, pair) or glossary.problem(target, pair.terms)


# --- read again


def read_again(
    results: Sequence[UnitResult], pair: LanguagePair, resources: Resources, deadline: Deadline
) -> tuple[list[UnitResult], Failure | None]:
    """The results with what the second reader found in them; and why, if it could not read them all."""
    reader = resources.second_reader
    if reader is None:
        return list(results), None
    read, error = second_reading.read(results, pair, reader, resources.earlier, deadline)
    if error is None:
        return read, None
    again = isinstance(error, Retryable | QuotaUsedUp)
    return read, Failure(f"the second reader {reader.name} {pair}: {error}", again=again)


# --- assemble


def assemble(text: SourceText, results: Sequence[UnitResult], pair: LanguagePair) -> Translation:
    """The translation, of the results of all its units; raises TranslationHeld if the whole body fails its check."""
    pieces: dict[int, list[Piece]] = {number: [] for number in text.passages}
    for result in results:
        unit = result.unit
        pieces[unit.passage] += [unit.before, *typography.finished(result.text, unit.text, pair.target), unit.after]
    # a passage that `protect` left out has no units, and nothing in it to see: it stays as it is
    texts = {number: joined(parts) or text.passages[number].text for number, parts in pieces.items()}
    try:
        body_html = clean_html(runs.write(text.body, texts, pair.target))
        problem = checks.problem_in_body(text.original.body_html, body_html)
    except ValueError as error:  # it grew beyond what a body may hold
        problem = f"its body {error}"
    if problem:
        raise TranslationHeld(problem)
    engine, model, status = _provenance(results)
    place = text.original.dateline_place
    return Translation(
        language=pair.target,
        headline=shown(texts[HEADLINE]),
        subheadline=shown(texts[SUBHEADLINE]) if SUBHEADLINE in texts else None,
        body_html=body_html,
        dateline_place=shown(texts[PLACE]) if PLACE in texts else place and place_in(place, pair.source, pair.target),
        contact_roles=[shown(texts.get(FIRST_ROLE - at, ())) for at in range(len(text.original.contact_roles))],
        media=units.media_of(text.original, body_html, lambda number: shown(texts.get(number, ()))),
        engine=engine,
        model=model,
        source=pair.source,
        status=status,
    )


def _provenance(results: Sequence[UnitResult]) -> tuple[str, str | None, Literal["checked", "approved"]]:
    """Engines, models and status; the engine that translated the most units comes first."""
    translators = [result.translator for result in results if result.translator]
    machines = sorted(
        {one for one in translators if one != PERSON}, key=lambda one: (-translators.count(one), str(one))
    )
    if not machines:
        return "memory", None, "approved" if translators else "checked"
    model = "; ".join(dict.fromkeys(machine.model for machine in machines if machine.model))
    return "+".join(dict.fromkeys(machine.engine for machine in machines)), model or None, "checked"
