"""The world of a first start: partners, shipments and people to look at it with, made by the product's own commands."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.models import Count

from milestones.enums import ExceptionKind
from milestones.models import MilestoneTemplate, ShipmentException
from milestones.services import evaluate_due
from milestones.services.template_rows import draft_of
from milestones.services.templates import new_version, save_draft
from partners.enums import Channel, InternalGroup, Role, Topic, UserKind
from partners.models import Membership, Partner, User
from partners.services import add_member, save_user
from partners.services.subscriptions import subscribe
from shipments.enums import DocumentAudience, PartyRole
from shipments.models import Shipment, ShipmentParty
from shipments.services.documents import file_document

SHIPMENTS = 30
SEED = 1
# The template that stands there as a draft too.
DRAFTED = "OCEAN-FCL-IMPORT"
# One empty page: the smallest paper that opens.
PAPER = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


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
    staff = [
        _internal("admin", "Ada Admin", "everything in the console", InternalGroup.ADMINISTRATOR),
        _internal("operations", "Omar Operations", "shipments and exceptions in the console", InternalGroup.OPERATIONS),
        _internal("finance", "Fenna Finance", "charges and invoices in the console", InternalGroup.FINANCE),
    ]
    # They listen before anything happens, as people do.
    _hear(staff)
    call_command("simulate", shipments=SHIPMENTS, seed=SEED)
    partners = [
        *_of_busiest("customer", "Clara Customer", PartyRole.CUSTOMER, Role.ADMINISTRATOR),
        *_of_busiest("carrier", "Carl Carrier", PartyRole.CARRIER, Role.EDITOR),
    ]
    _hear(partners)
    people = [*staff, *partners]
    with os.fdopen(os.open(logins_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(person) for person in people], file)
    _furnish()


def _furnish() -> None:
    """What people would have done by now, so that no room is empty for a newcomer: most papers are filed (what is
    left is work to do), and a template is being changed."""
    _file_papers()
    while evaluate_due():
        pass
    _begin_a_version(MilestoneTemplate.objects.filter(code=DRAFTED).latest("version"))


def _begin_a_version(template: MilestoneTemplate) -> None:
    """A draft in which boxes are to leave the port half as late as before, so that there is a difference to look at."""
    row = new_version(template, by=None)
    draft = draft_of(row)
    lines = tuple(
        replace(line, late_tolerance_minutes=line.late_tolerance_minutes // 2) if line.type == "GATE_OUT" else line
        for line in draft.lines
    )
    save_draft(row, replace(draft, note="Boxes leave the port sooner", lines=lines), by=None)


def _hear(people: Sequence[Login]) -> None:
    """Have them told of problems and changed arrivals on screen."""
    for user in User.objects.filter(email__in=[person.email for person in people]).order_by("pk"):
        membership = Membership.objects.filter(user=user).select_related("partner").first()
        partner = membership.partner if membership else None
        for topic in (Topic.EXCEPTION_OPENED, Topic.EXCEPTION_RESOLVED, Topic.ETA_CHANGED):
            subscribe(user, partner=partner, topic=topic, channel=Channel.IN_APP, by=None)


def _file_papers() -> None:
    """The missing papers of all but every fourth shipment."""
    missing = ShipmentException.objects.unresolved().filter(kind=ExceptionKind.DOCUMENT).select_related("shipment")
    for case in missing.order_by("pk"):
        if case.shipment_id % 4:
            type_ = case.facts["document"]
            file_document(
                case.shipment, body=PAPER, by=None, type=type_, name=f"{case.shipment.reference}.pdf",
                audience=DocumentAudience.CUSTOMER,
            )  # fmt: skip


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
