"""The editor of a draft, files of templates and the pages of an upgrade, as the console answers without any script."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from milestones.enums import TemplateState, UpgradeState
from milestones.models import Journey, MilestoneTemplate, PlanUpgrade
from milestones.services import evaluate_shipments
from milestones.services.template_rows import draft_of
from milestones.services.templates import activate_template, export_template, new_version, save_draft
from milestones.services.upgrade_sets import UpgradeSet, start_upgrade
from partners.services import work_jobs
from portal.console import upgrades
from portal.entry.template_form import TemplateForm
from tests.factories.partners import PartnerFactory, internal
from tests.factories.shipments import LocationFactory, ShipmentFactory
from tests.portal.test_template_form import sent

pytestmark = pytest.mark.django_db
SAMPLE = {
    "s_origin": "CNSGH", "s_destination": "NLRTM", "s_via": "", "s_units": "2", "s_booked": "2027-02-01T09:00",
    "s_ready": "2027-02-10T09:00", "s_cut_off": "2027-02-26T09:00", "s_etd": "2027-03-01T10:00",
    "s_eta": "2027-04-02T10:00",
}  # fmt: skip


@pytest.fixture
def client() -> Client:
    cache.clear()
    LocationFactory(unlocode="CNSGH", name="Shanghai", country="CN", time_zone="Asia/Shanghai")
    LocationFactory(unlocode="NLRTM", name="Rotterdam", country="NL", time_zone="Europe/Amsterdam")
    client = Client()
    client.force_login(internal("operations"))
    return client


@pytest.fixture
def draft() -> MilestoneTemplate:
    return new_version(MilestoneTemplate.objects.active().get(code="OCEAN-IMPORT"), by=None)


def at(name: str, row: Any) -> str:
    return reverse(f"admin:milestones_milestonetemplate_{name}", args=[row.pk])


def form_of(template: MilestoneTemplate, **changes: Any) -> dict[str, Any]:
    """What the browser sends of the page as it stands."""
    post = sent(TemplateForm.of(draft_of(template), ""), **changes)
    return {**{name: post.getlist(name) for name in post}, **SAMPLE, "seen": ""}


def key_of(template: MilestoneTemplate, type: str) -> int:
    return next(line.position for line in draft_of(template).lines if line.type == type)


def offset(template: MilestoneTemplate, text: str) -> dict[str, str]:
    return {f"_{key_of(template, 'DISCHARGED')}__offset": text}


def test_the_page_shows_the_draft_and_its_plan(client, draft):
    page = client.get(at("edit", draft), SAMPLE)
    assert page.status_code == 200
    text = page.content.decode()
    for said in ('value="Ocean import"', "Vessel departed", "2 Apr 2027 10:00", "Show plan", "time at the destination"):
        assert said in text
    names = [row["name"] for row in page.context["desk"].plan]
    assert names == [line.name for line in draft_of(draft).lines]


def test_without_a_script_the_buttons_do_it_all(client, draft):
    address, key = at("edit", draft), key_of(draft, "DISCHARGED")
    before = draft_of(draft)
    shown = client.post(address, {**form_of(draft, **offset(draft, "4d")), "step": "preview"})
    plan = {row["name"]: str(row["at"]) for row in shown.context["desk"].plan}
    assert "6 Apr 2027 10:00" in plan["Discharged from vessel"]
    moved = client.post(address, {**form_of(draft), "step": f"up:{key}"}).context["form"]
    assert [line.key for line in moved.lines] != [str(line.position) for line in before.lines]
    added = client.post(address, {**form_of(draft), "step": "add"})
    assert (added.context["desk"].focus, added.status_code) == ("n1", 422)
    gone = client.post(address, {**form_of(draft), "step": f"remove:{before.lines[-1].position}"})
    assert len(gone.context["form"].lines) == len(before.lines) - 1
    # Nothing of it was saved.
    assert draft_of(draft) == before


def test_a_draft_is_saved_and_the_sample_is_kept(client, draft):
    saved = client.post(at("edit", draft), {**form_of(draft, **offset(draft, "2d 6h")), "step": "save"})
    assert saved.status_code == 302
    assert "s_etd=2027-03-01T10%3A00" in saved["Location"]
    line = next(line for line in draft_of(draft).lines if line.type == "DISCHARGED")
    assert line.offset_minutes == 54 * 60
    assert "It is still a draft" in client.get(saved["Location"]).content.decode()


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(client, draft):
    key, before = key_of(draft, "DISCHARGED"), draft_of(draft)
    page = client.post(at("edit", draft), {**form_of(draft, name="", **offset(draft, "soon")), "step": "save"})
    assert page.status_code == 422
    text = page.content.decode()
    assert f'id="te-{key}-offset-error">Write days, hours and minutes such as 2d 4h 30m.' in text
    assert "2 things have to be put right. Nothing was saved." in text
    assert draft_of(draft) == before


def test_a_circle_and_an_unknown_customer_are_refused(client, draft):
    arrived, discharged = key_of(draft, "ARRIVED"), key_of(draft, "DISCHARGED")
    post = form_of(draft, **{f"_{arrived}__anchor": f"line:{discharged}"})
    page = client.post(at("edit", draft), {**post, "step": "save"})
    assert page.status_code == 422
    assert any("in a circle" in line.errors.get("anchor", "") for line in page.context["form"].lines)
    page = client.post(at("edit", draft), {**form_of(draft, customer="NOBODY"), "step": "save"})
    assert page.context["form"].errors == {"customer": "There is no partner with the code NOBODY."}


def test_two_who_edit_at_once_do_not_write_over_each_other(client, draft):
    seen = client.get(at("edit", draft)).context["seen"]
    theirs = draft_of(draft)
    save_draft(
        draft, theirs.__class__(**{**{f: getattr(theirs, f) for f in theirs.__slots__}, "note": "Theirs"}), by=None
    )
    page = client.post(at("edit", draft), {**form_of(draft), "seen": seen, "step": "save"})
    assert page.status_code == 422
    assert "Somebody else has changed this draft meanwhile" in page.content.decode()


def test_a_version_that_is_no_draft_is_not_edited(client, draft):
    active = MilestoneTemplate.objects.active().first()
    answer = client.get(at("edit", active))
    assert (answer.status_code, answer["Location"]) == (302, at("change", active))
    assert client.get(at("edit", MilestoneTemplate(pk=999_999_999))).status_code == 404


def test_the_script_is_told_the_plan_or_the_problems(client, draft):
    answer = client.post(at("plan", draft), form_of(draft, **offset(draft, "4d")))
    assert (answer.status_code, answer.json()["problems"]) == (200, [])
    assert "6 Apr 2027 10:00" in answer.json()["plan"]
    answer = client.post(at("plan", draft), form_of(draft, **offset(draft, "soon")))
    key = str(key_of(draft, "DISCHARGED"))
    assert (answer.status_code, answer.json()) == (422, {"plan": "", "problems": [
        {"line": key, "field": "offset", "message": "Write days, hours and minutes such as 2d 4h 30m."},
    ]})  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("s_etd", "soon"), ("s_eta", "0001-01-01T00:00"), ("s_origin", "XXXXX"), ("s_origin", ""),
        ("s_destination", "nowhere"), ("s_via", "XXXXX"), ("s_via", "CNSGH " * 10), ("s_units", "x"),
        ("s_units", "21"), ("s_units", "-1"),
    ],
)  # fmt: skip
def test_a_sample_that_makes_no_sense_is_said(client, draft, name, value):
    answer = client.post(at("plan", draft), {**form_of(draft), name: value})
    assert answer.status_code == 422
    assert [(p["line"], p["field"]) for p in answer.json()["problems"]] == [("", name)]


def test_legs_and_units_of_the_sample_show_in_the_plan(client, draft):
    LocationFactory(unlocode="SGSIN", name="Singapore", country="SG", time_zone="Asia/Singapore")
    key = key_of(draft, "GATE_OUT")
    post = {**form_of(draft, **{f"_{key}__scope": "unit"}), "s_via": "SGSIN", "s_units": "3"}
    plan = client.post(at("plan", draft), post).json()["plan"]
    assert all(f"unit {number}" in plan for number in (1, 2, 3))


def test_dates_that_are_not_known_leave_lines_without_a_date(client, draft):
    plan = client.post(at("plan", draft), {**form_of(draft), "s_etd": "", "s_eta": ""}).json()["plan"]
    assert "no date to count from" in plan


def test_a_post_without_its_token_is_refused(draft):
    client = Client(enforce_csrf_checks=True)
    client.force_login(internal("operations"))
    assert client.post(at("plan", draft), form_of(draft)).status_code == 403
    assert client.post(at("edit", draft), {**form_of(draft), "step": "save"}).status_code == 403


# --- Actions and files -----------------------------------------------------------------------------------------------


def do(client: Client, room: str, action: str, row: Any = None, **values: Any) -> Any:
    name = f"admin:milestones_{room}_do" + ("_row" if row is not None else "")
    return client.post(reverse(name, args=[row.pk, action] if row is not None else [action]), values)


def test_a_template_is_begun_and_put_into_force(client):
    made = do(client, "milestonetemplate", "create", code="to-china", name="To China", mode="air", shipment_type="")
    template = MilestoneTemplate.objects.get(code="TO-CHINA")
    assert (made.status_code, made["Location"]) == (302, at("edit", template))
    refused = do(client, "milestonetemplate", "activate", template)
    assert "at least one mandatory line" in refused.content.decode()
    assert MilestoneTemplate.objects.get(pk=template.pk).state == TemplateState.DRAFT


def test_a_version_is_made_compared_and_put_into_force(client):
    active = MilestoneTemplate.objects.active().get(code="OCEAN-IMPORT")
    answer = do(client, "milestonetemplate", "version", active)
    draft = MilestoneTemplate.objects.get(code="OCEAN-IMPORT", version=2)
    assert answer["Location"] == at("edit", draft)
    client.post(at("edit", draft), {**form_of(draft, **offset(draft, "2d 6h")), "step": "save"})
    page = client.get(at("change", draft)).content.decode()
    assert "What is different from the version in force" in page
    assert "2d 6h" in page
    do(client, "milestonetemplate", "activate", draft)
    states = dict(MilestoneTemplate.objects.filter(code="OCEAN-IMPORT").values_list("version", "state"))
    assert states == {1: TemplateState.RETIRED, 2: TemplateState.ACTIVE}


def test_a_file_is_looked_at_before_it_is_taken_in(client):
    active = MilestoneTemplate.objects.active().get(code="OCEAN-IMPORT")
    file = client.get(reverse("admin:milestones_milestonetemplate_file", args=[active.pk, "json"]))
    assert file["Content-Disposition"] == 'attachment; filename="OCEAN-IMPORT-v1.json"'
    data = json.loads(file.content)
    assert data == export_template(active)
    data["lines"][0] |= {"name": "Booking in", "late_tolerance_minutes": 90}
    page = reverse("admin:milestones_milestonetemplate_import")
    text = json.dumps(data)
    looked = client.post(page, {"file": SimpleUploadedFile("x.json", text.encode())})
    assert looked.status_code == 200
    rows = [[str(cell) for cell in line] for line in looked.context["section"].lines]
    assert ["Booking in", "Name", "Booking confirmed", "Booking in"] in rows
    assert any(row[-1] == "1h 30m" for row in rows)
    assert MilestoneTemplate.objects.filter(code="OCEAN-IMPORT").count() == 1
    taken = client.post(page, {"text": text, "confirmed": "1"})
    draft = MilestoneTemplate.objects.get(code="OCEAN-IMPORT", version=2)
    assert (taken["Location"], draft.state) == (at("edit", draft), TemplateState.DRAFT)
    assert active.lines.get(position=data["lines"][0]["position"]).name == "Booking confirmed"


def test_a_file_that_is_new_here_shows_all_that_is_in_it(client):
    data = {**export_template(MilestoneTemplate.objects.active().get(code="AIR")), "code": "AIR-OTHER"}
    looked = client.post(reverse("admin:milestones_milestonetemplate_import"), {"text": json.dumps(data)})
    assert len(looked.context["section"].lines) == len(data["lines"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Choose a file"), ("{", "This is no JSON"), ("[]", "A template is a JSON object."),
        ('{"format": 1}', "This is no template"), ("x" * 300_000, "256 KiB at most"), ("\ud800", "This is no JSON"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(client, text, said):
    sent_text = text.encode("utf-8", "replace").decode()
    answer = client.post(reverse("admin:milestones_milestonetemplate_import"), {"text": sent_text})
    assert answer.status_code == 422
    assert said in answer.content.decode()


# --- Upgrades --------------------------------------------------------------------------------------------------------


@pytest.fixture
def upgrade(draft: MilestoneTemplate) -> PlanUpgrade:
    """Three shipments by sea that would be discharged later with the new version."""
    cache.clear()
    now = timezone.now()
    dates = {"etd": now - timedelta(days=3), "eta": now + timedelta(days=12)}
    made = [ShipmentFactory(type="import", **dates) for _ in range(3)]
    evaluate_shipments([one.pk for one in made], now=now)
    old = draft_of(draft)
    later = [
        line.__class__(**{**{f: getattr(line, f) for f in line.__slots__}, "offset_minutes": 4 * 1440})
        if line.type == "DISCHARGED" else line
        for line in old.lines
    ]  # fmt: skip
    save_draft(draft, old.__class__(**{**{f: getattr(old, f) for f in old.__slots__}, "lines": tuple(later)}), by=None)
    upgrade = start_upgrade(activate_template(draft, by=None), UpgradeSet(), by=None)
    work_jobs()
    return upgrade


def page_of(upgrade: PlanUpgrade) -> str:
    return reverse("admin:milestones_planupgrade_change", args=[upgrade.pk])


def test_moving_is_asked_for_on_the_page_of_the_version(client, upgrade):
    template = upgrade.template
    answer = do(client, "milestonetemplate", "move", template, version="1", mode="ocean", origin_country="NL")
    made = PlanUpgrade.objects.order_by("-pk").first()
    assert (answer.status_code, answer["Location"], made.items.count()) == (302, page_of(made), 3)
    assert made != upgrade
    running = client.get(page_of(made)).content.decode()
    assert "data-refresh" in running
    refused = do(client, "milestonetemplate", "move", template, customer=PartnerFactory().code)
    assert "No live shipment of this set follows another version." in refused.content.decode()


def test_the_page_says_what_would_change_and_for_whom(client, upgrade):
    text = client.get(page_of(upgrade)).content.decode()
    for said in ("What would change", "Discharged from vessel", "comes along", "Choose none"):
        assert said in text
    assert len(client.get(page_of(upgrade)).context["items"]) == 3
    for show, count in (("changed", 3), ("cases", 0), ("left", 0), ("nonsense", 3)):
        assert len(client.get(page_of(upgrade), {"show": show}).context["items"]) == count


def test_shipments_are_shown_page_by_page(client, upgrade, monkeypatch):
    monkeypatch.setattr(upgrades, "_PAGE", 2)
    first = client.get(page_of(upgrade)).context
    second = client.get(page_of(upgrade), {"after": first["after"]}).context
    assert (len(first["items"]), len(second["items"]), second["after"]) == (2, 1, None)
    assert client.get(page_of(upgrade), {"after": "x" * 40}).status_code == 200


def test_shipments_are_chosen_moved_and_brought_back(client, upgrade):
    choose = reverse("admin:milestones_planupgrade_choose", args=[upgrade.pk])
    keys = list(upgrade.items.order_by("pk").values_list("pk", flat=True))
    answer = client.post(choose, {"shown": keys, "chosen": keys[:1], "show": "changed"})
    assert answer["Location"] == f"{page_of(upgrade)}?show=changed#items"
    assert list(upgrade.items.filter(is_chosen=True).values_list("pk", flat=True)) == keys[:1]
    client.post(choose, {"all": "no"})
    assert upgrade.items.filter(is_chosen=True).count() == 0
    client.post(choose, {"all": "yes"})
    do(client, "planupgrade", "apply", upgrade, reason="The new way")
    work_jobs()
    assert Journey.objects.filter(template=upgrade.template).count() == 3
    assert "The new way" in client.get(page_of(upgrade)).content.decode()
    late = client.post(choose, {"all": "no"}, follow=True)
    assert "This upgrade was applied already." in late.content.decode()
    do(client, "planupgrade", "undo", upgrade)
    work_jobs()
    upgrade.refresh_from_db()
    assert (upgrade.state, Journey.objects.filter(template=upgrade.template).count()) == (UpgradeState.UNDONE, 0)
    assert [item["fate"] for item in client.get(page_of(upgrade)).context["items"]] == ["brought back"] * 3


@pytest.mark.parametrize("effect", [{}, {"error": "ValueError"}, {"left_out": "closed"}, {"kept": "elsewhere"}])
def test_an_item_of_any_kind_is_shown(client, upgrade, effect):
    upgrade.items.update(effect={**effect, "cases": {"opens": [{"summary": "Late"}], "closes": [{"summary": "Gone"}]},
                                 "added": [{"name": "New", "at": None}], "removed": [], "fits": False})  # fmt: skip
    text = client.get(page_of(upgrade)).content.decode()
    assert "this version is not meant for it" in text
    assert "no date" in text
