"""What outlets say became of their deliveries, and outlets that are not verified yet.

Revision ID: 0010
Revises: 0009

Workers of before this migration know no hold `outlet_unverified`; no outlet is unverified before one is imported so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = "state = 'held' AND hold_kind IN ('outlet_paused', 'outlet_disabled', 'outlet_unverified')"


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", _ID, nullable=False),
        sa.Column("delivery_id", _ID, nullable=False),
        sa.Column("at", sa.Float(53), nullable=False, comment="when it was taken"),
        sa.Column(
            "said_at",
            sa.Float(53),
            nullable=False,
            comment="when it happened, as the outlet says; never later than `at`",
        ),
        sa.Column("status", sa.String(10), nullable=False, comment="Said in tasks/model/publication.py"),
        sa.Column("url", sa.Text(), comment="where it was published"),
        sa.Column("reason", sa.Text(), comment="why it was rejected"),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_publications_delivery_id"),
    )
    op.create_index("ix_publications_delivery_id", "publications", ["delivery_id"])
    op.drop_index("ix_deliveries_kept", "deliveries")
    op.create_index(
        "ix_deliveries_kept",
        "deliveries",
        ["outlet_id"],
        sqlite_where=sa.text(_KEPT),
        postgresql_where=sa.text(_KEPT),
    )
