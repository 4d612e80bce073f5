"""Units and review of translations, approval of deliveries, memory, glossary, engines.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "translations", sa.Column("status", sa.String(10), comment="checked or approved, of what a machine made")
    )
    op.add_column(
        "translations",
        sa.Column(
            "units", sa.Text(), comment="JSON: each sentence, what became of it and by whom; also of one that is held"
        ),
    )
    op.add_column("translations", sa.Column("approved_by", sa.String(200)))
    op.add_column("translations", sa.Column("approved_at", sa.Float(53)))
    op.add_column(
        "deliveries",
        sa.Column(
            "approval",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="a person must approve its translation first",
        ),
    )
    op.create_table(
        "memory",
        sa.Column(
            "key", sa.String(64), nullable=False, comment="SHA-256 of the languages and the source's normal form"
        ),
        sa.Column("maker", sa.String(300), nullable=False, comment="'approved', or engine and model"),
        sa.Column("source_language", sa.String(35), nullable=False),
        sa.Column("target_language", sa.String(35), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="normal form, for people"),
        sa.Column(
            "target", sa.Text(), nullable=False, comment="JSON: words, inline elements and opaque pieces by number"
        ),
        sa.Column(
            "origin", sa.String(300), nullable=False, comment="where it comes from: a release, a file, the house texts"
        ),
        sa.Column("kept_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("key", "maker", name=op.f("pk_memory")),
    )
    machines = sa.text("maker <> 'approved'")
    op.create_index(op.f("ix_memory_kept_at"), "memory", ["kept_at"], sqlite_where=machines, postgresql_where=machines)
    op.create_table(
        "terms",
        sa.Column("source_language", sa.String(35), nullable=False),
        sa.Column("target_language", sa.String(35), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("forbidden", sa.Boolean(), nullable=False, comment="target is what must not stand in a translation"),
        sa.Column("target", sa.String(500), nullable=False, comment="one for each source, unless forbidden"),
        sa.Column("match_case", sa.Boolean(), nullable=False),
        sa.Column("part", sa.String(50), comment="of speech, for people"),
        sa.PrimaryKeyConstraint(
            "source_language", "target_language", "source", "forbidden", "target", name=op.f("pk_terms")
        ),
    )
    op.create_table(
        "engines",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("rest_until", sa.Float(53), nullable=False),
        sa.Column("reason", sa.Text(), comment="of the last failure"),
        sa.Column("minute", sa.Float(53), nullable=False, comment="when the minute began in which these were asked:"),
        sa.Column("minute_requests", sa.Integer(), nullable=False),
        sa.Column("minute_characters", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False, comment="UTC, 2026-11"),
        sa.Column("month_characters", sa.BigInteger(), nullable=False),
        sa.Column("month_cost", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_engines")),
    )
