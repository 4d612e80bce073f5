"""Planning: who gets a release, and in which languages.

An outlet gets one delivery in each of its languages, if the release and the outlet agree on circuits, countries and
topics. A text serves every variant of its language (`en-US` serves `en`), and no outlet gets a text twice. A correction
also goes to everyone who has, or may have, an older version; a kill goes to exactly those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import artifacts, deliveries, feed_rows, media_rows, outlets, releases, translation_rows
from tasks.ledger.artifacts import RenditionKey, TranslationKey
from tasks.ledger.deliveries import Planned
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.release import Release, Translation, supplied
from tasks.model.states import Hold

Policy = Callable[[str], bool]
"""Whether a translation into a language goes out only after a person has approved it."""


def no_approval(_language: str) -> bool:
    """Approval policy under which no language needs a person's approval."""
    return False


HINT_AGAIN = 10.0
"""Seconds after which the clock hints again at a translation or rendition that nobody has begun."""


@dataclass(frozen=True)
class Plan:
    """What planning found: how many deliveries, and what is to be made first."""

    name: str
    urgency: int
    deliveries: int
    to_translate: list[str]
    to_format: list[str]
    to_fetch: bool = False
    """Whether files of the release are to be fetched."""

    def __str__(self) -> str:
        """For people, without the release."""
        rows, languages = self.deliveries, len(self.to_translate)
        planned = f"{rows:,} {'delivery' if rows == 1 else 'deliveries'} planned"
        return planned + (f", {languages} language{'s' * (languages > 1)} to translate" if languages else "")


def plan(release_id: int, now: float | None = None, policy: Policy = no_approval) -> Plan | None:
    """Write the delivery rows of a release and note what must be made; None if that was done before.

    `now`: seconds since the epoch, by the ledger's clock unless given. `policy` counts as it is now: what is planned
    keeps it.
    """
    with ledger.read() as connection:
        if releases.is_planned(connection, release_id):
            return None
        release = releases.get(connection, release_id)
        everyone = outlets.everyone(connection)
    with ledger.write() as connection:
        now = ledger.now(connection) if now is None else now
        if not releases.start_planning(connection, release_id, now):
            return None
        if not releases.is_newest(connection, release):
            return Plan(
                release.name, release.urgency, 0, [], []
            )  # it came after its own correction: nobody wants it any more
        if release.version > 1:  # first, so that no older row can still be claimed when `_choose` looks who has one
            deliveries.supersede(connection, release.uri, release.version, by_kill=release.status == "canceled")
        if release.status == "canceled":
            feed_rows.withdraw(connection, release.uri, release.version, now)
        return _write(connection, release_id, release, _choose(connection, release, everyone, policy), now)


def matches(release: Release, outlet: Outlet, has: Collection[str] = ()) -> list[str]:
    """The languages in which the outlet gets this release; none if the two do not agree. `has`: the languages in which
    the outlet may have an older version."""
    return _choice(release, outlet, has)[0] if disagreement(release, outlet) is None else []


def disagreement(release: Release, outlet: Outlet) -> str | None:
    """Why the outlet gets this release in no language at all, as the end of "the outlet …"; None if they agree."""
    if release.circuits and not set(release.circuits) & set(outlet.circuits):
        return "is in none of its circuits"
    if release.countries and outlet.country not in release.countries:
        return "is not in its countries"
    if outlet.topics and not set(release.topics) & set(outlet.topics):
        return "takes none of its topics"
    return None


def _choice(release: Release, outlet: Outlet, has: Collection[str]) -> tuple[list[str], dict[str, str]]:
    """The languages of an outlet in which it takes a release with which it agrees, and of each other one why not.

    Of several languages that one text serves it is the one in which the outlet has an older version, so that it can
    correct that; else the one that is nearest to the text, or the first if the text is yet to be translated.
    """
    texts = (release.language, *release.translations)
    refused: dict[str, str] = {}
    by_text: dict[str, list[LanguageTag]] = {}
    for language in outlet.languages:
        if why := _refusal(release, outlet, language):
            refused[language] = why
        else:
            by_text.setdefault(_text_for(release, outlet, language), []).append(language)
    there = {_text_for(release, outlet, language): language for language in has}
    chosen: list[str] = []
    for text, languages in by_text.items():
        nearest = LanguageTag(text).nearest(languages) if text in texts else None
        best = there.get(text) or nearest or languages[0]
        taken = [language for language in languages if language == best or language in has]
        chosen += taken
        refused |= {language: f"gets the same text in {best}" for language in languages if language not in taken}
    return chosen, refused


Choose = Callable[[Outlet, Collection[str]], tuple[list[str], dict[str, str]]]
"""`_choice` for one release: by an outlet and the languages in which it may have an older version."""


def _chooser(release: Release) -> Choose:
    """`_choice` for thousands of outlets, most of which ask for the same few languages."""
    known: dict[tuple[Any, ...], tuple[list[str], dict[str, str]]] = {}

    def choose(outlet: Outlet, has: Collection[str]) -> tuple[list[str], dict[str, str]]:
        if has:
            return _choice(release, outlet, has)
        same = (*outlet.languages, outlet.variants, outlet.machine_translation)
        if same not in known:
            known[same] = _choice(release, outlet, ())
        return known[same]

    return choose


