"""An index by which the languages are found into which people approved translations.

Revision ID: 0006
Revises: 0005

Workers of before this migration do not ask for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    approved = sa.text("maker = 'approved'")
    op.create_index(
        "ix_memory_approved", "memory", ["target_language"], sqlite_where=approved, postgresql_where=approved
    )
