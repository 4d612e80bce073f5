"""Profiles of outlets in the ledger: an index over what their documents say they take.

Each outlet leads to its profile, which it shares with others. Planning asks which profiles may match, and applies its
rule to these alone, so that a release costs what it finds and not how many outlets there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, bindparam, false, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from tasks.ledger.schema import UNPROFILED, outlet_profile_terms, outlet_profiles, outlets
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.profile import Profile, profile_of, read_profile
from tasks.model.release import Release

log = structlog.get_logger()
_AT_ONCE = 500
"""Values in one question: SQLite binds no more than some thousands."""
p, t = outlet_profiles.c, outlet_profile_terms.c


def numbers(connection: Connection, profiles: Iterable[Profile]) -> dict[Profile, int]:
    """The numbers of profiles; those that are new get one."""
    by_digest = {profile.digest: profile for profile in profiles}
    found = _known(connection, by_digest)
    new = sorted(by_digest.keys() - found.keys())  # in one order, so that two imports do not wait for each other
    if new:
        rows = [_row(digest, by_digest[digest]) for digest in new]
        connection.execute(_insert(connection, outlet_profiles), rows)
        added = _known(connection, new)
        terms = [term for digest in new for term in _terms(added[digest], by_digest[digest])]
        connection.execute(_insert(connection, outlet_profile_terms), terms)
        found |= added
    return {by_digest[digest]: number for digest, number in found.items()}


def _known(connection: Connection, digests: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _portions(digests):
        query = select(p.digest, p.id).where(p.digest.in_(some))
        found |= {row.digest: row.id for row in connection.execute(query)}
    return found


def _portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while portion := list(islice(rest, _AT_ONCE)):
        yield portion


def _insert(connection: Connection, table: Any) -> Any:
    """An insert that leaves alone what is there: somebody else may add the same at the same time."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def _row(digest: str, profile: Profile) -> dict[str, Any]:
    return {
        "digest": digest,
        "country": profile.country,
        "all_topics": not profile.topics,
        "takes_machine_translation": profile.machine_translation != "refuse",
        "document": profile.to_json(),
    }


def _terms(number: int, profile: Profile) -> Iterator[dict[str, Any]]:
    bases = [language.base for language in profile.languages]
    for kind, values in (("language", bases), ("topic", profile.topics), ("circuit", profile.circuits)):
        yield from ({"kind": kind, "value": value, "profile_id": number} for value in dict.fromkeys(values))


def adopt(connection: Connection) -> int:
    """Give outlets their profiles that were written by somebody who knows of none, such as a worker of before migration
    0014; the number of outlets."""
    query = select(outlets.c.id, outlets.c.document, outlets.c.updated_at).where(text(UNPROFILED)).limit(_AT_ONCE)
    adopted = 0
    while rows := connection.execute(query).all():
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


def matching(connection: Connection, release: Release) -> dict[int, Profile]:
    """The profiles that may match a release: all that do, and perhaps some that do not."""
    rows = connection.execute(select(p.id, p.document).where(*_may_match(release)))
    return {row.id: read_profile(row.document) for row in rows}


def outlets_matching(connection: Connection, release: Release) -> list[tuple[str, int]]:
    """The outlets whose profiles may match a release, with the number of the profile, by id; none that was removed."""
    query = (
        select(outlets.c.id, outlets.c.profile_id)
        .join(outlet_profiles, p.id == outlets.c.profile_id)
        .where(*_may_match(release), outlets.c.status != "removed")
    )
    return sorted((row[0], row[1]) for row in connection.execute(query))


def counted(connection: Connection, release: Release) -> dict[int, int]:
    """How many outlets have each of the profiles that may match a release, without those that were removed."""
    query = (
        select(outlets.c.profile_id, func.count())
        .join(outlet_profiles, p.id == outlets.c.profile_id)
        .where(*_may_match(release), outlets.c.status != "removed")
        .group_by(outlets.c.profile_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def alike(connection: Connection, release: Release) -> list[tuple[int, str, int]]:
    """The same by the status of the outlets: the number of the profile, the status, and how many have both."""
    query = (
        select(outlets.c.profile_id, outlets.c.status, func.count())
        .join(outlet_profiles, p.id == outlets.c.profile_id)
        .where(*_may_match(release), outlets.c.status != "removed")
        .group_by(outlets.c.profile_id, outlets.c.status)
        .order_by(outlets.c.profile_id, outlets.c.status)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def some_outlets(connection: Connection, profiles: Iterable[int], at_most: int) -> list[str]:
    """Some outlets that have one of these profiles, whichever are found first; none that was removed."""
    found: list[str] = []
    for some in _portions(profiles):
        if len(found) < at_most:
            query = select(outlets.c.id).where(outlets.c.profile_id.in_(some), outlets.c.status != "removed")
            found += connection.execute(query.limit(at_most - len(found))).scalars()
    return found


def of_outlets(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[int, Profile]]:
    """The profiles of these outlets, each with its number; without those that were removed or cannot be read."""
    found: dict[str, tuple[int, Profile]] = {}
    read: dict[int, Profile] = {}
    for some in _portions(ids):
        query = select(outlets.c.id, p.id.label("profile"), p.document).join(
            outlet_profiles, p.id == outlets.c.profile_id
        )
        for row in connection.execute(query.where(outlets.c.id.in_(some), outlets.c.status != "removed")):
            if row.profile not in read:
                read[row.profile] = read_profile(row.document)
            found[row.id] = (row.profile, read[row.profile])
    return found


def _may_match(release: Release) -> list[ColumnElement[bool]]:
    """What a profile must fulfil that matches a release (`tasks.planning.disagreement` is the rule itself)."""
    if release.status == "canceled":
        return [false()]
    texts = {LanguageTag(language).base for language in (release.language, *release.translations)}
    conditions = [or_(p.takes_machine_translation, _has("language", texts))]
    if release.circuits:
        conditions.append(_has("circuit", release.circuits))
    if release.countries:
        conditions.append(p.country.in_(release.countries))
    conditions.append(or_(p.all_topics, _has("topic", release.topics)) if release.topics else p.all_topics)
    return conditions


def _has(kind: str, values: Collection[str]) -> ColumnElement[bool]:
    return p.id.in_(select(t.profile_id).where(t.kind == kind, t.value.in_(sorted(values))))
