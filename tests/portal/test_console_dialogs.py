"""What the dialogs do: form, service, message; refusals stay in the dialog; nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.enums import InvoiceState
from billing.models import Charge, ExportBatch, Invoice
from billing.services import rate_due
from milestones.enums import CaseState, TaskState
from milestones.models import ShipmentException
from partners.enums import Clock
from partners.models import ApiKey, Membership, Partner, User
from partners.services import find_api_key
from portal.models import SavedView
from shipments.enums import WaitReason
from shipments.models import Event, Reference, Shipment, WaitingEvent
from tests.factories.billing import billable_shipment, handling, issued, reach, series
from tests.factories.milestones import CaseFactory, TaskFactory
from tests.factories.partners import PartnerFactory, UserFactory, internal
from tests.factories.shipments import EventFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def signed_in(*groups: str) -> Client:
    client = Client()
    client.force_login(internal(*groups))
    return client


def row(room: str, key: int, action: str) -> str:
    return reverse(f"admin:{room}_do_row", args=[key, action])


def on_list(room: str, action: str) -> str:
    return reverse(f"admin:{room}_do", args=[action])


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_resolving_a_case_needs_a_reason_and_leads_back() -> None:
    case = CaseFactory(shipment=with_journey(shipment_of(PartnerFactory())))
    client, address = signed_in("operations"), row("milestones_shipmentexception", case.pk, "resolve")
    refused = client.post(address, {"reason": " "})
    assert refused.status_code == 422
    assert refused.context["form"].errors == {"reason": ["This field is required."]}
    done = client.post(address, {"reason": "Carrier called", "next": "/admin/"})
    assert (done.status_code, done["Location"], said(done)) == (302, "/admin/", ["Resolved."])
    case.refresh_from_db()
    assert (case.state, case.resolution) == (CaseState.RESOLVED, "Carrier called")
    again = client.post(address, {"reason": "Me too"})
    assert again.status_code == 409
    case.refresh_from_db()
    assert case.resolution == "Carrier called"


def test_a_dialog_answers_with_the_form_alone_and_then_with_the_way() -> None:
    case = CaseFactory(shipment=with_journey(shipment_of(PartnerFactory())))
    client, address = signed_in("operations"), row("milestones_shipmentexception", case.pk, "acknowledge")
    form = client.get(address, headers={"X-Dialog": "1"}).content.decode()
    assert ("<html" in form, '<form method="post"' in form) == (False, True)
    done = client.post(address, {"next": "/admin/"}, headers={"X-Dialog": "1"})
    assert (done.status_code, done["X-Go"]) == (204, "/admin/")
    # Nobody is sent to another site.
    other = client.post(row("milestones_shipmentexception", case.pk, "take"), {"next": "https://evil.example/"})
    assert other["Location"].startswith("/admin/milestones/shipmentexception/")


def test_many_cases_are_done_at_once_and_those_that_do_not_fit_are_left_out() -> None:
    shipment = with_journey(shipment_of(PartnerFactory()))
    cases = [CaseFactory(shipment=shipment) for _ in range(3)]
    client = signed_in("operations")
    client.post(row("milestones_shipmentexception", cases[0].pk, "acknowledge"))
    address = on_list("milestones_shipmentexception", "acknowledge")
    keys = [case.pk for case in cases]
    shown = client.get(address, {"rows": keys})
    assert (shown.context["total"], shown.context["skipped"]) == (3, 1)
    assert ShipmentException.objects.filter(state=CaseState.ACKNOWLEDGED).count() == 1
    done = client.post(address, {"rows": keys})
    assert said(done)[-2:] == ["Acknowledged.", "2 done, 1 left out."]
    assert ShipmentException.objects.filter(state=CaseState.ACKNOWLEDGED).count() == 3
    nothing = client.get(address)
    assert (nothing.status_code, said(nothing)[-1]) == (302, "Select at least one row first.")


def test_a_case_is_snoozed_until_a_time_to_come_and_assigned_to_a_colleague() -> None:
    case = CaseFactory(shipment=with_journey(shipment_of(PartnerFactory())))
    client, colleague = signed_in("operations"), internal("customs", email="aiko@waymark.test")
    past = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    refused = client.post(row("milestones_shipmentexception", case.pk, "snooze"), {"until": past})
    assert refused.context["form"].errors == {"until": ["Choose a time that is still to come."]}
    client.post(row("milestones_shipmentexception", case.pk, "assign"), {"to": "AIKO@waymark.test"})
    case.refresh_from_db()
    assert (case.state, case.assignee) == (CaseState.OPEN, colleague)


def test_a_task_is_closed_once() -> None:
    task = TaskFactory()
    client = signed_in("operations")
    client.post(row("milestones_worktask", task.pk, "close"))
    task.refresh_from_db()
    assert task.state == TaskState.DONE
    assert client.get(row("milestones_worktask", task.pk, "close")).status_code == 409


def recorded(shipment: Shipment, **changes: Any) -> dict[str, Any]:
    return {
        "code": "DEPARTED", "classifier": "ACT", "location": "CNSGH", "wall_time": "2026-11-05T14:00", "note": "",
        **changes,
    }  # fmt: skip


def test_an_event_is_recorded_and_taken_back_and_both_stay_on_record() -> None:
    shipment = shipment_of(PartnerFactory())
    client = signed_in("operations")
    address = row("shipments_shipment", shipment.pk, "record")
    wrong = client.post(address, recorded(shipment, code="NOPE", location="XXXXX", wall_time="yesterday"))
    assert set(wrong.context["form"].errors) == {"code", "location", "wall_time"}
    done = client.post(address, recorded(shipment))
    assert said(done) == ["Event recorded."]
    event = Event.objects.of_shipment(shipment).get()
    assert (event.code_id, event.time_zone, event.occurred_at.isoformat()) == (
        "DEPARTED", "Asia/Shanghai", "2026-11-05T06:00:00+00:00",
    )  # fmt: skip
    taken_back = client.post(row("shipments_event", event.pk, "retract"), {"reason": "Wrong vessel"})
    assert said(taken_back)[-1] == "Event retracted."
    page = client.get(reverse("admin:shipments_shipment_change", args=[shipment.pk]))
    log = next(s for s in page.context["sections"] if str(s.title) == "Events")
    assert [str(line[6]) for line in log.lines] == ["retracts another", "retracted"]


def test_a_wrong_check_digit_is_told_at_the_field_it_was_typed_in() -> None:
    shipment = shipment_of(PartnerFactory())
    typed = {"type": "container", "value": "MSKU1234566"}
    answer = signed_in("operations").post(row("shipments_shipment", shipment.pk, "add_reference"), typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "value": ["MSKU1234566 has a wrong check digit: with 5 at the end it would be right."]
    }
    assert not shipment.references.filter(value="MSKU1234566").exists()


def test_a_shipment_is_made_referenced_and_cancelled() -> None:
    customer = PartnerFactory(code="ACME")
    client = signed_in("operations")
    values = {"reference": "NEW-1", "customer": "acme", "mode": "ocean", "origin": "CNSGH", "destination": "nlrtm"}
    made = client.post(on_list("shipments_shipment", "create"), values)
    shipment = Shipment.objects.get(reference="NEW-1", customer=customer)
    assert made["Location"] == reverse("admin:shipments_shipment_change", args=[shipment.pk])
    twice = client.post(on_list("shipments_shipment", "create"), values)
    assert (twice.status_code, Shipment.objects.count()) == (422, 1)
    client.post(row("shipments_shipment", shipment.pk, "add_reference"), {"type": "po", "value": "45-77"})
    assert Reference.objects.filter(shipment=shipment, key="4577").exists()
    client.post(row("shipments_shipment", shipment.pk, "cancel"), {"reason": "Order withdrawn"})
    shipment.refresh_from_db()
    assert shipment.cancel_reason == "Order withdrawn"
    assert client.get(row("shipments_shipment", shipment.pk, "record")).status_code == 409


def test_a_waiting_event_is_matched_or_dismissed() -> None:
    shipment = shipment_of(PartnerFactory())
    waiting = []
    for _ in range(2):
        event = EventFactory()
        waiting.append(WaitingEvent.objects.create(event=event, source=event.source, reason=WaitReason.UNMATCHED))
    client = signed_in("operations")
    client.post(row("shipments_waitingevent", waiting[0].pk, "match"), {"shipment": shipment.reference})
    client.post(row("shipments_waitingevent", waiting[1].pk, "dismiss"), {"reason": "Not ours"})
    assert [w.outcome for w in WaitingEvent.objects.order_by("pk")] == ["matched", "dismissed"]
    assert list(Event.objects.of_shipment(shipment)) == [waiting[0].event]
    assert client.get(row("shipments_waitingevent", waiting[0].pk, "match")).status_code == 409


def test_an_unknown_code_is_mapped() -> None:
    event = EventFactory(raw_code="ZZ9", code_list="native")
    waiting = WaitingEvent.objects.create(event=event, source=event.source, reason=WaitReason.UNMAPPED)
    client = signed_in("operations")
    address, values = row("shipments_waitingevent", waiting.pk, "map"), {"code": "DEPARTED", "classifier": ""}
    seen = client.post(address, values)
    assert seen.status_code == 200
    assert event.source.code_mappings.model.objects.filter(raw_code="ZZ9").count() == 0
    done = client.post(address, {**values, "previewed": seen.context["previewed"]})
    assert said(done) == ["Mapped; the events were read again."]
    mapping = event.source.code_mappings.model.objects.current().get(raw_code="ZZ9")
    assert (mapping.code_id, mapping.source, mapping.version) == ("DEPARTED", None, 1)


def test_charges_become_a_draft_then_an_invoice_then_a_credit_note() -> None:
    handling()
    series()
    customer = PartnerFactory(billing_address="Quay 1\nRotterdam")
    reach(billable_shipment("S-7", customer=customer))
    rate_due()
    client = signed_in("finance")
    page = client.get(reverse("admin:billing_charge_unbilled"))
    assert [(g["key"], g["charges"]) for g in page.context["groups"]] == [(f"{customer.pk}:EUR", 1)]
    draft = reverse("admin:billing_charge_draft")
    assert client.get(draft).context["form"].initial == {}
    none = client.post(draft, {"groups": "x"})
    assert none.context["form"].errors == {"groups": ["Choose at least one customer."]}
    made = client.post(draft, {"groups": f"{customer.pk}:EUR"})
    assert made["Location"] == "/admin/billing/invoice/?state=draft"
    invoice = Invoice.objects.get()
    client.post(row("billing_invoice", invoice.pk, "issue"))
    invoice.refresh_from_db()
    assert (invoice.state, invoice.number != "") == (InvoiceState.ISSUED, True)
    credited = client.post(row("billing_invoice", invoice.pk, "credit"), {"reason": "Wrong price"})
    note = Invoice.objects.get(credits=invoice)
    assert credited["Location"] == reverse("admin:billing_invoice_change", args=[note.pk])
    assert note.total == -invoice.total


def test_a_draft_is_discarded_and_its_charges_go_back() -> None:
    handling()
    reach(billable_shipment("S-8"))
    rate_due()
    client = signed_in("finance")
    client.post(reverse("admin:billing_charge_draft"), {"groups": f"{Charge.objects.get().customer_id}:EUR"})
    gone = client.post(row("billing_invoice", Invoice.objects.get().pk, "discard"))
    assert gone["Location"] == "/admin/billing/invoice/?state=draft"
    assert (Invoice.objects.count(), Charge.objects.get().state) == (0, "unbilled")


def test_issued_documents_are_exported_once_and_downloaded_byte_for_byte() -> None:
    handling()
    issued("S-9")
    client = signed_in("finance")
    client.post(on_list("billing_exportbatch", "export"))
    batch = ExportBatch.objects.get()
    file = client.get(reverse("admin:billing_exportbatch_file", args=[batch.pk, "content"]))
    assert file.content == bytes(batch.content)
    again = client.post(on_list("billing_exportbatch", "export"))
    assert (again.status_code, ExportBatch.objects.count()) == (422, 1)


def test_a_new_key_is_shown_once_and_revoked_at_once() -> None:
    PartnerFactory(code="ACME")
    client = signed_in("administrator")
    made = client.post(on_list("partners_apikey", "create"), {"partner": "ACME", "name": "TMS", "scopes": ["read"]})
    key = ApiKey.objects.get()
    secret = made.context["secret"]
    assert find_api_key(secret) == key
    assert secret not in client.get(reverse("admin:partners_apikey_changelist")).content.decode()
    client.post(row("partners_apikey", key.pk, "revoke"))
    assert find_api_key(secret) is None


def test_partners_and_people_are_set_up() -> None:
    client = signed_in("administrator")
    values = {"code": "NEWCO", "name": "New Co", "kinds": ["customer"], "billing_currency": "EUR", "payment_days": 14}
    client.post(on_list("partners_partner", "create"), {**values, "is_active": "on"})
    partner = Partner.objects.get(code="NEWCO")
    person = UserFactory(email="eve@newco.test")
    client.post(row("partners_partner", partner.pk, "member"), {"user": person.email, "role": "editor"})
    assert Membership.objects.get(user=person).role == "editor"
    client.post(row("partners_partner", partner.pk, "drop_member"), {"user": person.email})
    assert not Membership.objects.filter(user=person).exists()
    refused = client.post(row("partners_partner", partner.pk, "edit"), {**values, "country": "??", "name": "Newer"})
    assert (refused.status_code, "country" in str(refused.context["form"].errors)) == (422, True)


def test_nobody_becomes_a_superuser_here() -> None:
    client, someone = signed_in("administrator"), internal("sales")
    values = {"name": "X", "language": "en", "time_zone": "UTC", "is_active": "on", "is_superuser": "on"}
    client.post(row("partners_user", someone.pk, "edit"), values)
    client.post(row("partners_user", someone.pk, "groups"), {"groups": ["finance"]})
    someone.refresh_from_db()
    assert (someone.is_superuser, [g.name for g in someone.groups.all()]) == (False, ["finance"])


def test_a_view_is_saved_shown_replaced_and_removed() -> None:
    client = signed_in("operations")
    save = reverse("admin:shipments_shipment_save_view") + "?view=health%3Dlate%26mode%3Dair"
    client.post(save, {"name": "Hot", "is_shared": "on"})
    client.post(save, {"name": "Hot"})
    view = SavedView.objects.get()
    assert (view.query, view.is_shared) == ("health=late&mode=air", False)
    page = client.get(reverse("admin:shipments_shipment_changelist") + "?mode=air&health=late")
    assert [v.name for v in page.context["views"] if v.is_current] == ["Hot"]
    stranger = signed_in("operations")
    assert "Hot" not in [v.name for v in stranger.get(reverse("admin:shipments_shipment_changelist")).context["views"]]
    remove = reverse("admin:shipments_shipment_remove_view")
    assert stranger.post(remove, {"view": view.pk}).status_code == 422
    client.post(remove, {"view": view.pk})
    assert not SavedView.objects.exists()


def test_the_clock_is_kept_with_the_person() -> None:
    client = signed_in("sales")
    assert client.get(reverse("admin:clock")).status_code == 405
    client.post(reverse("admin:clock"), {"clock": "utc", "next": "/admin/"})
    client.post(reverse("admin:clock"), {"clock": "moon"})
    assert User.objects.get(groups__name="sales").clock == Clock.UTC
