"""Every address of the console: who gets in, who does not, and that asking alone never changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Charge, ChargeRule, Tariff
from billing.services import export_invoices
from milestones.models import ExceptionRule, MilestoneTemplate
from partners.enums import Channel, Role, UserKind
from partners.models import Delivery, Job, Partner, User
from portal.console.base import ConsoleAdmin
from shipments.enums import Format, WaitReason
from shipments.models import Acknowledgement, CodeMapping, LocationAlias, MilestoneType, Upload, WaitingEvent
from shipments.services import check_upload, save_connection
from tests.factories.billing import handling, issued
from tests.factories.milestones import CaseFactory, TaskFactory
from tests.factories.partners import NotificationFactory, PartnerFactory, UserFactory, api_key, internal, member
from tests.factories.shipments import EventFactory, MessageFactory, SourceFactory
from tests.portal.journeys import shipment_of, with_journey

pytestmark = pytest.mark.django_db

# Room -> (a group that may look, a group that may not; "" where all of the house may).
ROOMS = {
    "shipments_shipment": ("sales", ""),
    "shipments_event": ("sales", ""),
    "shipments_waitingevent": ("sales", ""),
    "shipments_message": ("sales", ""),
    "shipments_upload": ("sales", ""),
    "shipments_source": ("sales", ""),
    "shipments_connection": ("sales", ""),
    "shipments_location": ("sales", ""),
    "shipments_locationalias": ("sales", ""),
    "shipments_milestonetype": ("sales", ""),
    "shipments_codemapping": ("sales", ""),
    "milestones_shipmentexception": ("sales", ""),
    "milestones_worktask": ("sales", ""),
    "milestones_milestonetemplate": ("sales", ""),
    "milestones_exceptionrule": ("sales", ""),
    "partners_partner": ("sales", ""),
    "partners_user": ("auditor", "operations"),
    "partners_apikey": ("administrator", "operations"),
    "partners_delivery": ("auditor", "finance"),
    "partners_job": ("sales", ""),
    "billing_charge": ("auditor", "operations"),
    "billing_invoice": ("finance", "operations"),
    "billing_exportbatch": ("finance", "sales"),
    "billing_tariff": ("auditor", "customs"),
    "billing_chargerule": ("finance", "operations"),
}
# Room and action -> (a group that may, a group that may not).
ACTIONS = {
    "shipments_shipment record": ("operations", "sales"),
    "shipments_shipment add_reference": ("operations", "finance"),
    "shipments_shipment add_party": ("customs", "sales"),
    "shipments_shipment dates": ("operations", "auditor"),
    "shipments_shipment cancel": ("operations", "sales"),
    "shipments_shipment create": ("operations", "sales"),
    "shipments_event retract": ("operations", "sales"),
    "shipments_waitingevent map": ("operations", "customs"),
    "shipments_waitingevent place": ("customs", "sales"),
    "shipments_waitingevent match": ("operations", "finance"),
    "shipments_waitingevent release": ("customs", "auditor"),
    "shipments_waitingevent dismiss": ("operations", "sales"),
    "shipments_message reprocess": ("operations", "auditor"),
    "shipments_upload import": ("customs", "sales"),
    "shipments_upload discard": ("operations", "auditor"),
    "shipments_upload undo": ("operations", "finance"),
    "shipments_source edit": ("administrator", "sales"),
    "shipments_source create": ("operations", "finance"),
    "shipments_connection edit": ("operations", "customs"),
    "shipments_connection test": ("administrator", "sales"),
    "shipments_connection pause": ("operations", "auditor"),
    "shipments_connection resume": ("administrator", "finance"),
    "shipments_connection rotate": ("operations", "sales"),
    "shipments_connection create_webhook": ("operations", "customs"),
    "shipments_connection create_poll": ("administrator", "sales"),
    "shipments_connection create_folder": ("operations", "finance"),
    "shipments_connection create_sftp": ("administrator", "auditor"),
    "shipments_connection create_ftp": ("operations", "sales"),
    "shipments_connection create_imap": ("administrator", "customs"),
    "shipments_location edit": ("operations", "sales"),
    "shipments_location name": ("customs", "finance"),
    "shipments_location create": ("administrator", "auditor"),
    "shipments_locationalias lead": ("customs", "sales"),
    "shipments_locationalias remove": ("operations", "auditor"),
    "shipments_locationalias create": ("administrator", "finance"),
    "shipments_codemapping remap": ("administrator", "customs"),
    "shipments_codemapping create": ("operations", "sales"),
    "shipments_codemapping rerun": ("customs", "sales"),
    "shipments_codemapping withdraw": ("operations", "customs"),
    "milestones_shipmentexception resolve": ("finance", "sales"),
    "milestones_shipmentexception acknowledge": ("operations", "auditor"),
    "milestones_shipmentexception snooze": ("operations", "sales"),
    "milestones_shipmentexception take": ("customs", "sales"),
    "milestones_shipmentexception assign": ("operations", "auditor"),
    "milestones_worktask close": ("operations", "sales"),
    "milestones_exceptionrule enable": ("administrator", "sales"),
    "milestones_exceptionrule disable": ("administrator", "auditor"),
    "milestones_exceptionrule restore": ("administrator", "finance"),
    "milestones_worktask take": ("customs", "sales"),
    "milestones_worktask assign": ("operations", "auditor"),
    "milestones_worktask reopen": ("operations", "sales"),
    "partners_partner edit": ("administrator", "operations"),
    "partners_partner identify": ("administrator", "finance"),
    "partners_partner member": ("administrator", "operations"),
    "partners_partner drop_member": ("administrator", "sales"),
    "partners_partner create": ("administrator", "operations"),
    "partners_user edit": ("administrator", "auditor"),
    "partners_user groups": ("administrator", "auditor"),
    "partners_user create": ("administrator", "auditor"),
    "partners_apikey revoke": ("administrator", "auditor"),
    "partners_apikey create": ("administrator", "auditor"),
    "partners_delivery retry": ("administrator", "auditor"),
    "partners_job reprocess": ("operations", "finance"),
    "partners_job apply": ("customs", "sales"),
    "partners_job cancel": ("finance", "sales"),
    "partners_job resume": ("operations", "auditor"),
    "billing_invoice issue": ("finance", "auditor"),
    "billing_invoice discard": ("finance", "auditor"),
    "billing_invoice credit": ("finance", "auditor"),
    "billing_invoice export": ("finance", "auditor"),
    "billing_exportbatch export": ("finance", "auditor"),
}
FILES = {
    "shipments_message raw": ("sales", ""),
    "shipments_message acknowledgement": ("sales", ""),
    "shipments_upload errors": ("sales", ""),
    "shipments_shipment dcsa": ("sales", ""),
    "shipments_shipment epcis": ("sales", ""),
    "partners_job result": ("sales", ""),
    "billing_invoice pdf": ("finance", "operations"),
    "billing_invoice csv": ("auditor", "operations"),
    "billing_exportbatch content": ("finance", "sales"),
}
# Addresses beside the rooms, all of them for people of the house.
OWN = {"index", "login", "logout", "search", "clock", "clinic"}


def rooms() -> dict[str, ConsoleAdmin]:
    return {f"{m._meta.app_label}_{m._meta.model_name}": room for m, room in admin.site.rooms()}


@pytest.fixture
def rows() -> dict[str, Model]:
    """One row for every room."""
    cache.clear()
    handling()
    partner = PartnerFactory(billing_address="Quay 1\nRotterdam")
    shipment = with_journey(shipment_of(partner))
    invoice = issued("S-INVOICED", customer=partner)
    event = EventFactory(shipments=[shipment])
    person = internal("operations")
    waiting = WaitingEvent.objects.create(event=EventFactory(), source=event.source, reason=WaitReason.UNMATCHED)
    answered = MessageFactory()
    Acknowledgement.objects.create(message=answered, kind="997", body=b"ISA*00~", is_accepted=True)
    notification = NotificationFactory()
    delivery = Delivery.objects.create(notification=notification, user=person, channel=Channel.EMAIL)
    return {
        "shipments_shipment": shipment,
        "shipments_event": event,
        "shipments_waitingevent": waiting,
        "shipments_message": answered,
        "shipments_source": SourceFactory(),
        "shipments_upload": upload_of(person),
        "shipments_connection": save_connection(SourceFactory(), kind="webhook", settings={}, by=None).connection,
        "shipments_location": shipment.origin,
        "shipments_locationalias": LocationAlias.objects.order_by("pk").first(),
        "shipments_milestonetype": MilestoneType.objects.first(),
        "shipments_codemapping": CodeMapping.objects.current().first(),
        "milestones_shipmentexception": CaseFactory(shipment=shipment),
        "milestones_worktask": TaskFactory(shipment=shipment),
        "milestones_milestonetemplate": MilestoneTemplate.objects.first(),
        "milestones_exceptionrule": ExceptionRule.objects.first(),
        "partners_partner": partner,
        "partners_user": person,
        "partners_apikey": api_key(partner)[0],
        "partners_delivery": delivery,
        "partners_job": Job.objects.create(kind="reprocess_preview", title="Read again: everything"),
        "billing_charge": Charge.objects.first(),
        "billing_invoice": invoice,
        "billing_exportbatch": export_invoices([invoice], by=None),
        "billing_tariff": Tariff.objects.first(),
        "billing_chargerule": ChargeRule.objects.first(),
    }


def upload_of(person: User) -> Upload:
    """A table with a good and a bad row, checked."""
    source = SourceFactory(format=Format.CSV)
    raw = b"code,occurred_at,po\nDEPARTED,2026-11-07,45-1\nDEPARTED,soon,45-1\n"
    return check_upload(source, raw, filename="dates.csv", column_mapping=None, by=person)


def of(group: str) -> Client:
    client = Client()
    client.force_login(internal(group) if group else internal())
    return client


def written(ask: Callable[[], Any]) -> list[str]:
    """The statements of `ask` that write, but for the session's own."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        ask()
    starts = ("INSERT", "UPDATE", "DELETE", "WITH")
    return [q["sql"] for q in seen if q["sql"].startswith(starts) and "django_session" not in q["sql"]]


