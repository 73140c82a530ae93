"""The world of a first start: partners, shipments and people to look at it with, made by the product's own commands."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.models import Count

from partners.enums import InternalGroup, Role, UserKind
from partners.models import Partner
from partners.services import add_member, save_user
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
        _internal("admin", "Ada Admin", "everything in the console", InternalGroup.ADMINISTRATOR),
        _internal("operations", "Omar Operations", "shipments and exceptions in the console", InternalGroup.OPERATIONS),
        _internal("finance", "Fenna Finance", "charges and invoices in the console", InternalGroup.FINANCE),
        *_of_busiest("customer", "Clara Customer", PartyRole.CUSTOMER, Role.ADMINISTRATOR),
        *_of_busiest("carrier", "Carl Carrier", PartyRole.CARRIER, Role.EDITOR),
    ]
    with os.fdopen(os.open(logins_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(person) for person in people], file)


def _login(name: str, says: str, place: str) -> Login:
    return Login(f"{name}@waymark.example", secrets.token_urlsafe(9), says, place)


def _internal(name: str, full_name: str, says: str, group: InternalGroup) -> Login:
    login = _login(name, says, "/admin/")
    save_user(login.email, password=login.password, kind=UserKind.INTERNAL, groups=[group], name=full_name)
    return login


def _of_busiest(name: str, full_name: str, party: PartyRole, role: Role) -> Sequence[Login]:
    """One person of the partner that plays `party` on the most shipments."""
    parties = ShipmentParty.objects.filter(role=party).values_list("partner").annotate(n=Count("pk"))
    busiest = parties.order_by("-n", "partner").first()
    if busiest is None:
        return ()
    partner = Partner.objects.get(pk=busiest[0])
    login = _login(name, f"the portal of {partner.name}", "/portal/")
    user = save_user(login.email, password=login.password, kind=UserKind.PARTNER, name=full_name)
    add_member(user, partner, role=role, by=None)
    return (login,)
