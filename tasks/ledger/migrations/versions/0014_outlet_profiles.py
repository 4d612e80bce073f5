"""Profiles of outlets: by which planning finds the outlets that may take a release without reading all of them.

Revision ID: 0014
Revises: 0013

`ledger.upgrade` fills them afterwards, and the sweep does it for what workers of before this migration write.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outlet_profiles",
        sa.Column("id", _ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the document"),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("all_topics", sa.Boolean(), nullable=False, comment="its outlets take all topics"),
        sa.Column("takes_machine_translation", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON: Profile in tasks/model/profile.py"),
        sa.Column("form", sa.Text(), nullable=False, comment="the same without country, topics and circuits"),
        sa.PrimaryKeyConstraint("id", name="pk_outlet_profiles"),
        sa.UniqueConstraint("digest", name="uq_outlet_profiles_digest"),
    )
    op.create_index("ix_outlet_profiles_country", "outlet_profiles", ["country"])
    op.create_table(
        "outlet_profile_terms",
        sa.Column(
            "kind", sa.String(10), nullable=False, comment="language (without script and country), topic or circuit"
        ),
        sa.Column("value", sa.String(100), nullable=False),
        sa.Column("profile_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "profile_id", name="pk_outlet_profile_terms"),
        sa.ForeignKeyConstraint(["profile_id"], ["outlet_profiles.id"], name="fk_outlet_profile_terms_profile_id"),
    )
    own = "its row in outlet_profiles; null for a document that cannot be read"
    op.add_column("outlets", sa.Column("profile_id", _ID, comment=own))
    of = "`updated_at` of the document that this profile is of"
    op.add_column("outlets", sa.Column("profiled_at", sa.Float(53), comment=of))
    unprofiled = sa.text("profiled_at IS NULL OR profiled_at <> updated_at")
    op.create_index("ix_outlets_unprofiled", "outlets", ["id"], sqlite_where=unprofiled, postgresql_where=unprofiled)
    op.create_index("ix_outlets_profile", "outlets", ["profile_id", "status", "id"])