def test_the_tables_name_every_room_action_and_file() -> None:
    found = rooms()
    assert set(ROOMS) == set(found)
    assert set(ACTIONS) == {f"{name} {a.name}" for name, room in found.items() for a in room.operations}
    assert set(FILES) == {f"{name} {f.name}" for name, room in found.items() for f in room.files}


def test_the_site_has_no_address_but_its_own_and_those_of_rooms() -> None:
    named = {pattern.name for pattern in admin.site.get_urls() if getattr(pattern, "name", None)}
    assert named == OWN


def test_the_rooms_have_the_same_few_addresses() -> None:
    kinds = {"changelist", "suggest", "save_view", "remove_view", "do", "do_row", "file", "change"}
    more = {
        "billing_charge_unbilled", "billing_charge_draft", "shipments_waitingevent_unmapped",
        "shipments_codemapping_export", "shipments_codemapping_import", "shipments_location_unplaced",
        "shipments_shipment_grid", "shipments_upload_new", "shipments_upload_columns",
        "milestones_exceptionrule_new", "milestones_exceptionrule_edit", "milestones_exceptionrule_count",
        "milestones_shipmentexception_root", "milestones_shipmentexception_do_root",
    }  # fmt: skip
    for name, room in rooms().items():
        expected = {f"{name}_{kind}" for kind in kinds if kind != "change" or room.has_page}
        found = {pattern.name for pattern in room.get_urls()}
        assert found == expected | {extra for extra in more if extra.startswith(f"{name}_")}, name


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_opens_for_who_may_look_and_for_nobody_else(room: str, rows: dict[str, Model]) -> None:
    may, may_not = ROOMS[room]
    pages = [reverse(f"admin:{room}_changelist"), reverse(f"admin:{room}_suggest") + "?q=ab"]
    if rooms()[room].has_page:
        pages.append(reverse(f"admin:{room}_change", args=[rows[room].pk]))
    assert [of(may).get(page).status_code for page in pages] == [200] * len(pages)
    # Nobody's group has no right at all.
    assert [of(may_not).get(page).status_code for page in pages] == [403] * len(pages)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_for_who_may_do_it_and_asking_changes_nothing(name: str, rows: dict[str, Model]) -> None:
    room, action = name.split()
    may, may_not = ACTIONS[name]
    is_on_list = next(a.on_list for a in rooms()[room].operations if a.name == action)
    if is_on_list:
        address = reverse(f"admin:{room}_do", args=[action])
    else:
        address = reverse(f"admin:{room}_do_row", args=[rows[room].pk, action])
    allowed, barred = of(may), of(may_not)
    answers: list[int] = []
    assert written(lambda: answers.append(allowed.get(address).status_code)) == []
    # 409: the row is not in a state for it, which the dialog says.
    assert answers[0] in (200, 409)
    assert [barred.get(address).status_code, barred.post(address).status_code] == [403, 403]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_for_who_may_read_it(name: str, rows: dict[str, Model]) -> None:
    room, file = name.split()
    may, may_not = FILES[name]
    address = reverse(f"admin:{room}_file", args=[rows[room].pk, file])
    response = of(may).get(address)
    assert (response.status_code, response["X-Content-Type-Options"]) == (200, "nosniff")
    assert response["Content-Disposition"].startswith("attachment; ")
    assert of(may_not).get(address).status_code == 403


