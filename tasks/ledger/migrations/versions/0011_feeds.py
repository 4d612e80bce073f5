"""Feeds: what outlets that fetch find, and by which addresses they may fetch it.

Revision ID: 0011
Revises: 0010

Workers of before this migration know no outlet that fetches, and leave these tables alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("outlet_id", sa.String(100), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False, comment="the highest number of an entry"),
        sa.Column("changes", sa.Integer(), nullable=False, comment="how often its entries have changed"),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("ping_at", _TIME, comment="when the hub is to hear that it has changed; null once it has"),
        sa.Column("ping_failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.PrimaryKeyConstraint("outlet_id", name="pk_feeds"),
        sa.ForeignKeyConstraint(["outlet_id"], ["outlets.id"], name="fk_feeds_outlet_id"),
    )
    waits = sa.text("ping_at IS NOT NULL")
    op.create_index("ix_feeds_ping_at", "feeds", ["ping_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "feed_entries",
        sa.Column("outlet_id", sa.String(100), nullable=False),
        sa.Column("uri", sa.String(300), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="its place: what came or changed later has a higher one"
        ),
        sa.Column("release_id", _ID, nullable=False, comment="the version that it shows"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column(
            "withdrawn", sa.Boolean(), nullable=False, comment="the release was killed: no text of before may be shown"
        ),
        sa.PrimaryKeyConstraint("outlet_id", "uri", "language", name="pk_feed_entries"),
        sa.ForeignKeyConstraint(["outlet_id"], ["feeds.outlet_id"], name="fk_feed_entries_outlet_id"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_feed_entries_release_id"),
        sa.UniqueConstraint("outlet_id", "number", name="uq_feed_entries_outlet_id_number"),
    )
    op.create_index("ix_feed_entries_uri", "feed_entries", ["uri"])
    op.create_table(
        "feed_addresses",
        sa.Column("id", _ID, nullable=False),
        sa.Column("outlet_id", sa.String(100), nullable=False),
        sa.Column(
            "seed", sa.String(64), nullable=False, comment="of which, with a key of the web server, the token is made"
        ),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the token"),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, comment="null: as long as the feed is there"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_addresses"),
        sa.ForeignKeyConstraint(["outlet_id"], ["outlets.id"], name="fk_feed_addresses_outlet_id"),
        sa.UniqueConstraint("sha256", name="uq_feed_addresses_sha256"),
    )
    op.create_index("ix_feed_addresses_outlet_id", "feed_addresses", ["outlet_id"])
