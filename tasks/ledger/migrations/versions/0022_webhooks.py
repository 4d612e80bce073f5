"""Which releases producers want to hear of, and the messages to their webhooks.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watched_releases",
        sa.Column("release_id", Id, autoincrement=False, nullable=False),
        sa.Column("producer", sa.String(100), nullable=False),
        sa.Column(
            "told", sa.Text(), nullable=False, comment="JSON: {event: languages} of which its producer has a message"
        ),
        sa.Column("look_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_watched_releases"),
    )
    op.create_index("ix_watched_releases_look_at", "watched_releases", ["look_at"])
    op.create_table(
        "webhook_messages",
        sa.Column("id", Id, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False, comment="the header webhook-id"),
        sa.Column("producer", sa.String(100), nullable=False),
        sa.Column("event", sa.String(30), nullable=False, comment="Event in tasks/operations/webhooks.py"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.Column(
            "due_at", sa.Float(53), comment="when it is sent, or sent again; null once it has arrived or was given up"
        ),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("problem", sa.Text(), comment="what the last try met"),
        sa.Column("arrived_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
        sa.UniqueConstraint("message_id", name="uq_webhook_messages_message_id"),
    )
    op.create_index("ix_webhook_messages_made_at", "webhook_messages", ["made_at"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_webhook_messages_due_at", "webhook_messages", ["due_at"], sqlite_where=due, postgresql_where=due
    )
