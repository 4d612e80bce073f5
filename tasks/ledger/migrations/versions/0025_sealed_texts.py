"""Seals of texts, and an audit entry for the leaves that retention drops.

Revision ID: 0025
Revises: 0024

Releases of before are looked at again, so that their texts are sealed as they stand, but for those of whose renditions
retention has taken the bytes. Seals that retention emptied before it said so are named by one entry.
"""

import json
import time

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NO_BYTES = 2
"""The stage of retention at which the bytes of renditions are gone."""


def upgrade() -> None:
    connection = op.get_bind()
    seals = sa.table("seals", sa.column("id"), sa.column("leaves"))
    emptied = list(
        connection.execute(sa.select(seals.c.id).where(seals.c.leaves.is_(None)).order_by(seals.c.id)).scalars()
    )
    if emptied:
        names = ("at", "role", "actor", "act", "subject", "new")
        audit = sa.table("audit", *map(sa.column, names))
        new = json.dumps({"took": "what it took before it was recorded", "seals": emptied})
        values = (time.time(), "process", "migration 0025", "release.retain", "seals without leaves", new)
        connection.execute(audit.insert().values(dict(zip(names, values, strict=True))))
    releases = sa.table("releases", sa.column("seal_at"), sa.column("retained"))
    sealed = (releases.c.seal_at.is_(None), releases.c.retained < NO_BYTES)
    connection.execute(releases.update().where(*sealed).values(seal_at=0))