def test_the_page_of_unbilled_charges_and_its_dialog_are_for_finance(rows: dict[str, Model]) -> None:
    page, draft = reverse("admin:billing_charge_unbilled"), reverse("admin:billing_charge_draft")
    assert [of("finance").get(address).status_code for address in (page, draft)] == [200, 200]
    assert [of("auditor").get(address).status_code for address in (page, draft)] == [200, 403]
    assert [of("operations").get(address).status_code for address in (page, draft)] == [403, 403]


def test_the_grid_of_dates_is_for_who_may_record_events(rows: dict[str, Model]) -> None:
    page = reverse("admin:shipments_shipment_grid")
    for group in ("operations", "customs"):
        assert (of(group).get(page).status_code, of(group).post(page).status_code) == (200, 422)
    for group in ("sales", "finance", "auditor", ""):
        assert (of(group).get(page).status_code, of(group).post(page).status_code) == (403, 403)


def test_tables_are_handed_in_by_who_may_record_events(rows: dict[str, Model]) -> None:
    new = reverse("admin:shipments_upload_new")
    columns = reverse("admin:shipments_upload_columns", args=[rows["shipments_upload"].pk])
    for group in ("operations", "customs"):
        assert (of(group).get(new).status_code, of(group).get(columns).status_code) == (200, 302)
    for group in ("sales", "auditor", ""):
        assert (of(group).get(new).status_code, of(group).post(columns).status_code) == (403, 403)


