"""What is sealed of texts, as it stands in the ledger, and which audit entries say that it changed or went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Connection, Select, Table, bindparam, select

from tasks.ledger import sealed_rows
from tasks.ledger.audit import read_values
from tasks.ledger.schema import DRAFT, audit, releases, renditions, translations
from tasks.ledger.sealed_rows import Leaf
from tasks.model.acts import Act
from tasks.model.states import ArtifactState

_CHANGES_TEXT = frozenset((Act.APPROVE, Act.IMPORT_TRANSLATION, Act.LOWER))
_MOVES_EMBARGO = frozenset((Act.MOVE_EMBARGO, Act.LIFT_EMBARGO))
CHANGES = {
    "release": _MOVES_EMBARGO | {Act.RESTORE},
    "translation": _CHANGES_TEXT,
    "rendition": _CHANGES_TEXT | _MOVES_EMBARGO | {Act.REBUILD},
}
"""The acts by which a text becomes another one, or is to be built anew."""
_OF_ALL_VERSIONS = frozenset((Act.ARCHIVE, Act.RESTORE))
"""Acts whose audit entries name the newest of the versions that they concern."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a release version says, or one of its translations or renditions, as the ledger has it now."""

    name: str
    """The kind of its leaf."""
    row: dict[str, Any]
    ready: bool
    """Whether it may leave: it is made, and waits for nobody to read it."""

    def leaf(self, newest: int = 0, form: int = sealed_rows.FORM) -> Leaf:
        """Its leaf; `newest`: the newest audit entry that says that it changed."""
        make = getattr(sealed_rows, self.name.partition("/")[0])
        found: Leaf = make(self.row, newest, form)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """An audit entry that says that texts of a release version changed, or left the ledger."""

    id: int
    act: str
    language: str | None
    """Of the translation, if it was done to one."""
    new: dict[str, Any]

    def changes(self, name: str) -> bool:
        """Whether the text with this name may be another one by it."""
        kind, *rest = name.split("/")
        if self.act in _CHANGES_TEXT and (not rest or self.language != unquote(rest[0])):
            return False
        return self.act in CHANGES[kind]


def changes(connection: Connection, uri: str, version: int) -> list[Change]:
    """The audit entries that concern the texts of a release version, the newest first."""
    of = f"{uri} v{version} in "
    return [
        Change(row.id, row.act, row.subject.removeprefix(of) if row.subject.startswith(of) else None,
               read_values(row.new))
        for row in connection.execute(_changes(), {"of_uri": uri})
        if row.version == version or (row.act in _OF_ALL_VERSIONS and (row.version or 0) >= version)
    ]  # fmt: skip


@cache
def _changes() -> Select[Any]:
    a = audit.c
    acts = frozenset.union(*CHANGES.values()) | {Act.RETAIN, Act.ARCHIVE}
    query = select(a.id, a.act, a.version, a.subject, a.new)
    return query.where(a.uri == bindparam("of_uri"), a.act.in_(sorted(acts))).order_by(a.id.desc())


def texts(connection: Connection, release_id: int) -> Iterator[Text]:
    """The texts of a release version: the release itself, its translations and its renditions, without their bytes."""
    for row in _rows(connection, _sealed(releases, "release"), release_id):
        yield Text("release", row, True)
    ready = set()
    for row in _rows(connection, _sealed(translations, "translation", "state"), release_id):
        made = row["state"] == ArtifactState.MADE and row["status"] != DRAFT
        ready |= {row["language"]} if made else set()
        yield Text(sealed_rows.translation_name(row["language"]), row, made)
    for row in _rows(connection, _sealed(renditions, "rendition", "state"), release_id):
        made = row["state"] == ArtifactState.MADE and row["language"] in ready
        yield Text(sealed_rows.rendition_name(row["language"], row["format"]), row, made)


@cache
def _sealed(table: Table, kind: str, *more: str) -> Select[Any]:
    """What is sealed of the rows of a release, and more of their columns."""
    of = table.c.id if table is releases else table.c.release_id
    columns = (table.c[name] for name in (*sealed_rows.FORMS[sealed_rows.FORM][kind], *more))
    return select(*columns).where(of == bindparam("release"))


def _rows(connection: Connection, query: Select[Any], release_id: int) -> Iterator[dict[str, Any]]:
    for row in connection.execute(query, {"release": release_id}).all():
        yield dict(row._mapping)


def any_in_work(connection: Connection, release_id: int, now: float) -> bool:
    """Whether somebody builds a translation or rendition of a release version right now."""
    return any(
        connection.execute(
            select(table.c.language).where(table.c.release_id == release_id, table.c.lease_until > now).limit(1)
        ).first()
        for table in (translations, renditions)
    )


def bytes_of(connection: Connection, release_id: int) -> Iterator[tuple[str, str, str | None]]:
    """Of each rendition of a release version that was built: its name, the digest that its row says of its bytes, and
    the digest that they have; None: they are gone."""
    r = renditions.c
    query = select(r.language, r.format, r.sha256, r.body).where(r.release_id == release_id, r.sha256.is_not(None))
    for row in connection.execute(query, execution_options={"yield_per": 20}):
        is_ = None if row.body is None else sha256(row.body).hexdigest()
        yield sealed_rows.rendition_name(row.language, row.format), row.sha256, is_
