"""What is in flight by outlet and language: by both, SQLite prefers this small index to that of all an outlet ever got.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_deliveries_in_flight", "deliveries")
    claimed = sa.text("state = 'claimed'")
    op.create_index(
        "ix_deliveries_in_flight",
        "deliveries",
        ["outlet_id", "language"],
        sqlite_where=claimed,
        postgresql_where=claimed,
    )
