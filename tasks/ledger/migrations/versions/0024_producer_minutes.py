"""How often producers come to the door in a minute, for all web servers together.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "producer_minutes",
        sa.Column("producer", sa.String(100), nullable=False),
        sa.Column(
            "minute",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="the last in which it came to the door: minutes since the epoch",
        ),
        sa.Column("requests", sa.Integer(), nullable=False, comment="that web servers have permitted in it"),
        sa.PrimaryKeyConstraint("producer", name="pk_producer_minutes"),
    )
