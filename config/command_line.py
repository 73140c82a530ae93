"""What stands between the terminal and a management command: a running database, and plain words when there is none."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.management import execute_from_command_line

from config import environment
from config.database import embedded
from config.postgres_files import PostgresError

BASE_DIR = Path(__file__).resolve().parent.parent


def execute(arguments: list[str], *, database: bool) -> None:
    """Run a management command. With `database`, the embedded server runs at least as long as the command does."""
    os.umask(0o022)
    server = embedded(environment.folder("WAYMARK_VAR", BASE_DIR / "var"))
    if server and database:
        try:
            server.hold()
        except PostgresError as error:
            environment.refuse("the embedded database", f"cannot start: {error}")
    execute_from_command_line(arguments)