def _refusal(release: Release, outlet: Outlet, language: LanguageTag) -> str | None:
    """Why an outlet takes no text in a language that there could be for it, as the end of "the outlet …"."""
    exact = outlet.variants == "exact"
    if release.written_for(language, exact=exact):
        return None
    if exact and release.written_for(language):
        return f"takes no other variant of {language}"
    return "takes no machine translation" if outlet.machine_translation == "refuse" else None


def _text_for(release: Release, outlet: Outlet, language: str) -> str:
    """Which text an outlet gets for a language: the tag of one that the producer wrote, else of the translation."""
    exact, tag = outlet.variants == "exact", LanguageTag(language)
    return release.written_for(tag, exact=exact) or (tag.shortest if exact else tag.without_territory)


@dataclass(frozen=True, slots=True)
class Match:
    """In which languages an outlet is to get a release, and for each language in which it is not, why."""

    outlet: Outlet
    languages: list[str]
    refused: dict[str, str]


def audience(connection: Connection, release_id: int) -> list[Match]:
    """Every outlet, as it stands now, with what planning would decide for it."""
    return audience_of(connection, releases.get(connection, release_id))


def audience_of(connection: Connection, release: Release) -> list[Match]:
    """The audience of a release that need not be in the ledger."""
    reached = deliveries.may_have(connection, release.uri, release.version) if release.version > 1 else {}
    found, choose = [], _chooser(release)
    for outlet in outlets.everyone(connection):
        wanted = _wanted(release, outlet, reached, choose)
        why = "never got it" if release.status == "canceled" else disagreement(release, outlet)
        reasons = {} if why else choose(outlet, reached.get(outlet.id, []))[1]
        left = [language for language in outlet.languages if language not in wanted]
        found.append(Match(outlet, wanted, {language: why or reasons[language] for language in left}))
    return found


def _choose(connection: Connection, release: Release, everyone: Collection[Outlet], policy: Policy) -> list[Planned]:
    """The deliveries of a release, each outlet and language once."""
    reached = deliveries.may_have(connection, release.uri, release.version) if release.version > 1 else {}
    approval = to_approve(release, policy)
    choose, not_active = _chooser(release), outlets.not_active(connection)  # as they are in this transaction
    stand = {outlet.id: not_active.get(outlet.id, ("active", None)) for outlet in everyone}
    return [
        Planned(
            outlet_id=outlet.id,
            language=language,
            format=outlet.format,
            hold=_first_hold(stand[outlet.id][0]),
            detail=stand[outlet.id][1],
            approval=approval(outlet, language),
        )
        for outlet in everyone
        if stand[outlet.id][0] != "removed"
        for language in _wanted(release, outlet, reached, choose)
    ]


def to_approve(release: Release, policy: Policy) -> Callable[[Outlet, str], bool]:
    """Whether a person must approve what an outlet gets in a language: never what the producer wrote, and no kill.

    An outlet that refuses machine translation gets one only as a correction of what the producer wrote.
    """
    asked = cache(policy)

    def approval(outlet: Outlet, language: str) -> bool:
        if release.status == "canceled" or release.text_in(language) is not None:
            return False
        return outlet.machine_translation != "accept" or asked(language)

    return approval


def _wanted(release: Release, outlet: Outlet, reached: dict[str, list[str]], choose: Choose) -> list[str]:
    """The languages in which it matches, and (all that a kill has) those in which it may have an older version."""
    has = reached.get(outlet.id, [])
    matching = release.status != "canceled" and disagreement(release, outlet) is None
    wanted = choose(outlet, has)[0] if matching else []
    return wanted + [language for language in has if language not in wanted]


def _first_hold(status: str) -> Hold:
    """What a row is held for at first, by the status of its outlet; from an embargo `promote` and `lift_embargoes` move
    it on, at once if there is none."""
    return Hold.EMBARGO if status == "active" else Hold.of_outlet(status)


def _write(connection: Connection, release_id: int, release: Release, rows: list[Planned], now: float) -> Plan:
    """Write everything in the caller's transaction: the deliveries, and the artifacts that they need."""
    deliveries.plan(connection, release_id, release.version, release.urgency, rows)
    ready, missing = [], []
    for language in sorted({row.language for row in rows}):
        translation = _at_hand(connection, release, language)
        if translation is None:
            missing.append(language)
        else:
            ready.append(translation)
    translation_rows.insert_finished(connection, release_id, ready, now=now)
    translations = [TranslationKey(release_id, language) for language in missing]
    renditions = sorted({RenditionKey(release_id, row.language, row.format) for row in rows})
    artifacts.want(connection, [*translations, *renditions], hint_at=now + HINT_AGAIN)
    deliveries.begin(connection, release_id, now)
    lacking = not media_rows.all_there(connection, release_id)
    languages = [str(translation.language) for translation in ready]
    return Plan(release.name, release.urgency, len(rows), missing, languages, to_fetch=bool(rows) and lacking)


def _at_hand(connection: Connection, release: Release, language: str) -> Translation | None:
    """The translation that no engine needs to make.

    A kill never waits for an engine: it carries the headline under which the outlet knows the release.
    """
    translation = supplied(release, language)
    if translation is None and release.status == "canceled":
        known = translation_rows.known_to_outlets(connection, release.uri, language)
        return known.model_copy(update={"body_html": "", "subheadline": None}) if known else None
    return translation
