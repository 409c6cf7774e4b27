"""Bring one room's schema to this release: Alembic from code, without a file of settings, in the caller's transaction.

Each room has a folder of migrations of its own, and remembers in its own schema how far it is.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def migrate(connection: Connection, migrations: Path, branch: str) -> None:
    """Run the migrations of a folder up to the newest one of a branch.

    Args:
        connection: of the owner, in a transaction; the folder's `env.py` finds it as the attribute `connection`.
        migrations: the folder with `env.py` and `versions/`.
        branch: the label of the room's branch.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, f"{branch}@head")
