"""An index of the files of releases by their digest: by it the web server finds whether a file was withdrawn.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_release_media_sha256", "release_media", ["sha256"])
