"""Requests at the door that may be repeated with their answers, and an index of the releases of a producer.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "door_requests",
        sa.Column("producer", sa.String(100), nullable=False),
        sa.Column("key", sa.String(255), nullable=False, comment="the Idempotency-Key of the request"),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the request"),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("status", sa.Integer(), comment="of the answer; null while there is none"),
        sa.Column("body", sa.Text(), comment="of the answer"),
        sa.PrimaryKeyConstraint("producer", "key", name="pk_door_requests"),
    )
    op.create_index("ix_door_requests_at", "door_requests", ["at"])
    op.create_index("ix_releases_producer", "releases", ["producer", "id"])
