"""What a delivery waits for, and which engines a translation waits for, in columns instead of sentences.

Revision ID: 0003
Revises: 0002

Until now the `reason` of a held delivery was its kind of hold, and an engine that was back found the translations that
waited for it by its name in their `reason`. Now `deliveries.hold_kind` and `hold_detail` say the first, the table
`awaited_engines` the second. What stands in the old columns is carried over as far as it is known.

Workers of before this migration may run on beside new ones for a while:

- A held row has the same words in `reason` as before (`outlet paused`), so they promote, pause, resume and correct the
  rows of new workers as they should.
- What they hold themselves has no `hold_kind`, or that of an earlier hold. Each sweep of a new clock finds these rows
  (the index `ix_deliveries_misheld` holds no others), gives them their kind and moves them on. Until then, for a second
  or so, new workers leave such a row alone or take it for what it waited for before. Nothing goes out under an embargo
  whatever its row says, and what becomes due for a paused outlet is put back by the drain that claims it.
- A translation that they hold waits for no engine by name. It is tried again at its time, ten minutes later at most.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = ("embargo", "translation", "approval", "rendition", "outlet paused", "outlet disabled")
_ASKED = re.compile(r"(\S+) [A-Za-z0-9-]+→[A-Za-z0-9-]+:")
"""An engine that was asked, as in `google en→de: answered 500; then deepl en→de: rests`."""
_LEFT_OUT = re.compile(r"(?:left out: |\), )([^\s,(]+) \(")
"""One that could not be, as in `left out: deepl (engines.deepl.key: is required)`."""


def upgrade() -> None:
    op.add_column(
        "deliveries",
        sa.Column("hold_kind", sa.String(20), comment="what a held row waits for: Hold in tasks/model/states.py"),
    )
    op.add_column(
        "deliveries",
        sa.Column(
            "hold_detail", sa.Text(), comment="until when an embargo holds, or why the outlet is paused or disabled"
        ),
    )
    op.create_table(
        "awaited_engines",
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("release_id", _ID, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id", "language"],
            ["translations.release_id", "translations.language"],
            name="fk_awaited_engines_translation",
        ),
        sa.PrimaryKeyConstraint("engine", "release_id", "language", name=op.f("pk_awaited_engines")),
    )
    _name_holds()
    _name_awaited_engines()
    op.drop_index("ix_deliveries_embargoed", "deliveries")
    op.drop_index("ix_deliveries_kept", "deliveries")
    misheld = "coalesce(replace(hold_kind, '_', ' '), '') <> reason"
    for name, column, where in (
        ("ix_deliveries_embargoed", "release_id", "hold_kind = 'embargo'"),
        ("ix_deliveries_kept", "outlet_id", "hold_kind IN ('outlet_paused', 'outlet_disabled')"),
        ("ix_deliveries_misheld", "release_id", misheld),
    ):
        held = sa.text(f"state = 'held' AND {where}")
        op.create_index(name, "deliveries", [column], sqlite_where=held, postgresql_where=held)


def _name_holds() -> None:
    columns = ("state", "reason", "hold_kind", "hold_detail", "outlet_id", "release_id")
    d = sa.table("deliveries", *map(sa.column, columns))
    r = sa.table("releases", *map(sa.column, ("id", "embargo_until")))
    o = sa.table("outlets", sa.column("id"), sa.column("status_reason"))
    held = d.update().where(d.c.state == "held")
    op.execute(held.where(d.c.reason.in_(_WORDS)).values(hold_kind=sa.func.replace(d.c.reason, " ", "_")))
    why = sa.select(o.c.status_reason).where(o.c.id == d.c.outlet_id).scalar_subquery()
    op.execute(held.where(d.c.hold_kind.in_(("outlet_paused", "outlet_disabled"))).values(hold_detail=why))
    connection = op.get_bind()
    embargoed = sa.select(r.c.id, r.c.embargo_until).where(
        r.c.embargo_until.is_not(None),
        r.c.id.in_(sa.select(d.c.release_id).where(d.c.state == "held", d.c.hold_kind == "embargo")),
    )
    for release_id, until in connection.execute(embargoed).all():
        moment = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        mine = held.where(d.c.hold_kind == "embargo", d.c.release_id == release_id)
        connection.execute(mine.values(hold_detail=moment))


def _name_awaited_engines() -> None:
    t = sa.table("translations", *map(sa.column, ("state", "reason", "release_id", "language")))
    a = sa.table("awaited_engines", *map(sa.column, ("engine", "release_id", "language")))
    e = sa.table("engines", sa.column("name"))
    connection = op.get_bind()
    known = connection.execute(sa.select(e.c.name)).scalars().all()
    held = connection.execute(sa.select(t.c.release_id, t.c.language, t.c.reason).where(t.c.state == "held")).all()
    rows = [
        {"engine": engine, "release_id": row.release_id, "language": row.language}
        for row in held
        for engine in sorted(_engines(row.reason or "", known))
    ]
    if rows:
        connection.execute(a.insert(), rows)


def _engines(reason: str, known: Sequence[str]) -> set[str]:
    named = {*_ASKED.findall(reason), *_LEFT_OUT.findall(reason)}
    return {engine for engine in named if len(engine) <= 100} | {name for name in known if f"{name} " in reason}
