"""Planning: who gets a release, and in which languages.

An outlet gets one delivery in each of its languages, if the release and the outlet agree on circuits, countries and
topics. A text serves every variant of its language (`en-US` serves `en`), and no outlet gets a text twice. A correction
also goes to everyone who has, or may have, an older version; a kill goes to exactly those.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import (
    artifacts,
    deliveries,
    feed_rows,
    media_rows,
    outlet_profiles,
    outlets,
    releases,
    translation_rows,
)
from tasks.ledger.artifacts import RenditionKey
from tasks.ledger.deliveries import Planned
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.profile import Interests, Profile
from tasks.model.release import Release, Translation, supplied

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


FIRST_CHUNK, CHUNK = 200, 5_000
"""Outlets whose deliveries are written in one transaction: at first, and then."""
LOOKED_AT = 500
"""Outlets among which those of the first chunk are found."""
Prepare = Callable[[int, str, Collection[str]], object]
"""Builds the renditions of a release (its number) in a language, whose text is there, and these formats."""


def plan(
    release_id: int,
    now: float | None = None,
    policy: Policy = no_approval,
    *,
    prepare: Prepare | None = None,
    written: Callable[[Plan, bool], object] = lambda _plan, _due: None,
    counted: Callable[[Plan], object] = lambda _plan: None,
) -> Plan | None:
    """Write the delivery rows of a release and note what must be made; None if that was done before.

    `now`: seconds since the epoch, by the ledger's clock unless given. `policy` counts as it is now: what is planned
    keeps it. Rows are written in chunks, each with all that an outlet gets, and the release counts as planned with the
    last one: whoever plans it after a crash goes on with the outlets that have nothing yet. `written` is called after
    each chunk, with whether deliveries are due by it; of a first version the first chunk is written before anybody
    counts, and its Plan says no more than the name and the urgency. `counted` is called once, when the ledger says all
    that is to be built. `prepare` is called before each chunk, for the languages that the release itself is in, so that
    these deliveries need not wait; not if there are pictures, whose addresses another process signs.
    """
    with ledger.read() as connection:
        if releases.is_planned(connection, release_id):
            return None
        release = releases.get(connection, release_id)
        outdated = not releases.is_newest(connection, release)
    planning = _Planning(release_id, release, policy, now)
    if outdated:
        return planning.drop()
    planning.end_older()
    for chunk, last in planning.chunks(counted):
        if prepare and not release.media:
            planning.build(prepare, chunk)
        due = planning.write(chunk, last=last)
        if due is None:
            return planning.drop()
        written(planning.plan, due)
    return planning.plan


def matches(release: Release, outlet: Interests, has: Collection[str] = ()) -> list[str]:
    """The languages in which the outlet gets this release; none if the two do not agree. `has`: the languages in which
    the outlet may have an older version."""
    return _choice(release, outlet, has)[0] if disagreement(release, outlet) is None else []


def disagreement(release: Release, outlet: Interests) -> str | None:
    """Why the outlet gets this release in no language at all, as the end of "the outlet …"; None if they agree."""
    if release.circuits and not set(release.circuits) & set(outlet.circuits):
        return "is in none of its circuits"
    if release.countries and outlet.country not in release.countries:
        return "is not in its countries"
    if outlet.topics and not set(release.topics) & set(outlet.topics):
        return "takes none of its topics"
    return None


def _choice(release: Release, outlet: Interests, has: Collection[str]) -> tuple[list[str], dict[str, str]]:
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


Choose = Callable[[Interests, Collection[str]], tuple[list[str], dict[str, str]]]
"""`_choice` for one release: by an outlet and the languages in which it may have an older version."""


def _chooser(release: Release) -> Choose:
    """`_choice` for thousands of outlets, most of which ask for the same few languages."""
    known: dict[tuple[Any, ...], tuple[list[str], dict[str, str]]] = {}

    def choose(outlet: Interests, has: Collection[str]) -> tuple[list[str], dict[str, str]]:
        if has:
            return _choice(release, outlet, has)
        same = (*outlet.languages, outlet.variants, outlet.machine_translation)
        if same not in known:
            known[same] = _choice(release, outlet, ())
        return known[same]

    return choose


def _refusal(release: Release, outlet: Interests, language: LanguageTag) -> str | None:
    """Why an outlet takes no text in a language that there could be for it, as the end of "the outlet …"."""
    exact = outlet.variants == "exact"
    if release.written_for(language, exact=exact):
        return None
    if exact and release.written_for(language):
        return f"takes no other variant of {language}"
    return "takes no machine translation" if outlet.machine_translation == "refuse" else None


def _text_for(release: Release, outlet: Interests, language: str) -> str:
    """Which text an outlet gets for a language: the tag of one that the producer wrote, else of the translation."""
    exact, tag = outlet.variants == "exact", LanguageTag(language)
    return release.written_for(tag, exact=exact) or (tag.shortest if exact else tag.without_territory)


@dataclass(frozen=True, slots=True)
class Match:
    """In which languages an outlet is to get a release, and for each language in which it is not, why."""

    outlet: Outlet
    languages: list[str]
    refused: dict[str, str]
    count: int = 1
    """How many outlets it stands for, which are alike in all that planning asks for."""


def audience(connection: Connection, release_id: int) -> list[Match]:
    """Every outlet, as it stands now, with what planning would decide for it."""
    return audience_of(connection, releases.get(connection, release_id))


def audience_of(connection: Connection, release: Release) -> list[Match]:
    """The audience of a release that need not be in the ledger."""
    reached = deliveries.may_have(connection, release.uri, release.version) if release.version > 1 else {}
    found, choose = [], _chooser(release)
    for outlet in outlets.everyone(connection):
        wanted = _wanted(release, outlet, reached.get(outlet.id, []), choose)
        why = "never got it" if release.status == "canceled" else disagreement(release, outlet)
        reasons = {} if why else choose(outlet, reached.get(outlet.id, []))[1]
        left = [language for language in outlet.languages if language not in wanted]
        found.append(Match(outlet, wanted, {language: why or reasons[language] for language in left}))
    return found


def to_approve(release: Release, policy: Policy) -> Callable[[Interests, str], bool]:
    """Whether a person must approve what an outlet gets in a language: never what the producer wrote, and no kill.

    An outlet that refuses machine translation gets one only as a correction of what the producer wrote.
    """
    asked, written = cache(policy), cache(lambda language: release.text_in(language) is not None)

    def approval(outlet: Interests, language: str) -> bool:
        if release.status == "canceled" or written(language):
            return False
        return outlet.machine_translation != "accept" or asked(language)

    return approval


def _wanted(release: Release, outlet: Interests, has: Collection[str], choose: Choose) -> list[str]:
    """The languages in which it matches, and (all that a kill has) those in which it may have an older version."""
    matching = release.status != "canceled" and disagreement(release, outlet) is None
    wanted = choose(outlet, has)[0] if matching else []
    return wanted + [language for language in has if language not in wanted]


def audience_alike(connection: Connection, release: Release) -> list[Match]:
    """The outlets that a first version of a release reaches, of those that are alike only one, whose id and name mean
    nothing: it costs what there is of different outlets."""
    choose = _chooser(release)
    return [
        Match(_example(number, form, status), languages, {}, count)
        for number, ((form, status), count) in enumerate(outlet_profiles.counted(connection, release).items())
        if (languages := choose(form, ())[0])
    ]


def _example(number: int, form: Profile, status: str) -> Outlet:
    fields = {name: getattr(form, name) for name in form.__slots__}
    return Outlet.model_construct(**fields | {"id": str(number), "name": "", "status": status})


_Rows = tuple[str, tuple[tuple[str, bool], ...]]
"""What many outlets get alike: the format, and each language with whether a person must approve it first."""


_Chunk = list[tuple[_Rows, list[str]]]
"""Outlets whose rows are written together."""


class _Planning:
    """The planning of one release: what was found, and the steps that write it."""

    def __init__(self, release_id: int, release: Release, policy: Policy, now: float | None) -> None:
        self.plan = Plan(release.name, release.urgency, 0, [], [])
        self._texts: list[Translation] = []
        """Those that are there."""
        self._rows: dict[_Rows, list[str]] = {}
        """Which outlets get what."""
        self._release_id, self._release, self._policy, self._now = release_id, release, policy, now
        self._takes = _taker(release, policy)
        self._built: dict[str, set[str]] = {}
        self._begun_before: bool | None = None

    def drop(self) -> Plan | None:
        """Mark a release planned that came after its own correction: nobody wants it any more. None if it was marked
        before."""
        with ledger.write() as connection:
            marked = releases.start_planning(connection, self._release_id, self._moment(connection))
        return Plan(self._release.name, self._release.urgency, 0, [], []) if marked else None

    def end_older(self) -> None:
        """End what is open of older versions, before anybody looks who has one: none can be claimed from here on."""
        release = self._release
        with ledger.write() as connection:
            outlet_profiles.adopt(connection)
            if release.version > 1:
                releases.one_taker_at_a_time(connection, release.uri)
                deliveries.supersede(connection, release.uri, release.version, by_kill=release.status == "canceled")
            if release.status == "canceled":
                feed_rows.withdraw(connection, release.uri, release.version, self._moment(connection))

    def chunks(self, counted: Callable[[Plan], object]) -> Iterator[tuple[_Chunk, bool]]:
        """What is written together, and whether it is the last: at first a few outlets that get what is there, before
        anybody looks who else gets the release."""
        first = self._first_chunk()
        if first:
            yield first, False
        self._find_audience()
        counted(self.plan)
        yield from self._other_chunks({id for _, ids in first for id in ids})

    def _first_chunk(self) -> _Chunk:
        """Some outlets that get alike what the release itself says, so that one rendition is enough to begin; none of
        a correction, whose first receivers are those who have the older version, nor of a plan that is resumed."""
        release = self._release
        if release.version > 1 or release.status == "canceled":
            return []
        with ledger.read() as connection:
            if deliveries.any_planned(connection, self._release_id):
                return []
            alike: dict[_Rows, list[str]] = {}
            for id, form in outlet_profiles.some_in_its_languages(connection, release, LOOKED_AT):
                if rows := self._takes(form, None):
                    alike.setdefault(rows, []).append(id)
            self._find_texts(connection, alike)
        there = {text.language for text in self._texts}
        ready = [rows for rows in alike if any(language in there for language, _ in rows[1])]
        most = max(ready, key=lambda rows: len(alike[rows]), default=None)
        if most is None:
            return []
        chunk = [(most, alike[most][:FIRST_CHUNK])]
        with ledger.write() as connection:
            self._want_artifacts(connection, [most])
        return chunk

    def _find_audience(self) -> None:
        """Find who gets what, and which texts are there; note what is to be built."""
        release = self._release
        with ledger.read() as connection:
            self._find_outlets(connection)
            missing = self._find_texts(connection, self._rows)
            lacking = bool(self._rows) and not media_rows.all_there(connection, self._release_id)
        count = sum(len(ids) * len(rows) for (_, rows), ids in self._rows.items())
        ready = [str(text.language) for text in self._texts]
        self.plan = Plan(release.name, release.urgency, count, missing, ready, to_fetch=lacking)
        with ledger.write() as connection:
            self._want_artifacts(connection, self._rows)

    def _find_outlets(self, connection: Connection) -> None:
        """Find each outlet; those that may have an older version get what corrects that, or withdraws it."""
        release = self._release
        reached = deliveries.may_have(connection, release.uri, release.version) if release.version > 1 else {}
        for id, form in outlet_profiles.agreeing(connection, release):
            if id not in reached and (rows := self._takes(form, None)):
                self._rows.setdefault(rows, []).append(id)
        for id, (_, profile) in sorted(outlet_profiles.of_outlets(connection, reached).items()):
            if rows := self._takes(profile, tuple(reached[id])):
                self._rows.setdefault(rows, []).append(id)

    def _find_texts(self, connection: Connection, wanted: Iterable[_Rows]) -> list[str]:
        """Find the texts that are there of those which these rows need; the languages of the others."""
        self._texts, missing = [], []
        for language in sorted({language for _, rows in wanted for language, _ in rows}):
            text = _at_hand(connection, self._release, language)
            if text is None:
                missing.append(language)
            else:
                self._texts.append(text)
        return missing

    def _other_chunks(self, written: Collection[str]) -> Iterator[tuple[_Chunk, bool]]:
        """Those who are not written yet, and first those that get a text which is there."""
        ready = set(self.plan.to_format)
        order = sorted(
            self._rows,
            key=lambda rows: (all(language not in ready for language, _ in rows[1]), -len(self._rows[rows])),
        )
        chunks: list[_Chunk] = [[]]
        room = CHUNK
        for rows in order:
            ids = [id for id in self._rows[rows] if id not in written]
            for start in range(0, len(ids), CHUNK):
                if room <= 0:
                    chunks.append([])
                    room = CHUNK
                chunks[-1].append((rows, ids[start : start + CHUNK]))
                room -= len(chunks[-1][-1][1])
        yield from ((chunk, chunk is chunks[-1]) for chunk in chunks)

    def build(self, prepare: Prepare, chunk: _Chunk) -> None:
        """Have the renditions built that a chunk takes, of the texts that are the release's own."""
        for text in self._texts:
            formats = {format for (format, rows), _ in chunk if any(text.language == language for language, _ in rows)}
            new = formats - self._built.get(text.language, set())
            if text.engine == "source" and new:
                self._built.setdefault(text.language, set()).update(new)
                prepare(self._release_id, text.language, new)

    def _want_artifacts(self, connection: Connection, wanted: Collection[_Rows]) -> None:
        """Note what is to be built for these rows, and what needs no building."""
        release_id, now = self._release_id, self._moment(connection)
        needed = {RenditionKey(release_id, language, format) for format, rows in wanted for language, _ in rows}
        there = {text.language for text in self._texts}
        texts = [text for text in self._texts if any(key.language == text.language for key in needed)]
        translation_rows.insert_finished(connection, release_id, texts, now=now)
        translations = sorted({key.translation for key in needed if key.language not in there})
        artifacts.want(connection, [*translations, *sorted(needed)], hint_at=now + HINT_AGAIN)

    def write(self, chunk: _Chunk, *, last: bool) -> bool | None:
        """Write a chunk; whether deliveries are due by it, or None if a newer version came, or somebody else was
        faster."""
        release_id, release = self._release_id, self._release
        with ledger.write() as connection:
            releases.one_taker_at_a_time(connection, release.uri)
            if releases.is_planned(connection, release_id) or not releases.is_newest(connection, release):
                return None
            if self._begun_before is None:
                self._begun_before = deliveries.any_planned(connection, release_id)
            planned = [
                Planned(outlet_ids=theirs, language=language, format=format, approval=approval)
                for (format, rows), ids in chunk
                if (theirs := self._without_rows(connection, ids))
                for language, approval in rows
            ]
            now = self._moment(connection)
            due = deliveries.plan(connection, release_id, release.version, release.urgency, planned, now)
            if last:
                releases.start_planning(connection, release_id, now)
        return due

    def _without_rows(self, connection: Connection, ids: list[str]) -> list[str]:
        """Those of these outlets that got nothing from a planning that broke off: what they have of it stays, even if
        their documents have changed since."""
        if not self._begun_before:
            return ids
        languages = {language for _, rows in self._rows for language, _ in rows}
        have = deliveries.with_rows(connection, self._release_id, languages, ids)
        return [id for id in ids if id not in have]

    def _moment(self, connection: Connection) -> float:
        return ledger.now(connection) if self._now is None else self._now


def _taker(release: Release, policy: Policy) -> Callable[[Profile, tuple[str, ...] | None], _Rows | None]:
    """What an outlet gets by its profile and the languages in which it may have an older version; None: nothing. For
    the form alone, of those that agree, leave these languages out (None)."""
    choose, approval = _chooser(release), to_approve(release, policy)

    @cache
    def takes(profile: Profile, has: tuple[str, ...] | None) -> _Rows | None:
        languages = choose(profile, ())[0] if has is None else _wanted(release, profile, has, choose)
        return (profile.format, tuple((str(one), approval(profile, one)) for one in languages)) if languages else None

    return takes


def _at_hand(connection: Connection, release: Release, language: str) -> Translation | None:
    """The translation that no engine needs to make.

    A kill never waits for an engine: it carries the headline under which the outlet knows the release.
    """
    translation = supplied(release, language)
    if translation is None and release.status == "canceled":
        known = translation_rows.known_to_outlets(connection, release.uri, language)
        return known.model_copy(update={"body_html": "", "subheadline": None}) if known else None
    return translation
