from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.errors import DomainError
from shipments.services.reprocessing import Slice, Walk, advance


class Command(BaseCommand):
    help = (
        "Reads a slice of the messages again, with today's readers, mappings and places, and prints what differs from"
        " the events as they stand, as JSON. With --apply the difference is applied."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", default="", metavar="CODE")
        parser.add_argument("--format", default="", metavar="FORMAT")
        parser.add_argument("--since", default="", metavar="DAY", help="day of receipt (UTC), such as 2026-11-24")
        parser.add_argument("--until", default="", metavar="DAY", help="day of receipt (UTC), included")
        parser.add_argument("--list", dest="code_list", default="", metavar="LIST", help="code list, with --code")
        parser.add_argument(
            "--code", dest="raw_code", default="", metavar="CODE", help="messages with this foreign code"
        )
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, walk = Slice.of(options), Walk()
        is_last = False
        while not is_last:
            try:
                with transaction.atomic():
                    is_last = advance(wanted, walk, is_applied=options["apply"], by=None)
            except DomainError as error:
                raise CommandError(error.message) from error
        said = {"slice": wanted.as_json(), "applied": options["apply"], **walk.result()}
        self.stdout.write(json.dumps(said, ensure_ascii=False, indent=2))
