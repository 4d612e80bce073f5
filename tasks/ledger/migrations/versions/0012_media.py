"""Pictures and other files of releases, and the files in the store of media.

Revision ID: 0012
Revises: 0011

Workers of before this migration cannot read a release that has media; all others they can.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WANTED = sa.text("state = 'wanted'")


def upgrade() -> None:
    op.create_table(
        "release_media",
        sa.Column("release_id", _ID, nullable=False),
        sa.Column("item", sa.String(100), nullable=False, comment="its id in the document of the release"),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("url", sa.Text(), comment="where the producer has it; null for one that was in the store before"),
        sa.Column("content_type", sa.String(100), comment="what the producer says that it is"),
        sa.Column("state", sa.String(10), nullable=False, comment="MediaState in tasks/model/states.py"),
        sa.Column("sha256", sa.String(64), comment="of the file in the store"),
        sa.Column("code", sa.String(30), comment="what the last try met: Code in tasks/model/codes.py"),
        sa.Column("reason", sa.Text(), comment="the same for people"),
        sa.Column("first_due_at", sa.Float(53), nullable=False, comment="the retry horizon counts from here"),
        sa.Column("due_at", sa.Float(53), nullable=False, comment="when it may be tried again"),
        sa.Column(
            "hint_at", sa.Float(53), nullable=False, comment="when the clock hints again if nobody has fetched it"
        ),
        sa.Column("lease_until", sa.Float(53), nullable=False),
        sa.Column("claimed_by", sa.String(200)),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", "item", name="pk_release_media"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_release_media_release_id"),
    )
    op.create_index(
        "ix_release_media_wanted", "release_media", ["hint_at"], sqlite_where=_WANTED, postgresql_where=_WANTED
    )
    op.create_table(
        "media_files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), comment="pixels, of a picture"),
        sa.Column("height", sa.Integer(), comment="pixels, of a picture"),
        sa.Column("name", sa.String(200), comment="what it was called where it came from"),
        sa.Column("kept_at", sa.Float(53), nullable=False),
        sa.Column(
            "kept_by", sa.String(320), nullable=False, comment="who added it, or the release that it was fetched for"
        ),
        sa.PrimaryKeyConstraint("sha256", name="pk_media_files"),
    )
    op.create_table(
        "media_sizes",
        sa.Column("original", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False, comment="pixels"),
        sa.Column("height", sa.Integer(), nullable=False, comment="pixels"),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("original", "width", name="pk_media_sizes"),
        sa.ForeignKeyConstraint(["original"], ["media_files.sha256"], name="fk_media_sizes_original"),
    )
    op.create_index("ix_media_sizes_sha256", "media_sizes", ["sha256"])