def test_rules_are_built_by_who_may_change_them(rows: dict[str, Model]) -> None:
    new, count = reverse("admin:milestones_exceptionrule_new"), reverse("admin:milestones_exceptionrule_count")
    edit = reverse("admin:milestones_exceptionrule_edit", args=[rows["milestones_exceptionrule"].pk])
    may = of("administrator")
    answers: list[int] = []
    assert written(lambda: answers.extend(may.get(page).status_code for page in (new, edit))) == []
    assert answers == [200, 200]
    assert [may.get(count).status_code, may.post(count).status_code] == [405, 422]
    for group in ("sales", "auditor", ""):
        pages = [ask(page).status_code for page in (new, edit, count) for ask in (of(group).get, of(group).post)]
        assert pages == [403] * 6


def test_the_page_of_places_nobody_knows_is_for_who_sees_what_waits(rows: dict[str, Model]) -> None:
    address = reverse("admin:shipments_location_unplaced")
    assert [of("sales").get(address).status_code, of("").get(address).status_code] == [200, 403]


@pytest.mark.parametrize(
    ("address", "may", "may_not"),
    [
        ("clinic", "customs", "sales"),
        ("shipments_waitingevent_unmapped", "sales", ""),
        ("shipments_codemapping_export", "sales", ""),
        ("shipments_codemapping_import", "operations", "customs"),
    ],
)
def test_a_page_beside_the_rooms_is_for_who_may_and_asking_changes_nothing(
    address: str, may: str, may_not: str, rows: dict[str, Model]
) -> None:
    allowed, barred = of(may), of(may_not)
    href = reverse(f"admin:{address}")
    answers: list[int] = []
    assert written(lambda: answers.append(allowed.get(href).status_code)) == []
    assert answers == [200]
    assert [barred.get(href).status_code, barred.post(href).status_code] == [403, 403]


