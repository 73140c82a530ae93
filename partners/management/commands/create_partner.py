"""`manage.py create_partner`: make a partner, or bring the one with this code up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from partners.enums import IdentifierScheme, PartnerKind
from partners.services import save_partner


class Command(BaseCommand):
    help = "Makes a partner, or brings the one with this code up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--code", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--kind",
            required=True,
            action="append",
            metavar="KIND",
            help=f"{', '.join(PartnerKind.values)}; repeatable",
        )
        parser.add_argument("--country", metavar="CC", help="ISO 3166-1 alpha-2")
        parser.add_argument("--scac", help="Standard Carrier Alpha Code")

    def handle(self, *args: Any, **options: Any) -> None:
        details: Any = {"country": options["country"]} if options["country"] else {}
        identifiers = [(IdentifierScheme.SCAC, options["scac"])] if options["scac"] else []
        try:
            partner = save_partner(
                options["code"], name=options["name"], kinds=options["kind"], identifiers=identifiers, **details
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{partner.code}: {partner.name}")
