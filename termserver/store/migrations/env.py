"""Alembic's entry: runs the migrations on the connection that `store.engine` hands over."""

from __future__ import annotations

from alembic import context

from termserver.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
