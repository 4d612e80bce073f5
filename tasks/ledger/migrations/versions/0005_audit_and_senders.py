"""Who did what: the audit table, which can only grow, and who sent each release.

Revision ID: 0005
Revises: 0004

Both databases refuse to change or delete an entry. On SQLite an INSERT OR REPLACE would delete one without asking the
trigger for deletes, so there an entry with a known number is refused too; on PostgreSQL TRUNCATE is.

Releases of before have no `sent_by` and belong to nobody. Workers of before this migration go on as they did: what they
take in has none either.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSED = "the audit table can only grow: its entries are neither changed nor deleted"
_REFUSE = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
_KNOWN = "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
_SQLITE = (
    f"CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit {_REFUSE}",
    f"CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit {_REFUSE}",
    f"CREATE TRIGGER audit_replaces_nothing BEFORE INSERT ON audit {_KNOWN} {_REFUSE}",
)
_POSTGRESQL = (
    "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$",
    "CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
    "CREATE TRIGGER audit_loses_nothing BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("role", sa.String(10), nullable=False, comment="Role in tasks/model/acts.py"),
        sa.Column(
            "actor", sa.String(300), nullable=False, comment="user@host, the name of a producer, or host:process"
        ),
        sa.Column("act", sa.String(30), nullable=False, comment="Act in tasks/model/acts.py"),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it was done to, for people"),
        sa.Column("uri", sa.String(300), comment="of the release, if it was done to one"),
        sa.Column("version", sa.Integer()),
        sa.Column("outlet_id", sa.String(100), comment="of the outlet, if it was done to one"),
        sa.Column("old", sa.Text(), comment="JSON; never a secret"),
        sa.Column("new", sa.Text(), comment="JSON; never a secret"),
        sa.Column("remark", sa.Text(), comment="what the actor said of it, such as --by or --note"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    for name in ("uri", "outlet_id", "at"):
        op.create_index(f"ix_audit_{name}", "audit", [name])
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
    of_uri = "whose the URI is: the producer that first sent it"
    op.add_column("releases", sa.Column("producer", sa.String(100), comment=of_uri))
    of_version = "who sent this version: a producer, or operations"
    op.add_column("releases", sa.Column("sent_by", sa.String(320), comment=of_version))
    op.add_column("refusals", sa.Column("sent_by", sa.String(320), comment="the producer that signed it, if it did"))
