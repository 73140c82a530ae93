from __future__ import annotations

import json
import sys
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from shipments.connections.registry import KINDS
from shipments.models import Connection
from shipments.services import collect_now


class Command(BaseCommand):
    help = (
        "Looks into one connection, or into all that are active, due or not. Prints one JSON object a line;"
        " exit 0: all went well, 1: at least one did not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", type=uuid.UUID, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Connection.objects.active().select_related("source").order_by("pk")
        if options["connection"]:
            rows = rows.filter(public_id=options["connection"])
            if not rows.exists():
                raise CommandError("There is no active connection with this id.")
        else:
            rows = rows.filter(kind__in=[name for name, kind in KINDS.items() if kind.collect is not None])
        lines = [self._one(connection) for connection in rows]
        sys.exit(1 if any(line["error"] for line in lines) else 0)

    def _one(self, connection: Connection) -> dict[str, Any]:
        line: dict[str, Any] = {"connection": str(connection.public_id), "source": connection.source.code}
        try:
            look = collect_now(connection, by=None)
        except DomainError as refusal:
            line |= {"received": 0, "duplicates": 0, "answered": 0, "left": [], "error": refusal.message}
        else:
            line |= {
                "received": look.received,
                "duplicates": look.duplicates,
                "answered": look.answered,
                "left": look.left,
                "error": look.error,
            }
        self.stdout.write(json.dumps(line, ensure_ascii=False))
        self.stdout.flush()
        return line
