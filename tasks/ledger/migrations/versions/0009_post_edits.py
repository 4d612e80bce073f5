"""What people made of the drafts of engines, and the drafts that the checks refused.

Revision ID: 0009
Revises: 0008

Workers of before this migration leave both as they are: a refused draft of another sentence than the unit's is not
shown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "translations",
        sa.Column("refused", sa.Text(), comment="JSON: drafts of engines that the checks stopped, for editors alone"),
    )
    op.create_table(
        "post_edits",
        sa.Column("release_id", _ID, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("unit", sa.String(200), nullable=False, comment="its name: paragraph 3, sentence 1"),
        sa.Column("source_language", sa.String(35), nullable=False),
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("model", sa.String(300), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False, comment="what the engine had made, as a reader sees it"),
        sa.Column("approved", sa.Text(), nullable=False, comment="what a person approved in its place"),
        sa.Column(
            "edits",
            sa.Integer(),
            nullable=False,
            comment="words put in, left out or replaced: tasks/translation/edits.py",
        ),
        sa.Column("words", sa.Integer(), nullable=False, comment="of the approved text"),
        sa.Column("approved_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("release_id", "language", "unit", name="pk_post_edits"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_post_edits_release_id"),
    )
    op.create_index(
        "ix_post_edits_rate",
        "post_edits",
        ["engine", "source_language", "language", "approved_at", "edits", "words"],
    )
