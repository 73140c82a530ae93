"""The database of the tests: migrated once for a state of the migrations, then copied for every run and worker."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django.plugin import DjangoDbBlocker

# No test measures time: a busy machine is no fault of what is tested.
# The gate draws the same examples each time; who looks for more draws others (HYPOTHESIS_PROFILE=search).
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
examples.register_profile("waymark", derandomize=True, **_COMMON)
examples.register_profile("search", **_COMMON)
examples.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "waymark"))

ROOT = Path(__file__).resolve().parent.parent


def _migrations_digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(
        [
            *ROOT.glob("*/migrations/*.py"),
            *ROOT.glob("*/tables/*.csv"),
            *ROOT.glob("milestones/workflows/*.py"),
            ROOT / "requirements" / "base.txt",
        ]
    ):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _address(name: str) -> str:
    database = settings.DATABASES["default"]
    access = f"{database['USER']}:{database['PASSWORD']}"
    return f"postgresql://{access}@/{name}?host={database['HOST']}" + (
        f"&port={database['PORT']}" if database["PORT"] else ""
    )


@functools.cache
def _migrated_template() -> str:
    """The name of a database with the present migrations. Made when there is none; older ones are dropped."""
    template = f"template_{_migrations_digest()}"
    with (
        (Path(settings.VAR) / "template.lock").open("a") as lock,
        psycopg.connect(_address("postgres"), autocommit=True) as connection,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = [
            row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")
        ]
        if template not in known:
            half = f"half_{os.getpid()}"
            connection.execute(f"CREATE DATABASE {half}")
            environment = {**os.environ, "DATABASE_URL": _address(half), "DJANGO_SETTINGS_MODULE": "config.settings"}
            done = subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                connection.execute(f"DROP DATABASE {half}")
                pytest.exit(f"the migrations fail:\n{done.stderr}", returncode=2)
            connection.execute(f"ALTER DATABASE {half} RENAME TO {template}")
            for old in known:
                connection.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)")
    return template


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = _migrated_template()


def _make_anew(_case: object = None) -> None:
    """This run's test database, from the template again."""
    connections.close_all()
    name = settings.DATABASES["default"]["NAME"]
    with psycopg.connect(_address("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_migrated_template()}")


# After a test with real commits Django would empty all tables: what the migrations loaded would be gone for every later
# test, and issued invoices refuse to be emptied. This is where it does so, for the mark, the fixture and live_server.
TransactionTestCase._fixture_teardown = _make_anew  # type: ignore[method-assign]


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database with real commits, made anew from the template afterwards."""
    with django_db_blocker.unblock():
        yield
        _make_anew()


@pytest.fixture
def database_url(transactional_db: None) -> Iterator[str]:
    """The address of this run's test database, for a child process that works on it for real."""
    yield _address(settings.DATABASES["default"]["NAME"])
