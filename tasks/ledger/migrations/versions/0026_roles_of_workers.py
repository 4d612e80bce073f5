"""What each worker process does, for the page of queues and workers.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "workers",
        sa.Column("role", sa.String(100), nullable=True, comment="as which process of the stack it was started"),
    )
