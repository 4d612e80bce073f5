"""The first ledger.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "elections",
        sa.Column("office", sa.String(length=50), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("until", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("office", name=op.f("pk_elections")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="gone, dead, failing …"),
        sa.Column("subject", sa.Text(), nullable=False, comment="an outlet or a host"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("told_at", sa.Float(precision=53), nullable=True, comment="when FANWIRE_NOTICE_URL took it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_table(
        "outlets",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outlets")),
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.Float(precision=53), nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False, comment="size of the whole item"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="its beginning"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uri", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("embargo_until", sa.Float(precision=53), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Float(precision=53), nullable=False),
        sa.Column("planned_at", sa.Float(precision=53), nullable=True),
        sa.Column(
            "hint_at",
            sa.Float(precision=53),
            nullable=False,
            comment="when the clock hints again if it is still not planned",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("uri", "version", name="uq_releases_uri_version"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("outlet_id", sa.String(length=100), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="of the release: a later one waits for an earlier in flight",
        ),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="of a hold or of a final state; what the last attempt met otherwise",
        ),
        sa.Column("due_at", sa.Float(precision=53), nullable=True),
        sa.Column(
            "first_due_at",
            sa.Float(precision=53),
            nullable=True,
            comment="when it could first have gone out: the retry horizon counts from here",
        ),
        sa.Column("lease_until", sa.Float(precision=53), nullable=True),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="claims so far: the fence against late workers"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="attempts that count against the retry policy"),
        sa.Column("verdict", sa.String(length=10), nullable=True, comment="of the last attempt"),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the last attempt"),
        sa.Column("ended_at", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["outlet_id"], ["outlets.id"], name=op.f("fk_deliveries_outlet_id")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_deliveries_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("release_id", "language", "outlet_id", name="uq_deliveries_release_language_outlet"),
    )
    op.create_index(
        "ix_deliveries_claimed",
        "deliveries",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'claimed'"),
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["urgency", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["release_id", "language"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_deliveries_outlet", "deliveries", ["outlet_id", "state"], unique=False)
    op.create_table(
        "renditions",
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "hint_at",
            sa.Float(precision=53),
            nullable=False,
            comment="when the clock hints again if it is still not made",
        ),
        sa.Column("lease_until", sa.Float(precision=53), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Float(precision=53), nullable=True),
        sa.Column("content_type", sa.String(length=100), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_renditions_release_id")),
        sa.PrimaryKeyConstraint("release_id", "language", "format", name=op.f("pk_renditions")),
    )
    op.create_table(
        "translations",
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "hint_at",
            sa.Float(precision=53),
            nullable=False,
            comment="when the clock hints again if it is still not made",
        ),
        sa.Column("lease_until", sa.Float(precision=53), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Float(precision=53), nullable=True),
        sa.Column("engine", sa.String(length=50), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_translations_release_id")),
        sa.PrimaryKeyConstraint("release_id", "language", name=op.f("pk_translations")),
    )
    op.create_table(
        "attempts",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_attempts_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "attempt", name=op.f("pk_attempts")),
    )
    for name, table, columns, where in (
        ("ix_deliveries_next", "deliveries", ["due_at"], "state = 'due'"),
        ("ix_deliveries_embargoed", "deliveries", ["release_id"], "state = 'held' AND reason = 'embargo'"),
        (
            "ix_deliveries_kept",
            "deliveries",
            ["outlet_id"],
            "state = 'held' AND reason IN ('outlet paused', 'outlet disabled')",
        ),
        ("ix_releases_unplanned", "releases", ["hint_at"], "planned_at IS NULL"),
        ("ix_translations_unmade", "translations", ["hint_at"], "state <> 'made'"),
        ("ix_renditions_unmade", "renditions", ["hint_at"], "state <> 'made'"),
    ):
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
