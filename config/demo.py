"""The world of a first start: partners, shipments and people to look at it with, made by the product's own commands."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.models import Count

from partners.models import Partner
from shipments.enums import PartyRole
from shipments.models import Shipment, ShipmentParty

SHIPMENTS = 30
SEED = 1


@dataclass(frozen=True)
class Login:
    """A person of the demo world. `place` is where the person lands after the login."""

    email: str
    password: str
    says: str
    place: str


def logins_file() -> Path:
    return Path(settings.VAR) / "demo_logins.json"


def logins() -> list[Login]:
    """The people of the demo world that was loaded on this machine; none when there was none."""
    file = logins_file()
    return [Login(**person) for person in json.loads(file.read_text())] if file.exists() else []


def load_demo_world() -> None:
    """Load the demo world unless the database holds a shipment."""
    if Shipment.objects.exists():
        return
    call_command("simulate", shipments=SHIPMENTS, seed=SEED)
    people = [
        _person("admin", "everything in the console", "/admin/", "--group", "administrator"),
        _person("operations", "shipments and exceptions in the console", "/admin/", "--group", "operations"),
        _person("finance", "charges and invoices in the console", "/admin/", "--group", "finance"),
        *_partner_people("customer", PartyRole.CUSTOMER, "administrator"),
        *_partner_people("carrier", PartyRole.CARRIER, "editor"),
    ]
    with os.fdopen(os.open(logins_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(person) for person in people], file)


def _partner_people(name: str, role: PartyRole, rights: str) -> Sequence[Login]:
    """One person of the partner that plays `role` on the most shipments."""
    parties = (
        ShipmentParty.objects.filter(role=role).values_list("partner").annotate(n=Count("pk")).order_by("-n", "partner")
    )
    busiest = parties.first()
    if busiest is None:
        return ()
    partner = Partner.objects.get(pk=busiest[0])
    return (_person(name, f"the portal of {partner.name}", "/portal/", "--partner", partner.code, "--role", rights),)


def _person(name: str, says: str, place: str, *rights: str) -> Login:
    person = Login(f"{name}@waymark.example", secrets.token_urlsafe(9), says, place)
    # A process of its own, because the password goes in by stdin and so stands in no list of processes.
    manage = str(settings.BASE_DIR / "manage.py")
    command = [sys.executable, manage, "create_user", "--email", person.email, "--password-stdin", *rights]
    subprocess.run(command, input=person.password + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
    return person
