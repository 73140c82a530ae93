"""The grid of dates by its doors: without a script, from the first look to the result."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from partners.enums import Role
from shipments.models import Event, Shipment, Unit
from tests.factories.partners import PartnerFactory, internal, member
from tests.portal.journeys import INTERNAL_STEP, shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db
HOUSE, PORTAL = "/admin/shipments/shipment/grid/", "/portal/report/grid/"
PASTE = "Shipment\tDeparted\tArrived (estimated)\nSHIP-1\t{day}\t2026-12-07 08:00\nSHIP-2\t07.11.2026\t\n"


@pytest.fixture
def shipments() -> list[Shipment]:
    return [with_journey(shipment_of(PartnerFactory(), reference=f"SHIP-{n}"), done=2) for n in (1, 2)]


@pytest.fixture
def client(shipments: list[Shipment]) -> Client:
    client = Client()
    client.force_login(internal("operations"))
    return client


def fields(text: str) -> dict[str, str]:
    """What a browser would send of the grid's form."""
    form = text.partition("data-grid")[2]
    found = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]*? name="(\w+)" value="([^"]*)"', form)
    }
    for name, options in re.findall(r'<select[^>]*? name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        found[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return found


def errors(text: str) -> dict[str, str]:
    return {name: html.unescape(said) for name, said in re.findall(r'id="eg-e-(\w+)">([^<]*)<', text)}


def test_a_paste_with_a_bad_cell_is_put_right_and_recorded(client: Client) -> None:
    first = client.post(HOUSE, {"step": "paste", "pasted": PASTE.format(day="31.02.2026")})
    assert first.status_code == 422
    text = first.content.decode()
    assert errors(text) == {"x0_0": "There is no such date and time. Write 2026-12-31 14:05 or 31.12.2026 14:05."}
    assert 'aria-describedby="eg-e-x0_0"' in text
    said = fields(text)
    assert (said["x0_0"], said["x1_0"], said["c1"], said["k1"]) == ("31.02.2026", "2026-11-07", "ARRIVED", "EST")
    assert Event.objects.count() == 0
    second = client.post(HOUSE, {**said, "x0_0": "2026-11-07 18:30", "step": "check"})
    assert (second.status_code, "Record 3 dates" in second.content.decode()) == (200, True)
    assert Event.objects.count() == 0
    third = client.post(HOUSE, {**fields(second.content.decode()), "step": "record"})
    assert "3 dates were recorded." in third.content.decode()
    assert sorted(Event.objects.values_list("code_id", "classifier", "precision")) == [
        ("ARRIVED", "EST", "minute"), ("DEPARTED", "ACT", "day"), ("DEPARTED", "ACT", "minute"),
    ]  # fmt: skip


def test_the_preview_says_what_was_and_what_becomes(client: Client) -> None:
    page = client.post(HOUSE, {"step": "paste", "pasted": "x\tLoaded\nSHIP-1\t2026-11-06 17:00\n"}).content.decode()
    assert re.findall(r"<s>([^<]*)</s>|<b>(\d[^<]*)</b>", page) == [("6 Nov 16:00", ""), ("", "6 Nov 17:00")]


def test_now_is_recorded_as_the_time_that_the_preview_showed(client: Client) -> None:
    preview = fields(
        client.post(HOUSE, {"c0": "DEPARTED", "r0": "SHIP-1", "x0_0": "now", "step": "check"}).content.decode()
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", preview["x0_0"])
    client.post(HOUSE, {**preview, "step": "record"})
    assert Event.objects.get().wall_time[:16] == preview["x0_0"].replace(" ", "T")


def test_recording_without_a_preview_checks_all_the_same(client: Client) -> None:
    page = client.post(HOUSE, {"c0": "DEPARTED", "r0": "SHIP-1", "x0_0": "soon", "step": "record"})
    assert (page.status_code, Event.objects.count()) == (422, 0)


def test_the_same_form_twice_is_one_entry(client: Client) -> None:
    preview = client.post(HOUSE, {"c0": "DEPARTED", "r0": "SHIP-1", "x0_0": "2026-11-07", "step": "check"})
    said = {**fields(preview.content.decode()), "step": "record"}
    assert [client.post(HOUSE, said).status_code for _ in range(2)] == [200, 200]
    assert Event.objects.count() == 1


def test_selected_rows_come_with_the_milestones_they_wait_for(client: Client, shipments: list[Shipment]) -> None:
    said = fields(client.get(HOUSE, {"rows": [one.pk for one in shipments]}).content.decode())
    assert (said["r0"], said["r1"], said["c0"], said["c1"]) == ("SHIP-1", "SHIP-2", "DEPARTED", "ARRIVED")


def test_the_list_offers_the_grid_to_who_may_record(client: Client) -> None:
    text = client.get("/admin/shipments/shipment/").content.decode()
    assert text.count(f'formaction="{HOUSE}"') == 2
    reader = Client()
    reader.force_login(internal("sales"))
    assert HOUSE not in reader.get("/admin/shipments/shipment/").content.decode()


def test_more_rows_and_columns_keep_what_was_written(client: Client) -> None:
    said = fields(client.get(HOUSE).content.decode()) | {"r0": "SHIP-1", "c0": "DEPARTED", "x0_0": "soon"}
    grown = fields(client.post(HOUSE, {**said, "step": "rows"}).content.decode())
    assert (grown["x0_0"], "r14" in grown, "r15" in grown) == ("soon", True, False)
    wider = fields(client.post(HOUSE, {**grown, "step": "column"}).content.decode())
    assert (wider["x0_0"], "c3" in wider, "c4" in wider) == ("soon", True, False)


def test_what_was_typed_is_shown_as_text(client: Client) -> None:
    page = client.post(HOUSE, {"c0": "DEPARTED", "r0": '"><script>alert(1)</script>', "x0_0": "<b>", "step": "check"})
    assert "<script>alert" not in page.content.decode()


def test_a_full_grid_is_taken(client: Client) -> None:
    said = {f"c{n}": "" for n in range(20)} | {f"r{n}": "" for n in range(200)}
    said |= {f"x{row}_{column}": "" for row in range(200) for column in range(20)}
    page = client.post(HOUSE, {**said, "c0": "DEPARTED", "r199": "SHIP-1", "x199_0": "2026-11-07", "step": "check"})
    assert "Record 1 date" in page.content.decode()


def test_a_partner_fills_his_own_grid(shipments: list[Shipment]) -> None:
    carrier = PartnerFactory(kinds=["carrier"])
    with_party(shipments[0], carrier)
    client = Client()
    client.force_login(member(carrier, Role.EDITOR))
    box = Unit.objects.get(shipment=shipments[0]).number
    start = client.get(PORTAL).content.decode()
    assert ('value="DEPARTED"' in start, 'value="INFO"' in start, INTERNAL_STEP in start) == (True, False, False)
    wrong = client.post(PORTAL, {"step": "paste", "pasted": f"x\tDEPARTED\n{box}\t2026-11-07\nSHIP-2\t2026-11-07\n"})
    assert (wrong.status_code, errors(wrong.content.decode())) == (
        400,
        {"r1": "No shipment of yours has this reference."},
    )
    said = fields(wrong.content.decode()) | {"r1": "", "x1_0": ""}
    preview = client.post(PORTAL, {**said, "step": "check"}).content.decode()
    assert "Record 1 date" in preview
    client.post(PORTAL, {**fields(preview), "step": "record"})
    event = Event.objects.get()
    assert (event.source.partner, event.equipment, event.precision) == (carrier, box, "day")


def test_one_event_is_recorded_of_a_unit_and_of_a_leg(client: Client, shipments: list[Shipment]) -> None:
    shipment, other = shipments
    unit, leg = Unit.objects.get(shipment=shipment), shipment.legs.get()
    address = f"/admin/shipments/shipment/{shipment.pk}/do/record/"
    page = client.get(address).content.decode()
    assert (unit.number in page, "1: CNSGH → NLRTM · ORIENT PEARL 077W" in page) == (True, True)
    said = {"code": "ARRIVED", "classifier": "ACT", "location": "NLRTM", "wall_time": "2026-11-07T08:30"}
    assert client.post(address, {**said, "unit": unit.pk, "leg": leg.pk}).status_code == 302
    event = Event.objects.get()
    assert (event.equipment, event.voyage, event.matches.get().unit) == (unit.number, "077W", unit)
    foreign = Unit.objects.get(shipment=other)
    assert client.post(address, {**said, "unit": foreign.pk}).status_code == 422
    assert Event.objects.count() == 1
