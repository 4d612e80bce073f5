"""Profiles of outlets in the ledger: an index over what their documents say they take.

Each outlet leads to its profile, which it shares with others. Planning asks which profiles may match, and applies its
rule to these alone, so that a release costs what it finds and not how many outlets there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    false,
    func,
    or_,
    select,
    text,
    update,
)

from tasks.ledger.inserts import insert_unless_there
from tasks.ledger.portions import AT_ONCE, portions
from tasks.ledger.schema import UNPROFILED, outlet_profile_terms, outlet_profiles, outlets
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.profile import Profile, profile_of, read_profile
from tasks.model.release import Release

log = structlog.get_logger()
_USES = 7265556
"""The number of our advisory lock on PostgreSQL: nobody removes a profile that somebody is about to give an outlet."""
p, t = outlet_profiles.c, outlet_profile_terms.c


def numbers(connection: Connection, profiles: Iterable[Profile]) -> dict[Profile, int]:
    """The numbers of profiles; those that are new get one. None is removed until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_USES})"))
    by_digest = {profile.digest: profile for profile in profiles}
    found = _known(connection, by_digest)
    new = sorted(by_digest.keys() - found.keys())  # in one order, so that two imports do not wait for each other
    if new:
        rows = [_row(digest, by_digest[digest]) for digest in new]
        insert_unless_there(connection, outlet_profiles, rows)
        added = _known(connection, new)
        terms = [term for digest in new for term in _terms(added[digest], by_digest[digest])]
        insert_unless_there(connection, outlet_profile_terms, terms)
        found |= added
    return {by_digest[digest]: number for digest, number in found.items()}


