"""Connections for tests, and when they are looked into next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from shipments.models import Connection, Source
from shipments.services import (
    save_connection,
)
from tests.factories.shipments import SourceFactory


def folder(tmp_path: Path, source: Source | None = None, **more: object) -> Connection:
    values = {"path": str(tmp_path), "stable_seconds": 0, **more}
    return save_connection(source or SourceFactory(), kind="folder", settings=values, by=None).connection


def poll(url: str, **more: object) -> Connection:
    values = {"url": url, "requests_per_minute": 6000, **more}
    return save_connection(SourceFactory(), kind="poll", settings=values, by=None).connection


def waits(connection: Connection) -> float:
    """Seconds until the next look."""
    connection.refresh_from_db()
    return (connection.not_before - timezone.now()).total_seconds()


def due_now(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(not_before=timezone.now() - timedelta(seconds=1))
