"""Translations that are made and wait for a person, for an engine of grade draft had a part in them.

Revision ID: 0008
Revises: 0007

What Apertium translated before, and has not left, is such a draft from now on; what is due is held when it is claimed.
Workers of before this migration know no drafts, and let them go as they let their own translations go.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DRAFTS = """
UPDATE translations SET status = 'draft', reason = 'a draft by ' || engine || ' waits for an editor'
WHERE state = 'made' AND status = 'checked' AND engine LIKE '%apertium%' AND EXISTS (
    SELECT 1 FROM deliveries
    WHERE deliveries.release_id = translations.release_id AND deliveries.language = translations.language
      AND deliveries.state IN ('held', 'due')
)
"""


def upgrade() -> None:
    draft = sa.text("status = 'draft'")
    op.create_index("ix_translations_draft", "translations", ["language"], sqlite_where=draft, postgresql_where=draft)
    op.execute(DRAFTS)
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.execute("COMMENT ON COLUMN translations.status IS 'draft, checked or approved, of what a machine made'")
