"""Indexes by which no step and no question of operations costs more when there are millions of old rows.

Revision ID: 0018
Revises: 0017

Older workers find what they look for by these too: by urgency instead of by due time, and by outlet without the state.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STUCK = (
    "NOT (state IN ('delivered', 'rejected', 'exhausted', 'superseded', 'canceled')"
    " OR (state = 'due' AND due_at IS NOT NULL) OR (state = 'claimed' AND lease_until IS NOT NULL)"
    " OR (state = 'held' AND hold_kind IS NOT NULL))"
)


def upgrade() -> None:
    _partial("ix_deliveries_in_flight", "deliveries", ["outlet_id"], "state = 'claimed'")
    _partial("ix_deliveries_failed", "deliveries", ["outlet_id", "ended_at"], "state IN ('rejected', 'exhausted')")
    _partial("ix_deliveries_stuck", "deliveries", ["id"], STUCK)
    op.create_index("ix_deliveries_of_outlet", "deliveries", ["outlet_id", "id"])
    for name in ("ix_deliveries_outlet", "ix_deliveries_claimed", "ix_deliveries_next"):
        op.drop_index(name, "deliveries")
    op.create_index("ix_releases_received_at", "releases", ["received_at"])
    op.create_index("ix_notices_kind_subject_at", "notices", ["kind", "subject", "at"])
    _partial("ix_notices_unposted", "notices", ["id"], "told_at IS NULL")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
