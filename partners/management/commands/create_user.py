"""`manage.py create_user`: make an account for a person of the house or of a partner, or bring it up to date."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.errors import DomainError
from partners.enums import InternalGroup, Role, UserKind
from partners.models import Partner, User
from partners.services import add_member, save_user


class Command(BaseCommand):
    help = "Makes an account for a person of the house (--group) or of a partner (--partner and --role)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument(
            "--password-stdin", action="store_true", required=True, help="read the password from standard input"
        )
        parser.add_argument("--name")
        parser.add_argument("--partner", metavar="CODE")
        parser.add_argument("--role", help=", ".join(Role.values))
        parser.add_argument("--group", action="append", help=f"{', '.join(InternalGroup.values)}; repeatable")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("The password on standard input is empty.")
        if bool(options["partner"]) == bool(options["group"]):
            raise CommandError("Give either --group, or --partner with --role.")
        if bool(options["partner"]) != bool(options["role"]):
            raise CommandError("Give --role together with --partner.")
        try:
            user = _internal(password, options) if options["group"] else _member(password, options)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(user.email)


def _internal(password: str, options: dict[str, Any]) -> User:
    named: Any = {"name": options["name"]} if options["name"] else {}
    return save_user(options["email"], password=password, kind=UserKind.INTERNAL, groups=options["group"], **named)


@transaction.atomic
def _member(password: str, options: dict[str, Any]) -> User:
    partner = Partner.objects.filter(code=options["partner"]).first()
    if partner is None:
        raise CommandError(f"There is no partner with the code {options['partner']}.")
    named: Any = {"name": options["name"]} if options["name"] else {}
    user = save_user(options["email"], password=password, kind=UserKind.PARTNER, **named)
    add_member(user, partner, role=options["role"], by=None)
    return user
