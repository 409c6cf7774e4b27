"""Run the migrations of this room on the connection that `portal.migration` hands over."""

from alembic import context

from portal.migration import SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
