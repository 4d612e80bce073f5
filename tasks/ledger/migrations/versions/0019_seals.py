"""Seals: signed blocks of final rows, each bound to the one before; and a note of each delivery that is opened again.

Revision ID: 0019
Revises: 0018

Releases of before are sealed too, the newest first: `seal_at` is 0 for them, and for what older workers take in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.Float(53)


def upgrade() -> None:
    when = "when to look for what is to be sealed; null: all is"
    op.add_column("releases", sa.Column("seal_at", _TIME, server_default="0", comment=when))
    waiting = sa.text("seal_at IS NOT NULL")
    op.create_index("ix_releases_unsealed", "releases", ["seal_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "reopenings",
        sa.Column("delivery_id", _ID, sa.ForeignKey("deliveries.id", name="fk_reopenings_delivery_id"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="after which it had ended"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "attempt", "at", name="pk_reopenings"),
    )
    op.create_table(
        "seals",
        sa.Column("id", _ID, nullable=False, autoincrement=False, comment="1, 2, 3 … without a gap"),
        sa.Column("kind", sa.String(10), nullable=False, comment="Kind in tasks/ledger/sealed_rows.py"),
        sa.Column("release_id", _ID, comment="whose deliveries are sealed; null for audit entries"),
        sa.Column(
            "form", sa.Integer(), nullable=False, comment="version of the canonical form: tasks/ledger/sealed_rows.py"
        ),
        sa.Column("until", _TIME, comment="the latest `at` of the audit entries"),
        sa.Column(
            "statement", sa.Text(), nullable=False, comment="JSON: what is sealed, and the hash of the seal before"
        ),
        sa.Column("hash", sa.String(64), nullable=False, comment="SHA-256 of the statement"),
        sa.Column("signature", sa.String(88), nullable=False, comment="Ed25519 of the statement, in base64"),
        sa.Column("leaves", sa.LargeBinary(), comment="zlib: the digest of each row; null once its rows were pruned"),
        sa.PrimaryKeyConstraint("id", name="pk_seals"),
    )
    op.create_index("ix_seals_release_id", "seals", ["release_id"])
