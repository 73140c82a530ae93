from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from partners.models import Partner
from shipments.services import save_source


class Command(BaseCommand):
    help = "Makes or updates a feed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--code", required=True)
        parser.add_argument("--partner", required=True, metavar="CODE")
        parser.add_argument("--format", required=True)
        parser.add_argument(
            "--time-zone", default="", metavar="TZ", help="IANA name, for local times of unknown places"
        )
        parser.add_argument(
            "--trust", type=int, default=50, metavar="N", help="0 to 100; the higher one wins a conflict"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["partner"].upper()).first()
        if partner is None:
            raise CommandError(f"There is no partner {options['partner']}.")
        try:
            source = save_source(
                options["code"],
                partner=partner,
                format=options["format"],
                time_zone=options["time_zone"],
                trust=options["trust"],
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Source {source.code}: {source.get_format_display()} from {partner.code}")
