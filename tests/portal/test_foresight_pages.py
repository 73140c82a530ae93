"""What the pages say of the arrival, of how complete the picture is, of evidence, of policies and of earlier days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from milestones.models import ConflictPolicy, Journey, Milestone
from milestones.services import evaluate_shipments
from portal.console import nav
from portal.presentation import fixes
from shipments.models import EventMatch, Shipment
from tests.factories.milestones import CaseFactory, EtaScoreFactory, EtaVersionFactory
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import NOON, EventFactory, LocationFactory, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def signed_in(*groups: str) -> Client:
    client = Client()
    client.force_login(internal(*groups))
    return client


def console(client: Client, shipment: Shipment, **asked: str) -> HttpResponse:
    return client.get(reverse("admin:shipments_shipment_change", args=[shipment.pk]), asked)


def text(response: HttpResponse) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def shipment() -> Shipment:
    """Departed at noon, reported then; its arrival foretold twice by the carrier, and once by ourselves."""
    made = ShipmentFactory()
    event = EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), location=LocationFactory(), occurred_at=NOON, reported_at=NOON,
        received_at=NOON, processed_at=NOON,
    )  # fmt: skip
    EventMatch.objects.create(event=event, shipment=made, matched_by="test", matched_at=NOON)
    evaluate_shipments([made.pk], now=NOON + DAY)
    source = event.source
    for days, off in ((1, 0), (3, 2)):
        EtaVersionFactory(shipment=made, source=source, told_at=NOON + days * DAY, expected_at=NOON + (28 + off) * DAY)
    own = NOON + 29 * DAY
    EtaVersionFactory(
        shipment=made, kind="own", told_at=NOON + DAY, expected_at=own, low_at=own - DAY, high_at=own + 2 * DAY
    )
    Journey.objects.filter(pk=made.pk).update(
        arrival_by="carrier", own_arrival_at=own, own_low_at=own - DAY, own_high_at=own + 2 * DAY
    )
    return made


def test_the_house_reads_who_foretells_the_arrival_and_how_it_moved(shipment: Shipment) -> None:
    response = console(signed_in("sales"), shipment)
    view = response.context["arrival"]
    assert (view.shown_by, view.has_range, view.sentence) == (
        "The carrier", True, "1 change, 2d in all; 2d later than at first",
    )  # fmt: skip
    source = shipment.eta_versions.exclude(source=None).first().source.partner
    assert [(one.by, one.change) for one in view.versions] == [
        (f"{source} · The carrier", "+2d"), ("Our own history", ""), (f"{source} · The carrier", ""),
    ]  # fmt: skip
    shown = text(response)
    assert 'class="slip-curve"' in shown
    assert 'aria-label="1 change, 2d in all; 2d later than at first"' in shown


def test_a_partner_reads_the_range_and_the_moves_but_not_whose_source_it_was(shipment: Shipment) -> None:
    client = Client()
    client.force_login(member(shipment.customer))
    response = client.get(reverse("pages:shipment", args=[shipment.public_id]))
    assert [one.by for one in response.context["foretold"].versions] == ["The carrier", "The carrier"]
    shown = text(response)
    assert "Foretold by: The carrier" in shown
    assert "By our experience mostly between" in shown
    assert str(shipment.eta_versions.exclude(source=None).first().source.partner) not in shown


def test_a_shipment_of_which_nobody_foretold_anything_says_nothing() -> None:
    made = ShipmentFactory()
    assert console(signed_in("sales"), made).context["arrival"] is None


def test_once_arrived_the_curve_says_how_far_off_it_was(shipment: Shipment) -> None:
    Journey.objects.filter(pk=shipment.pk).update(arrived_at=NOON + 31 * DAY, arrival_by="")
    view = console(signed_in("sales"), shipment).context["arrival"]
    assert view.sentence == "1 change, 2d in all; 2d later than at first; it came 1d later than last foretold"
    assert "<circle" in view.chart
    Journey.objects.filter(pk=shipment.pk).update(arrived_at=NOON + 30 * DAY)
    assert console(signed_in("sales"), shipment).context["arrival"].sentence.endswith("it came as last foretold")


@pytest.mark.parametrize(
    ("fix", "words", "action"),
    [
        ({"code": "report", "milestone": "Loaded", "gain": 13}, "Report “Loaded”", "record"),
        ({"code": "date_eta", "gain": 10}, "Say when it should arrive (ETA)", "dates"),
        ({"code": "dates", "gain": 10}, "Give the plan its dates", "dates"),
        ({"code": "reference", "gain": 15}, "Add a number that the carrier knows it by", "add_reference"),
        ({"code": "carrier", "gain": 5}, "Say who carries it", ""),
        ({"code": "zone", "gain": 2}, "Settle the place of a report whose time zone is not known", "unknown"),
    ],
)
def test_the_next_best_fix_leads_to_where_it_is_made(
    shipment: Shipment, fix: dict[str, Any], words: str, action: str
) -> None:
    Journey.objects.filter(pk=shipment.pk).update(completeness=70, next_fix=fix)
    fact = console(signed_in("operations"), shipment).context["facts"][-1]
    assert (fact.label, fact.value) == ("Completeness", "70 %")
    assert (words in fact.note, f"(+{fix['gain']})" in fact.note) == (True, True)
    assert (f"{action}/" in fact.note) == bool(action) == ("href" in fact.note)
    # Who may not change it reads what is missing, and no way there.
    told = console(signed_in("sales"), shipment).context["facts"][-1].note
    assert (words in told, "do/" in told) == (True, False)


def test_every_fix_has_words_and_what_is_whole_has_none() -> None:
    codes = ("booked_at", "cargo_ready_at", "cut_off_at", "etd", "eta")
    assert all(fixes.text({"code": f"date_{code}"}) for code in codes)
    assert all(fixes.text({"code": code}) for code in ("carrier", "voyage", "unit"))
    assert (fixes.text(None), fixes.text({"code": "?"})) == ("", "")


@pytest.mark.parametrize(
    ("evidence", "inside", "outside"),
    [
        ("confirmed", "confirmed by a second source", "confirmed by a second source"),
        ("disputed", "the sources disagree", "being checked, the sources disagree"),
        ("manual", "entered by hand", ""),
        ("single", "", ""),
    ],
)
def test_evidence_is_read_where_it_is_worth_a_word(
    shipment: Shipment, evidence: str, inside: str, outside: str
) -> None:
    Milestone.objects.filter(shipment=shipment, type="DEPARTED").update(evidence=evidence)
    line = next(one for one in console(signed_in("sales"), shipment).context["lines"] if one.row.is_reached)
    departed = [one for one in console(signed_in("sales"), shipment).context["lines"] if one.evidence]
    assert line is not None
    assert inside in {one.row.note for one in departed if one.row.milestone.type_id == "DEPARTED"}
    client = Client()
    client.force_login(member(shipment.customer))
    rows = client.get(reverse("pages:shipment", args=[shipment.public_id])).context["view"].rows
    assert [row.note for row in rows if row.milestone.type_id == "DEPARTED"] == [outside]


# --- an earlier day ------------------------------------------------------------------------------------------------


def test_the_page_of_an_earlier_day(shipment: Shipment) -> None:
    client = signed_in("operations")
    case = CaseFactory(
        shipment=shipment, opened_at=NOON - HOUR, state="resolved", resolved_at=timezone.now(), resolution="Done."
    )
    before = console(client, shipment, as_of=(NOON - HOUR).strftime("%Y-%m-%dT%H:%M:%SZ"))
    after = console(client, shipment, as_of=NOON.isoformat())
    reached = [
        [one.row.milestone.type_id for one in page.context["lines"] if one.row.is_reached] for page in (before, after)
    ]
    assert ("DEPARTED" in reached[0], "DEPARTED" in reached[1]) == (False, True)
    assert [item["case"] for item in before.context["cases"]] == [case]
    assert [item["resolve"] for item in before.context["cases"]] == [""]
    assert before.context["arrival"] is None
    assert "As it was known on" in text(before)
    now = console(client, shipment)
    assert ("As it was known on" in text(now), case in [item["case"] for item in now.context["cases"]]) == (
        False,
        False,
    )
    # Looking back has stored nothing.
    assert Journey.objects.get(pk=shipment.pk).status == "in_transit"


@pytest.mark.parametrize("asked", ["", "x", "2026-13-01T00:00", "9999-12-31T23:59:59-14:00", "%00"])
def test_what_is_no_instant_is_the_page_of_today(shipment: Shipment, asked: str) -> None:
    response = console(signed_in("sales"), shipment, as_of=asked)
    assert (response.status_code, response.context["as_of"]) == (200, "")


# --- rooms ---------------------------------------------------------------------------------------------------------


def policy_dialog(client: Client, policy: ConflictPolicy, name: str, **values: str) -> HttpResponse:
    return client.post(reverse("admin:milestones_conflictpolicy_do_row", args=[policy.pk, name]), values)


def test_a_policy_is_changed_made_and_removed_in_dialogs() -> None:
    client, policy = signed_in("operations"), ConflictPolicy.objects.get()
    page = client.get(reverse("admin:milestones_conflictpolicy_changelist"))
    assert "The most trusted source → The earliest time" in text(page)
    form = client.get(reverse("admin:milestones_conflictpolicy_do_row", args=[policy.pk, "edit"])).context["form"]
    assert [form.fields[f"step_{n}"].initial for n in range(1, 6)] == ["trust", "earliest", "", "", ""]
    assert policy_dialog(client, policy, "edit", step_1="recency", step_3="latest").status_code == 302
    policy.refresh_from_db()
    assert policy.order == ["recency", "latest"]
    twice = policy_dialog(client, policy, "edit", step_1="recency", step_2="recency")
    assert (twice.status_code, twice.context["form"].errors) == (422, {"step_1": ["Name each of them once."]})
    create = reverse("admin:milestones_conflictpolicy_do", args=["create"])
    assert client.post(create, {"milestone": "", "value": "actual", "step_1": "trust"}).status_code == 302
    again = client.post(create, {"milestone": "", "value": "actual", "step_1": "latest"})
    assert (again.status_code, list(again.context["form"].errors)) == (422, ["value"])
    assert policy_dialog(client, policy, "drop").status_code == 302
    assert list(ConflictPolicy.objects.values_list("type_id", "field", "order")) == [(None, "actual", ["trust"])]
    assert "all others" in text(client.get(reverse("admin:milestones_conflictpolicy_changelist")))


def test_the_league_of_those_who_foretell() -> None:
    EtaScoreFactory(carrier=PartnerFactory(), carrier_error=120, carrier_bias=90, own_error=60, own_bias=-30)
    EtaScoreFactory(carrier_error=60, carrier_bias=0, own_error=120, own_bias=None)
    EtaScoreFactory(horizon=3, carrier_error=60, own_error=60)
    EtaScoreFactory(horizon=14, carrier_error=None, own_error=60)
    client = signed_in("sales")
    shown = text(client.get(reverse("admin:milestones_etascore_changelist")))
    for words in ("our history", "the carrier", "alike", "1h 30m later", "30m earlier", "none", "7 d before"):
        assert words in shown
    for horizon, count in (("1", 0), ("3", 1), ("7", 2), ("14", 1)):
        page = client.get(reverse("admin:milestones_etascore_changelist"), {"horizon": horizon})
        assert len(page.context["rows"]) == count


def test_the_rooms_stand_in_the_sidebar() -> None:
    rooms = {entry.room for _title, entries in nav.GROUPS for entry in entries}
    assert {"milestones_conflictpolicy", "milestones_etascore"} <= rooms
