"""What Alembic runs: the revisions, on the connection and within the transaction of jobs.store.migration."""

from alembic import context

from jobs.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
