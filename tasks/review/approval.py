"""Which translations a person has to approve, and the approving, which lets held deliveries go."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import structlog
from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, deliveries, memory_entries, releases, rendition_rows, translation_rows, write
from tasks.ledger.artifacts import TranslationKey
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.release import Release, Translation
from tasks.model.states import ArtifactState
from tasks.review import edited, stamps
from tasks.review.listing import Reviewed, refused, to_change
from tasks.runtime.foreign_text import without_harmful
from tasks.runtime.settings import settings
from tasks.translation.configuration import read_or_last
from tasks.translation.memory import entries
from tasks.translation.memory.entries import Entry

log = structlog.get_logger()
_OPEN_SHOWN = 5


def policy(language: str) -> bool:
    """Whether a translation into this language goes out only after a person has approved it.

    A translation file that cannot be read does not stop planning, for what the producer wrote needs no engine: then it
    is as it was before, and where nobody knows, a person is asked.
    """
    try:
        return read_or_last(settings().translation_file).for_language(language).publish == "approved"
    except DocumentRefused as refusal:
        log.warning("approval wanted", language=language, reason=str(refusal))
        return True


@dataclass(frozen=True)
class Approved:
    """What an approval did: by whom and when, whether it was approved before, and how many deliveries it lets go."""

    by: str | None
    at: float
    before: bool
    released: int


def name_of(by: str | None) -> str | None:
    """A person's name as the ledger can hold it."""
    return without_harmful(by or "").strip()[:200] or None


def approve(release_id: int, language: str, by: str | None = None, *, stamp: str | None = None) -> Approved:
    """Approve a translation that is made: every unit of it is kept as approved, and what was held for it goes.

    The text stays, but what outlets read of its status does not: so renditions that have not left are made anew. Raises
    DocumentRefused when it is not made, not ours, or of a version that was corrected or killed; and when it is not what
    had this `stamp`, with what changed since.
    """
    by = name_of(by)
    with write() as connection:
        release = releases.get(connection, release_id)
        deliveries.revising(connection)
        row = to_change(connection, release, release_id, language)
        found = Reviewed(release_id, release, language, row)
        if stamp is not None and (problem := stamps.changed(connection, found.as_read, stamp)):
            raise refused(release, language, problem, "stamp")
        if row.state != ArtifactState.MADE:
            raise refused(release, language, _what_is_open(found))
        if found.standing == "approved":
            return Approved(
                row.approved_by, row.approved_at or row.made_at or ledger.now(connection), before=True, released=0
            )
        assert row.document is not None, "it is made"
        present = ledger.now(connection)
        document = Translation.model_validate_json(row.document).model_copy(update={"status": "approved"})
        translation_rows.approve(connection, TranslationKey(release_id, language), document, by=by, now=present)
        keep(connection, _entries(found), release, found.source, language, present)  # this draft is approved by now
        edited.keep(connection, found, {unit.name: unit.target for unit in found.units if unit.target}, present)
        rendition_rows.rebuild(connection, release_id, present, language)
        released = deliveries.wait_anew(connection, release_id, language)
        deliveries.promote(connection, release_id, present, language)
        _record(connection, found, row.document, released, by)
        return Approved(by, present, before=False, released=released)


def _record(connection: Connection, found: Reviewed, document: str, released: int, by: str | None) -> None:
    """Record the approval, and by its digest which text was approved."""
    digest = hashlib.sha256(document.encode()).hexdigest()
    new = {"status": "approved", "document_sha256": digest, "deliveries": released}
    of = (Act.APPROVE, found.release.uri, found.release.version, found.language)
    entry = audit.of_release(*of, old={"status": found.standing}, new=new, remark=by)
    audit.record(connection, entry)


def keep(
    connection: Connection, entries: list[Entry], release: Release, source: str, language: str, present: float
) -> None:
    """Keep units that a person approved in the memory of the ledger."""
    of = {"source_language": source, "target_language": language, "origin": f"review of {release.name}"[:300]}
    memory_entries.keep(connection, [asdict(entry) | of for entry in entries], now=present, are_units=True)


def _entries(found: Reviewed) -> list[Entry]:
    made = (
        entries.entry(unit.source, unit.target, found.pair, entries.APPROVED)
        for unit in found.units
        if unit.target and unit.record.engine and not unit.approved
    )
    return [entry for entry in made if entry]


def _what_is_open(found: Reviewed) -> str:
    """Why a translation cannot be approved yet."""
    units = [f"{unit.name} ({unit.problem})" for unit in found.open]
    if not units:
        why = f": {found.row.reason}" if found.row.reason else ""
        sign = "; to let it go all the same, export it, sign its sentences as final, and import it"
        return f"it is not made yet{why}{sign if found.units else ''}"
    more = f" and {len(units) - _OPEN_SHOWN} more" if len(units) > _OPEN_SHOWN else ""
    what_to_do = "export it, translate them, and import it"
    return f"it is a draft, and these units are open: {'; '.join(units[:_OPEN_SHOWN])}{more}; {what_to_do}"
