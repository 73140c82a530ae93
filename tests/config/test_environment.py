from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "must be a whole number from 1 to 65535"),
        ("PORT", "70000", "must be a whole number from 1 to 65535"),
        ("DEBUG", "perhaps", "must be 1 or 0"),
        ("WAYMARK_ROLE", "king", "must be one of web, worker, command"),
        ("WAYMARK_LOG", "xml", "must be one of plain, json"),
        ("WAYMARK_WORKERS", "0", "must be a whole number from 1 to 64"),
        ("DATABASE_URL", "sqlite:///db.sqlite3", "must begin with postgresql:// or postgres://"),
        ("DATABASE_URL", "postgresql://host:port/name", "has a port that is not a number"),
        ("DATABASE_URL", "postgresql://host/", "names no database"),
        ("EMAIL_URL", "http://mail", "must begin with smtp:// or smtps:// or smtp+tls://"),
        ("WAYMARK_VAR", "/proc/nowhere/var", "names a folder that cannot be made: No such file or directory"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(name: str, value: str, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", name: value},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"waymark: {name} {says}\n")


def test_an_address_of_a_server_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    found = environment.database("DATABASE_URL", "postgresql://me:p%40ss@db.example:5433/way%20mark?sslmode=require")
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "way mark",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_an_address_of_a_socket_is_understood() -> None:
    found = environment.database("DATABASE_URL", "postgres://me@/waymark?host=/run/pg")
    assert (found["HOST"], found["PORT"], found["NAME"], found["OPTIONS"]) == ("/run/pg", "", "waymark", {})


def test_a_secret_is_made_once_and_kept_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYMARK_SECRET", raising=False)
    file = tmp_path / "secret"
    first = environment.secret("WAYMARK_SECRET", file)
    assert len(first) >= 50
    assert environment.secret("WAYMARK_SECRET", file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("WAYMARK_SECRET", "given")
    assert environment.secret("WAYMARK_SECRET", file) == "given"


def test_mail_goes_to_files_unless_a_server_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMAIL_URL", raising=False)
    assert environment.mail("EMAIL_URL", tmp_path) == {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(tmp_path),
    }


@pytest.mark.parametrize(
    ("value", "port", "tls", "ssl"),
    [
        ("smtp://me:pw@mail:2525", 2525, False, False),
        ("smtp+tls://me:pw@mail", 587, True, False),
        ("smtps://me:pw@mail", 465, False, True),
    ],
)
def test_a_mail_server_is_understood(
    monkeypatch: pytest.MonkeyPatch, value: str, port: int, tls: bool, ssl: bool
) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    found = environment.mail("EMAIL_URL", Path("/unused"))
    assert (found["EMAIL_HOST"], found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("mail", "me", "pw")
    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (port, tls, ssl)


def test_a_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_HOSTS", "a.example, b.example,")
    assert environment.listed("WAYMARK_HOSTS", []) == ["a.example", "b.example"]
