"""Which worker processes there are, and which of them builds an artifact: so claims of those that are gone are free.

Revision ID: 0007
Revises: 0006

Workers of before this migration sign in nowhere; their claims are free when their leases end, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(200), primary_key=True, comment="host, process number, and when the process began"),
        sa.Column("machine", sa.String(100), comment="which processes can see whether it lives"),
        sa.Column("beat_at", sa.Float(53), comment="its last beat, if it has any to give"),
    )
    for table in ("translations", "renditions"):
        op.add_column(table, sa.Column("claimed_by", sa.String(200)))
