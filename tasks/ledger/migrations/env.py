"""Alembic's entry: runs the migrations on the connection that `tasks.ledger.upgrade` hands over."""

from alembic import context

from tasks.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