def _known(connection: Connection, digests: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in portions(digests):
        found |= {row.digest: row.id for row in connection.execute(_KNOWN, {"digests": some})}
    return found


_KNOWN = select(p.digest, p.id).where(p.digest.in_(bindparam("digests", expanding=True)))


def _row(digest: str, profile: Profile) -> dict[str, Any]:
    return {
        "digest": digest,
        "country": profile.country,
        "all_topics": not profile.topics,
        "takes_machine_translation": profile.machine_translation != "refuse",
        "document": profile.to_json(),
        "form": profile.form.to_json(),
    }


def _terms(number: int, profile: Profile) -> Iterator[dict[str, Any]]:
    bases = [language.base for language in profile.languages]
    for kind, values in (("language", bases), ("topic", profile.topics), ("circuit", profile.circuits)):
        yield from ({"kind": kind, "value": value, "profile_id": number} for value in dict.fromkeys(values))


def remove_unused(connection: Connection, after: int, at_most: int) -> int | None:
    """Look at so many profiles after the one with this number, and remove those that no outlet has; the number of the
    last one looked at, or None at the end. Call it in a transaction of its own."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_USES})"))
    some = list(connection.execute(select(p.id).where(p.id > after).order_by(p.id).limit(at_most)).scalars())
    used = set(connection.execute(select(outlets.c.profile_id).where(outlets.c.profile_id.in_(some))).scalars())
    if unused := [number for number in some if number not in used]:
        connection.execute(delete(outlet_profile_terms).where(t.profile_id.in_(unused)))
        connection.execute(delete(outlet_profiles).where(p.id.in_(unused)))
    return some[-1] if len(some) == at_most else None


def adopt(connection: Connection) -> int:
    """Give outlets their profiles that were written by somebody who knows of none, such as a worker of before migration
    0014; the number of outlets."""
    adopted = 0
    while rows := connection.execute(_SOME_UNPROFILED).all():
        read = {row.id: _profile(row.document) for row in rows}
        known = numbers(connection, {profile for profile in read.values() if profile})
        change = (
            update(outlets)
            .where(outlets.c.id == bindparam("b_id"), outlets.c.updated_at == bindparam("b_at"))
            .values(profile_id=bindparam("b_profile"), profiled_at=bindparam("b_at"))
        )
        said = []
        for row in rows:
            profile = read[row.id]
            said.append({"b_id": row.id, "b_at": row.updated_at, "b_profile": known[profile] if profile else None})
        connection.execute(change, said)
        adopted += len(rows)
    return adopted


_SOME_UNPROFILED = select(outlets.c.id, outlets.c.document, outlets.c.updated_at).where(text(UNPROFILED)).limit(AT_ONCE)


def adopt_anew(connection: Connection) -> int:
    """The same, and also for outlets whose documents another version could not read."""
    connection.execute(update(outlets).where(outlets.c.profile_id.is_(None)).values(profiled_at=None))
    return adopt(connection)


def _profile(document: str) -> Profile | None:
    """None for a document that this version cannot read (`fanwire doctor` names them)."""
    try:
        return profile_of(Outlet.model_validate_json(document))
    except ValidationError as error:
        log.error("outlet unreadable", document=document[:100], problem=str(error).splitlines()[0])
        return None


def counted(connection: Connection, release: Release) -> dict[tuple[Profile, str], int]:
    """How many outlets agree with a release, by the form of their profiles and their status, without those that were
    removed. Whether the release is in their languages, the form alone says."""
    asked = _asked(release)
    query = _of_those(frozenset(asked), p.form, outlets.c.status, func.count()).group_by(p.form, outlets.c.status)
    rows = connection.execute(query.order_by(p.form, outlets.c.status), asked)
    return {(read_profile(form), status): count for form, status, count in rows}


def agreeing(connection: Connection, release: Release) -> Iterator[tuple[str, Profile]]:
    """The outlets that agree with a release, each with the form of its profile; none that was removed."""
    asked = _asked(release)
    for id, form in connection.execute(_agreeing(frozenset(asked)), asked):
        yield id, read_profile(form)


@cache
def _agreeing(asked: frozenset[str]) -> Select[Any]:
    return _of_those(asked, outlets.c.id, p.form)


def some_in_its_languages(connection: Connection, release: Release, at_most: int) -> Iterator[tuple[str, Profile]]:
    """Some of these outlets, whichever are found first, of those that take a language in which the release is
    written; not for a kill."""
    asked = _asked(release)
    for id, form in connection.execute(_some_in_its_languages(frozenset(asked)), asked | {"at_most": at_most}):
        yield id, read_profile(form)


@cache
def _some_in_its_languages(asked: frozenset[str]) -> Select[Any]:
    return _agreeing(asked).where(_has("language")).limit(bindparam("at_most"))


def _of_those(asked: frozenset[str], *columns: Any) -> Select[Any]:
    """Columns of the outlets that agree with a release which asks for all this (`_asked`)."""
    query = select(*columns).select_from(outlets).join(outlet_profiles, p.id == outlets.c.profile_id)
    return query.where(*_agrees(asked), outlets.c.status != "removed")


def _asked(release: Release) -> dict[str, Any]:
    """What a release asks of the profiles that agree with it, by the kind of term, without what it leaves open; nothing
    at all for a kill, with which none agrees."""
    if release.status == "canceled":
        return {}
    written = {LanguageTag(language).base for language in (release.language, *release.translations)}
    asked = {"language": written, "circuit": release.circuits, "country": release.countries, "topic": release.topics}
    return {kind: sorted(values) for kind, values in asked.items() if values}


def _agrees(asked: frozenset[str]) -> list[ColumnElement[bool]]:
    """What a profile fulfils that agrees with such a release (`tasks.planning.disagreement` says it for one outlet),
    and that can have it in a language."""
    if not asked:
        return [false()]
    conditions = [or_(p.takes_machine_translation, _has("language"))]
    if "circuit" in asked:
        conditions.append(_has("circuit"))
    if "country" in asked:
        conditions.append(p.country.in_(bindparam("country", expanding=True)))
    conditions.append(or_(p.all_topics, _has("topic")) if "topic" in asked else p.all_topics)
    return conditions


def _has(kind: str) -> ColumnElement[bool]:
    """SQL condition: a profile has one of the terms of this kind with which the statement is executed."""
    return p.id.in_(select(t.profile_id).where(t.kind == kind, t.value.in_(bindparam(kind, expanding=True))))


def anybody_in(connection: Connection, release: Release) -> bool:
    """Whether there are outlets in each of the circuits and countries that a release names."""
    there = select(p.id).join(outlets, outlets.c.profile_id == p.id).where(outlets.c.status != "removed").limit(1)
    in_circuit, in_country = there.where(_has("circuit")), there.where(p.country == bindparam("country"))
    wanted: list[tuple[Select[Any], dict[str, Any]]] = [
        (in_circuit, {"circuit": [circuit]}) for circuit in release.circuits
    ]
    wanted += [(in_country, {"country": country}) for country in release.countries]
    return all(connection.execute(query, one).first() is not None for query, one in wanted)


def of_outlets(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[int, Profile]]:
    """The profiles of these outlets, each with its number; without those that were removed or cannot be read."""
    found: dict[str, tuple[int, Profile]] = {}
    read: dict[int, Profile] = {}
    for some in portions(ids):
        query = select(outlets.c.id, p.id.label("profile"), p.document).join(
            outlet_profiles, p.id == outlets.c.profile_id
        )
        for row in connection.execute(query.where(outlets.c.id.in_(some), outlets.c.status != "removed")):
            if row.profile not in read:
                read[row.profile] = read_profile(row.document)
            found[row.id] = (row.profile, read[row.profile])
    return found
