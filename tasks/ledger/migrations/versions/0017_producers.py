"""Producers that come to the door with a token, and how much each producer sent in a day.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "producers",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON: DoorProducer in tasks/model/producers.py"),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("old_token_sha256", sa.String(64), comment="of the token before, while it is still good"),
        sa.Column("old_token_until", sa.Float(53)),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.Column("used_at", sa.Float(53), comment="when its token was last used, to the minute"),
        sa.Column("revoked_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("name", name="pk_producers"),
        sa.UniqueConstraint("token_sha256", name="uq_producers_token_sha256"),
        sa.UniqueConstraint("old_token_sha256", name="uq_producers_old_token_sha256"),
    )
    op.create_table(
        "producer_days",
        sa.Column("producer", sa.String(100), nullable=False, comment="of the ledger or of the producers file"),
        sa.Column("day", sa.String(10), nullable=False, comment="UTC, 2026-11-30"),
        sa.Column("releases", sa.Integer(), nullable=False, comment="release versions taken of it, kills not counted"),
        sa.PrimaryKeyConstraint("producer", "day", name="pk_producer_days"),
    )
