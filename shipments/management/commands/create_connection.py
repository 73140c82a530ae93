from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from shipments.enums import ConnectionKind
from shipments.models import Source
from shipments.services import save_connection


class Command(BaseCommand):
    help = (
        "Makes a way in for a source: webhook, poll, folder, sftp, ftp or imap. The secret is JSON on the"
        ' standard input, such as {"password": "…"}. Prints a JSON object, once with the secret of a new webhook.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, metavar="CODE")
        parser.add_argument("--kind", required=True, choices=ConnectionKind.values)
        # Not --settings: that name is Django's.
        parser.add_argument("--config", default="{}", metavar="JSON", help="the settings of the kind")
        parser.add_argument("--every", type=int, default=300, metavar="SECONDS")
        parser.add_argument("--secret-stdin", action="store_true", help="read the secret from the standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.filter(code=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no source {options['source']}.")
        secret = _object(sys.stdin.read(), "the standard input") if options["secret_stdin"] else {}
        try:
            saved = save_connection(
                source,
                kind=options["kind"],
                settings=_object(options["config"], "--config"),
                secret=secret,
                by=None,
                every_seconds=options["every"],
            )
        except DomainError as refusal:
            raise CommandError(f"{refusal.field}: {refusal.message}" if refusal.field else refusal.message) from refusal
        connection = saved.connection
        line = {"id": str(connection.public_id), "source": source.code, "kind": connection.kind}
        if connection.kind == ConnectionKind.WEBHOOK:
            line |= {"path": f"/api/v1/inbound/{connection.public_id}/", "secret": saved.shown_once}
        self.stdout.write(json.dumps(line))


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{where} has to be JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(f"{where} has to be a JSON object.")
    return value
