"""Run the registry's migrations on the connection that `registry.migration` hands over; nothing is read from a file."""

from alembic import context

from registry.migration import VERSION_SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=VERSION_SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
