"""`python benchmarks/run.py NAME`: measure, on a database of its own, and print figure, reference and ratio as JSON.

Every benchmark measures its reference in the same run on the same machine: read the ratio, not the absolute figure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402 the project's own modules have to be found first

from config.postgres import Server  # noqa: E402

NAMES = (
    "ingest", "kills", "tokenise_edifact", "tokenise_x12", "big_csv", "conditions", "sweep", "reevaluate", "latency",
    "chaos",
)  # fmt: skip
# What measures pure code: a database would only take time.
WITHOUT_DATABASE = frozenset({"tokenise_edifact", "tokenise_x12", "conditions"})


@contextmanager
def scratch_database() -> Iterator[str]:
    """The address of an empty database with the product's schema on the embedded server; dropped afterwards."""
    server = Server(Path(os.environ.get("WAYMARK_VAR", ROOT / "var")) / "postgres")
    server.hold()
    name = f"benchmark_{os.getpid()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield server.url(name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    arguments, rest = parser.parse_known_args()
    measure = [sys.executable, "-m", f"benchmarks.{arguments.name}", *rest]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    if arguments.name in WITHOUT_DATABASE:
        return subprocess.run(measure, cwd=ROOT, env=environment).returncode
    with scratch_database() as url:
        environment |= {"DATABASE_URL": url, "WAYMARK_ROLE": "worker"}
        migrate = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        return subprocess.run(measure, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
