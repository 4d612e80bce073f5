"""Counters and last values for operations, and when the first delivery of a release was tried.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metrics",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column(
            "label", sa.String(300), nullable=False, comment="such as a verdict and a code; never an outlet or release"
        ),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False, comment="of a counter; -1: a last value"),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False, comment="when it was last written"),
        sa.PrimaryKeyConstraint("name", "label", "shard", name="pk_metrics"),
    )
    op.add_column(
        "releases",
        sa.Column("first_attempt_at", sa.Float(53), comment="when the first of its deliveries was tried"),
    )