def test_who_may_not_see_money_is_shown_none_of_it(rows: dict[str, Model]) -> None:
    page = of("operations").get(reverse("admin:shipments_shipment_change", args=[rows["shipments_shipment"].pk]))
    home = of("operations").get(reverse("admin:index"))
    for text in (page.content.decode(), home.content.decode()):
        assert "/admin/billing/" not in text
        assert "Charges" not in text
    assert "/admin/billing/charge/unbilled/" in of("finance").get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("address", ["index", "search", "shipments_shipment_changelist", "billing_invoice_changelist"])
def test_nobody_else_gets_into_the_house(address: str) -> None:
    partner: Partner = PartnerFactory()
    strangers: list[User | None] = [
        None,
        member(partner, Role.ADMINISTRATOR),
        UserFactory(kind=UserKind.INTERNAL, is_staff=False),
        UserFactory(kind=UserKind.INTERNAL, is_staff=True, is_active=False),
    ]
    for stranger in strangers:
        client = Client()
        if stranger is not None:
            client.force_login(stranger)
        response = client.get(reverse(f"admin:{address}"))
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_signing_in_goes_through_the_one_door_and_comes_back() -> None:
    response = Client().get("/admin/login/?next=/admin/shipments/shipment/%3Fopen=yes")
    assert response["Location"] == "/portal/login/?next=%2Fadmin%2Fshipments%2Fshipment%2F%3Fopen%3Dyes"
    assert Client().get("/admin/login/?next=//evil.example/")["Location"] == "/portal/login/?next=%2Fadmin%2F"


def test_a_post_without_its_token_is_refused(rows: dict[str, Model]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(internal("operations"))
    case = rows["milestones_shipmentexception"]
    address = reverse("admin:milestones_shipmentexception_do_row", args=[case.pk, "acknowledge"])
    assert client.post(address).status_code == 403
    case.refresh_from_db()
    assert case.state == "open"


def test_rows_that_are_not_there_answer_404(rows: dict[str, Model]) -> None:
    client = of("administrator")
    for key in ("999999999", "0", "x", "%00", "9" * 40):
        assert client.get(f"/admin/shipments/shipment/{key}/change/").status_code == 404
    assert client.get(reverse("admin:shipments_shipment_do_row", args=[1, "delete"])).status_code == 404
    assert client.get(reverse("admin:shipments_shipment_file", args=[1, "raw"])).status_code == 404
    assert client.get("/admin/shipments/shipment/add/").status_code == 404
    shipment = rows["shipments_shipment"]
    assert client.get(f"/admin/shipments/shipment/{shipment.pk}/delete/").status_code == 404
    assert client.get(f"/admin/shipments/shipment/{shipment.pk}/history/").status_code == 404


def test_a_field_that_is_no_filter_tells_nothing(rows: dict[str, Model]) -> None:
    client = of("sales")
    address = reverse("admin:shipments_shipment_changelist")
    plain = client.get(address).context["listing"]
    for oracle in ("customer__billing_address__startswith=Q", "cancel_reason__regex=(", "id__range=1", "pk__in=1"):
        response = client.get(f"{address}?{oracle}")
        assert response.status_code == 200
        assert response.context["listing"].rows == plain.rows
        name = oracle.split("=")[0]
        assert response.context["listing"].notes == [f"This list has no filter “{name}”; it was left out."]
