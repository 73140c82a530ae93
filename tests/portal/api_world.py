"""Two partners with one of everything that the API shows, the routes with who may use them, and callers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from billing.models import Accrual, ExportBatch, Invoice
from billing.services import export_invoices
from milestones.models import ShipmentException, WorkTask
from partners.models import Partner, User
from shipments.models import Acknowledgement, Event, Message, Shipment, Source
from tests.factories.billing import drafted, handling, issued
from tests.factories.milestones import CaseFactory, TaskFactory
from tests.factories.partners import PartnerFactory, api_key
from tests.factories.shipments import EventFactory, LocationFactory, MessageFactory, SourceFactory, native
from tests.portal.journeys import shipment_of, with_journey

ROOT = "/api/v1/"
SCOPES = ("read", "write", "ingest", "finance")
MISSING = "00000000-0000-4000-8000-000000000000"

EVERYBODY = frozenset({"sales", "operations", "customs", "finance", "auditor", "administrator"})
WORKING = frozenset({"operations", "customs", "administrator"})
CASEWORK = WORKING | {"finance"}
MONEY = frozenset({"finance", "auditor", "administrator"})
MONEY_WORK = frozenset({"finance", "administrator"})


@dataclass(frozen=True)
class Use:
    """One method of one route. `scope` "": no key may. `groups`: of the house, who may. `body` may use the world."""

    path: str
    scope: str
    groups: frozenset[str]
    status: int = 200
    body: str = ""
    query: str = ""


# (name of the route, method) → its use. {placeholders} are attributes of Own.
USES = {
    ("messages", "GET"): Use("messages/", "read", EVERYBODY),
    ("messages", "POST"): Use("messages/", "ingest", WORKING, 202, body="raw", query="?source={source}"),
    ("message", "GET"): Use("messages/{message}/", "read", EVERYBODY),
    ("message-reprocess", "POST"): Use("messages/{message}/reprocess/", "ingest", WORKING, 202),
    ("message-acknowledgement", "GET"): Use("messages/{message}/acknowledgement/", "read", EVERYBODY),
    ("message-acknowledgement", "POST"): Use("messages/{message}/acknowledgement/", "ingest", WORKING),
    ("clinic", "POST"): Use("clinic/", "ingest", WORKING, body="raw", query="?source={source}"),
    ("events", "GET"): Use("events/", "read", EVERYBODY),
    ("events", "POST"): Use("events/", "ingest", WORKING, body="events", query="?source={source}"),
    ("shipments", "GET"): Use("shipments/", "read", EVERYBODY),
    ("shipments", "POST"): Use("shipments/", "write", WORKING, 201, body="shipment"),
    ("shipment", "GET"): Use("shipments/{shipment}/", "read", EVERYBODY),
    ("shipment", "PATCH"): Use("shipments/{shipment}/", "write", WORKING, body="change"),
    ("timeline", "GET"): Use("shipments/{shipment}/timeline/", "read", EVERYBODY),
    ("shipment-dcsa", "GET"): Use("shipments/{shipment}/dcsa/", "read", EVERYBODY),
    ("shipment-epcis", "GET"): Use("shipments/{shipment}/epcis/", "read", EVERYBODY),
    ("milestone-templates", "GET"): Use("milestone-templates/", "", EVERYBODY),
    ("exceptions", "GET"): Use("exceptions/", "read", EVERYBODY),
    ("exception", "GET"): Use("exceptions/{case}/", "read", EVERYBODY),
    ("exception-acknowledge", "POST"): Use("exceptions/{case}/acknowledge/", "", CASEWORK),
    ("exception-snooze", "POST"): Use("exceptions/{case}/snooze/", "", CASEWORK, body="snooze"),
    ("exception-resolve", "POST"): Use("exceptions/{case}/resolve/", "", CASEWORK, body="reason"),
    ("tasks", "GET"): Use("tasks/", "", EVERYBODY),
    ("task-close", "POST"): Use("tasks/{task}/close/", "", CASEWORK),
    ("task-assign", "POST"): Use("tasks/{task}/assign/", "", CASEWORK, body="nobody"),
    ("partners", "GET"): Use("partners/", "read", EVERYBODY),
    ("partner", "GET"): Use("partners/{code}/", "read", EVERYBODY),
    ("charges", "GET"): Use("charges/", "finance", MONEY),
    ("accruals", "GET"): Use("accruals/", "", MONEY),
    ("invoices", "GET"): Use("invoices/", "finance", MONEY),
    ("invoices-draft", "POST"): Use("invoices/draft/", "", MONEY_WORK, 201, body="customer"),
    ("invoice", "GET"): Use("invoices/{invoice}/", "finance", MONEY),
    ("invoice-pdf", "GET"): Use("invoices/{invoice}/pdf/", "finance", MONEY),
    ("invoice-csv", "GET"): Use("invoices/{invoice}/csv/", "finance", MONEY),
    ("invoice-issue", "POST"): Use("invoices/{draft}/issue/", "", MONEY_WORK),
    ("invoice-credit", "POST"): Use("invoices/{invoice}/credit/", "", MONEY_WORK, 201, body="reason"),
    ("exports", "GET"): Use("exports/", "", MONEY),
    ("exports", "POST"): Use("exports/", "", MONEY_WORK, 201, body="export"),
    ("export-file", "GET"): Use("exports/{batch}/file/", "", MONEY),
}
# For nobody's key or session: who calls has signed. Its own tests (test_api_inbound.py) say who is heard.
SIGNED = {("inbound", "POST"): Use("inbound/{connection}/", "", frozenset(), 202)}
# Open to everybody, and no data of anybody: the description of the API, and the answer to any other address.
OPEN = {"schema", "docs", "nowhere"}


@dataclass
class Own:
    """What one partner has; ids as they stand in addresses."""

    partner: Partner
    secret: str
    rows: dict[str, Any]

    @property
    def places(self) -> dict[str, str]:
        ids = {name: str(row.public_id) for name, row in self.rows.items() if hasattr(row, "public_id")}
        return {**ids, "code": self.partner.code, "source": self.rows["source"].code}

    def address(self, use: Use) -> str:
        return ROOT + (use.path + use.query).format(**self.places)

    def payload(self, use: Use) -> str:
        bodies: dict[str, Any] = {
            "raw": [native("DEPARTED", ("mbl", "UNKNOWN1"))],
            "events": [native("DEPARTED", ("mbl", "UNKNOWN2"))],
            "shipment": shipment(self.partner.code),
            "change": {"eta": "2026-12-24T08:00:00+01:00"},
            "snooze": {"until": "2099-01-01T00:00:00Z"},
            "nobody": {"to": None},
            "reason": {"reason": "Agreed with the customer"},
            "customer": {"customer": self.partner.code},
            "export": {},
        }
        return json.dumps(bodies[use.body]) if use.body else ""


@dataclass
class World:
    alpha: Own
    beta: Own
    batch: ExportBatch

    def of(self, model: type) -> Any:
        return model._default_manager.all()  # type: ignore[attr-defined]


def shipment(customer: str, reference: str = "NEW-1", **fields: Any) -> dict[str, Any]:
    """The least that makes a shipment."""
    places = {"origin": "NLRTM", "destination": "CNSGH"}
    return {"reference": reference, "mode": "ocean", "customer": customer, **places, **fields}


def make_world() -> World:
    handling()
    LocationFactory()
    alpha, beta = _own("ALPHA"), _own("BETA")
    batch = export_invoices(Invoice.objects.filter(pk=alpha.rows["invoice"].pk), by=None)
    # Put beside the others, so that one address works for both.
    alpha.rows["batch"] = beta.rows["batch"] = batch
    return World(alpha, beta, batch)


def _own(code: str) -> Own:
    partner = PartnerFactory(code=code, billing_address="Quay 1\nRotterdam", kinds=["customer", "carrier"])
    source = SourceFactory(code=f"{code}-FEED", partner=partner)
    booked = with_journey(shipment_of(partner, reference=f"{code}-1"), done=3, overdue=True)
    message = MessageFactory(source=source, raw=code.encode())
    Acknowledgement.objects.create(message=message, kind="CONTRL", body=b"UNB+UNOC:3", is_accepted=True)
    departed = booked.milestones.get(type="DEPARTED")
    rows: dict[str, Source | Message | Event | Shipment | ShipmentException | WorkTask | Invoice | Accrual] = {
        "source": source,
        "shipment": booked,
        "message": message,
        "event": EventFactory(message=message, shipments=[booked]),
        "case": CaseFactory(shipment=booked, milestone=departed, summary=f"Late at {code}"),
        "task": TaskFactory(shipment=booked, title=f"Call {code}"),
        "invoice": issued(f"{code}-2", customer=partner),
        "draft": drafted(f"{code}-3", customer=partner),
    }
    return Own(partner, api_key(partner, *SCOPES, name="All")[1], rows)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def ask(
    path: str, method: str = "GET", *, secret: str = "", user: User | None = None, body: Any = None, **headers: str
) -> HttpResponse:
    """One request; `headers` with underscores for dashes. A body that is no text is sent as JSON."""
    path = path.removeprefix("http://testserver")
    client = Client()
    if user is not None:
        client.force_login(user)
    content_type = headers.pop("Content_Type", "application/json")
    data = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(
        method,
        path if path.startswith("/") else ROOT + path,
        data,
        content_type=content_type,
        headers={**sent, **(bearer(secret) if secret else {})},
    )


def use(own: Own, name: tuple[str, str], **caller: Any) -> HttpResponse:
    """The request of the table."""
    one = USES[name]
    return ask(own.address(one), name[1], body=own.payload(one), **caller)


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is taken back, so that every request of a walk finds the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
