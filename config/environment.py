"""Reading the environment. A wrong value ends the start with one line that names it, not with a traceback."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

T = TypeVar("T")


def refuse(name: str, reason: str) -> NoReturn:
    """End the start: exit code 2 and one line on stderr. The value is not shown, it may be a secret."""
    sys.stderr.write(f"waymark: {name} {reason}\n")
    raise SystemExit(2)


def _read(name: str, default: T, understood: Callable[[str], T], expected: str) -> T:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return understood(text)
    except (ValueError, KeyError):
        refuse(name, f"must be {expected}")


def text(name: str, default: str = "") -> str:
    return _read(name, default, str, "text")


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    return _read(name, default, {value: value for value in allowed}.__getitem__, "one of " + ", ".join(allowed))


def flag(name: str, default: bool = False) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    return _read(name, default, lambda value: words[value.lower()], "1 or 0")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    def understood(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return _read(name, default, understood, f"a whole number from {least} to {most}")


def listed(name: str, default: Sequence[str]) -> list[str]:
    """Values separated by commas."""
    return _read(
        name, list(default), lambda value: [part.strip() for part in value.split(",") if part.strip()], "a list"
    )


def folder(name: str, default: Path) -> Path:
    """A folder, made when it does not stand."""
    path = _read(name, default, lambda value: Path(value).expanduser().resolve(), "a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(name, f"names a folder that cannot be made: {error.strerror}")
    return path


def secret(name: str, file: Path) -> str:
    """The secret of the environment, or one that is made at the first start and kept in `file` for its owner alone."""
    given = os.environ.get(name, "")
    if given:
        return given
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return file.read_text() or refuse(name, f"is not set and {file} is empty; remove that file")


def _address(name: str, value: str, schemes: Sequence[str]) -> SplitResult:
    address = urlsplit(value)
    if address.scheme not in schemes:
        refuse(name, f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    try:
        _ = address.port
    except ValueError:
        refuse(name, "has a port that is not a number")
    return address


def database(name: str, value: str) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name`; `?host=/folder` names a unix socket."""
    address = _address(name, value, ("postgresql", "postgres"))
    query = {key: values[-1] for key, values in parse_qs(address.query).items()}
    if len(address.path) < 2:
        refuse(name, "names no database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(address.path[1:]),
        "USER": unquote(address.username or ""),
        "PASSWORD": unquote(address.password or ""),
        "HOST": query.pop("host", unquote(address.hostname or "")),
        "PORT": str(address.port or ""),
        "OPTIONS": query,
    }


def mail(name: str, outbox: Path) -> dict[str, Any]:
    """Django's settings for `smtp://user:password@host:port` (`smtps://` for TLS); files under `outbox` by default."""
    value = os.environ.get(name, "")
    if not value:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(outbox)}
    address = _address(name, value, ("smtp", "smtps", "smtp+tls"))
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": address.hostname or "localhost",
        "EMAIL_PORT": address.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[address.scheme],
        "EMAIL_HOST_USER": unquote(address.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(address.password or ""),
        "EMAIL_USE_SSL": address.scheme == "smtps",
        "EMAIL_USE_TLS": address.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 15,
    }
