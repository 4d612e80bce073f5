"""Where an act comes from: an IP address, or the machine of a command line. Older entries do not say it.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("origin", sa.String(300), comment="an IP address, or the machine of a command line")
    op.add_column("audit", column)
