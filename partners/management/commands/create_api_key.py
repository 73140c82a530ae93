"""`manage.py create_api_key`: make a key for a partner's system and print it, this once, alone on the last line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from partners.enums import Scope
from partners.models import Partner
from partners.services import create_api_key


class Command(BaseCommand):
    help = "Makes an API key and prints it once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--partner", required=True, metavar="CODE")
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--scope", required=True, nargs="+", action="extend", metavar="SCOPE", help=", ".join(Scope.values)
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner with the code {options['partner']}.")
        try:
            key, secret = create_api_key(partner, name=options["name"], scopes=options["scope"])
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{partner.code}, {key.name}: {', '.join(key.scopes)}. The key is shown this once:")
        self.stdout.write(secret)
