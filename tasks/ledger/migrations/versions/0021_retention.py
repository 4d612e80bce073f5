"""Retention: how much of a release is taken from the ledger, archive files, legal holds, media that leave the store.

Revision ID: 0021
Revises: 0020

Workers of before this migration go on as they did: what they take in is whole.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    how_much = "how much of it retention has taken: Stage in tasks/model/retention_policy.py"
    op.add_column("releases", sa.Column("retained", sa.Integer(), nullable=False, server_default="0", comment=how_much))
    op.create_index("ix_releases_retained", "releases", ["retained", "received_at"])
    op.create_table(
        "archives",
        sa.Column("uri", sa.String(300), nullable=False),
        sa.Column("name", sa.String(100), nullable=False, comment="of its file in the store of archives"),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of that file"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False, comment="the highest version in it"),
        sa.Column("deliveries", sa.Integer(), nullable=False, comment="how many are in it"),
        sa.Column("archived_at", sa.Float(53), nullable=False),
        sa.Column(
            "restored_at", sa.Float(53), comment="when its rows were brought back last, for a correction or a kill"
        ),
        sa.PrimaryKeyConstraint("uri", name="pk_archives"),
    )
    op.create_table(
        "legal_holds",
        sa.Column("uri", sa.String(300), nullable=False, comment="of a release of which retention takes nothing"),
        sa.Column("since", sa.Float(53), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(320), nullable=False, comment="who ordered it"),
        sa.PrimaryKeyConstraint("uri", name="pk_legal_holds"),
    )
    op.create_table(
        "media_removals",
        sa.Column("sha256", sa.String(64), nullable=False, comment="of a file that no row names any more"),
        sa.Column("at", sa.Float(53), nullable=False, comment="when its row was removed"),
        sa.PrimaryKeyConstraint("sha256", name="pk_media_removals"),
    )
    op.create_index("ix_media_files_kept_at", "media_files", ["kept_at"])
