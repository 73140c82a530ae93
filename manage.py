#!/usr/bin/env python3
"""Run a command: `python3 manage.py <command>`. Any Python 3.11+ will do, it finds the project's own."""

import importlib.util
import os
import sys
from pathlib import Path

OWN_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
# They read or write files only, so they need no database server.
WITHOUT_DATABASE = {"check", "collectstatic", "compilemessages", "help", "makemessages", "version"}


def main() -> None:
    if importlib.util.find_spec("django") is None:
        if not OWN_PYTHON.exists():
            sys.exit("waymark: not set up yet; run `make venv` first")
        os.execv(OWN_PYTHON, [str(OWN_PYTHON), *sys.argv])  # noqa: S606 our own interpreter, no shell
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from config.command_line import execute

    execute(sys.argv, database=bool(sys.argv[1:]) and sys.argv[1] not in WITHOUT_DATABASE)


if __name__ == "__main__":
    main()
