"""The builder of rules: what it shows, stores, refuses, counts and tries; the page of a rule and of a back-test."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.errors import DomainError
from milestones.enums import ExceptionKind
from milestones.models import ExceptionRule
from milestones.services import (
    Holding,
    RuleDraft,
    draft_of,
    evaluate_shipments,
    save_rule,
    snooze_case,
    start_backtest,
)
from milestones.services.backtesting import JOB
from partners.models import Job, User
from partners.services import work_jobs
from portal.console.rule_builder import counted
from portal.console.rule_results import sections
from portal.console.spans import minutes_of, span_text
from portal.presentation.conditions import outline
from shipments.models import Shipment
from tests.factories.milestones import CaseFactory, JourneyFactory, MilestoneFactory
from tests.factories.partners import internal
from tests.factories.shipments import ShipmentFactory
from tests.milestones.condition_trees import row

pytestmark = pytest.mark.django_db
ROOM = "admin:milestones_exceptionrule"
AIR = row("shipment.mode", "is", "air")
FILLED: dict[str, Any] = {
    "code": "slow", "name": "Slow ones", "kind": "overdue", "severity": "high", "owner": "operations", "mode": "ocean",
    "type": "departed", "condition": json.dumps(row("milestone.minutes_overdue", "at_least", 60)),
    "warn_minutes": "-2h", "minimum_minutes": "", "escalate_minutes": "1d", "escalate_to": "sales",
    "minimum_percent": "", "due_minutes": "4h", "task": "Call", "group_by": "place", "closes_itself": "on",
    "note": "For the winter", "version": "0", "save": "1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def ann() -> User:
    return internal("administrator", email="ann@example.com", name="Ann")


@pytest.fixture
def client(ann: User) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def stored(**changes: Any) -> ExceptionRule:
    return save_rule(RuleDraft(**{"code": "slow", "name": "Slow", "kind": "overdue", **changes}), by=None)


def page(rule: ExceptionRule, client: Client) -> str:
    return client.get(reverse(f"{ROOM}_change", args=[rule.pk])).content.decode()


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 422
    return dict(response.context["form"].errors)


# --- Storing ---------------------------------------------------------------------------------------------------------


def test_a_rule_is_stored_as_it_is_filled_in(client: Client, ann: User) -> None:
    response = client.post(reverse(f"{ROOM}_new"), FILLED)
    rule = ExceptionRule.objects.get(code="slow")
    assert response["Location"] == reverse(f"{ROOM}_change", args=[rule.pk])
    assert (rule.name, rule.severity, rule.mode, rule.type_id, rule.is_active) == (
        "Slow ones", "high", "ocean", "DEPARTED", False,
    )  # fmt: skip
    assert (rule.warn_minutes, rule.minimum_minutes, rule.escalate_minutes, rule.due_minutes) == (-120, 0, 1440, 240)
    assert (rule.escalate_to, rule.group_by, rule.closes_itself) == ("sales", "place", True)
    assert rule.condition == row("milestone.minutes_overdue", "at_least", 60)
    version = rule.versions.get()
    assert (version.note, version.created_by) == ("For the winter", ann)


def test_a_rule_is_changed_and_its_code_stays(client: Client) -> None:
    rule = stored()
    address = reverse(f"{ROOM}_edit", args=[rule.pk])
    form = client.get(address).context["form"]
    assert (form["code"].value(), form["name"].value(), form["version"].value()) == ("slow", "Slow", 1)
    client.post(address, {**FILLED, "code": "other", "version": "1"})
    rule.refresh_from_db()
    assert (rule.code, rule.name, rule.version) == ("slow", "Slow ones", 2)


def test_what_is_stored_is_shown_as_people_write_it(client: Client) -> None:
    rule = stored(warn_minutes=-90, minimum_minutes=1501, condition=AIR)
    text = client.get(reverse(f"{ROOM}_edit", args=[rule.pk])).content.decode()
    assert 'value="-1h 30m"' in text
    assert 'value="1d 1h 1m"' in text
    assert "&quot;shipment.mode&quot;" in text


def test_each_problem_stands_at_its_field(client: Client) -> None:
    bad = {**FILLED, "code": "Slow?", "warn_minutes": "2h", "escalate_to": "", "condition": '{"all": []}'}
    found = errors(client.post(reverse(f"{ROOM}_new"), bad))
    assert found == {
        "code": ["A code has 1 to 40 small letters, digits, dashes and underscores."],
        "warn_minutes": ["The warning comes before the breach."],
        "escalate_to": ["Say both when and to whom it is escalated, or neither."],
        "condition": ["all: A group needs at least one condition."],
    }
    assert not ExceptionRule.objects.filter(code="slow").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"condition": "{"}, "condition"),
        ({"condition": "x" * 40_001}, "condition"),
        ({"condition": "[" * 5000}, "condition"),
        ({"condition": "[]"}, "condition"),
        ({"condition": '"text"'}, "condition"),
        ({"condition": "17"}, "condition"),
        ({"kind": "unheard"}, "kind"),
        ({"type": "NOWHERE"}, "type"),
        ({"warn_minutes": "soon"}, "warn_minutes"),
        ({"due_minutes": ""}, "due_minutes"),
        ({"due_minutes": "9999999w"}, "due_minutes"),
        ({"minimum_percent": "99999999999999999999"}, "minimum_percent"),
        ({"name": "a\x00b"}, "name"),
        ({"version": "x"}, "version"),
        ({"version": "7"}, "code"),
    ],
)
def test_anything_else_is_refused_and_breaks_nothing(client: Client, changes: dict[str, str], field: str) -> None:
    assert field in errors(client.post(reverse(f"{ROOM}_new"), {**FILLED, **changes}))


def test_who_comes_second_is_told(client: Client) -> None:
    rule = stored()
    address = reverse(f"{ROOM}_edit", args=[rule.pk])
    client.post(address, {**FILLED, "version": "1"})
    found = errors(client.post(address, {**FILLED, "name": "Other", "version": "1"}))
    assert found == {"__all__": ["Somebody else changed this rule in the meantime."]}


def test_a_rule_that_is_not_there_has_no_builder(client: Client) -> None:
    for key in ("0", "abc", "99999999999999999999"):
        assert client.get(reverse(f"{ROOM}_edit", args=[key])).status_code == 404


def test_the_script_is_told_every_field(client: Client) -> None:
    told = client.get(reverse(f"{ROOM}_new")).context["vocabulary"]
    names = [field["name"] for group in told["groups"] for field in group["fields"]]
    assert "shipment.mode" in names and "money.overrun_percent" in names
    assert [group["label"] for group in told["groups"]] == [
        "Shipment",
        "Milestone",
        "Deciding event",
        "Partners",
        "Money",
    ]


# --- Counting --------------------------------------------------------------------------------------------------------


def count(client: Client, tree: Any, **more: str) -> tuple[int, dict[str, Any]]:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    response = client.post(reverse(f"{ROOM}_count"), {"condition": text, "mode": "", "type": "", **more})
    return response.status_code, response.json()


def test_a_condition_is_counted_while_it_is_put_together(client: Client) -> None:
    journey = JourneyFactory(shipment=ShipmentFactory(mode="air"))
    MilestoneFactory(shipment=journey.shipment)
    assert count(client, AIR) == (200, {"message": "Holds now for 1 open shipment.", "count": 1})
    assert count(client, AIR, mode="ocean")[1]["count"] == 0
    assert count(client, AIR, type="departed")[1] == {"message": "Holds now for 1 open milestone.", "count": 1}
    of_any = count(client, row("milestone.state", "is", "planned"))
    assert of_any == (200, {"message": "Holds now for 1 open milestone.", "count": 1})


@pytest.mark.parametrize(
    ("tree", "more", "said"),
    [
        ("{", {}, {"message": "This is no condition.", "path": ""}),
        ({"all": []}, {}, {"message": "A group needs at least one condition.", "path": "all"}),
        (AIR, {"mode": "sea"}, {"message": "Choose one of the list.", "path": ""}),
        (AIR, {"type": "A\x00"}, {"message": "Choose one of the list.", "path": ""}),
    ],
)
def test_what_cannot_be_counted_says_why(client: Client, tree: Any, more: dict[str, str], said: dict[str, str]) -> None:
    assert count(client, tree, **more) == (422, said)


def test_counts_are_said_in_words() -> None:
    assert counted(Holding(None, False, True)) == "It takes too long to count for how many it holds."
    assert counted(Holding(1000, True, True)) == "Holds now for more than 1000 of the open milestones."
    assert counted(Holding(1000, True, False)) == "Holds now for more than 1000 of the open shipments."
    assert counted(Holding(2, False, False)) == "Holds now for 2 open shipments."


# --- The page of a rule ----------------------------------------------------------------------------------------------


def test_the_list_says_what_is_on(client: Client) -> None:
    stored(warn_minutes=-60, minimum_minutes=30, escalate_minutes=90, escalate_to="sales")
    text = client.get(reverse(f"{ROOM}_changelist") + "?active=no&q=slo").content.decode()
    assert "warns 1h before, from 30m, escalated from 1h 30m" in text
    assert "hold-customs" not in text
    assert reverse(f"{ROOM}_new") in text


def test_a_rule_shows_its_condition_and_what_its_versions_changed(client: Client) -> None:
    rule = stored(kind="condition", condition={"all": [AIR, {"not": row("partner.roles", "in", ["carrier"])}]})
    save_rule(
        RuleDraft(code="slow", name="Slow", kind="condition", condition=AIR, severity="high", version=1), by=None,
        note="Too mild",
    )  # fmt: skip
    rule.refresh_from_db()
    text = page(rule, client)
    assert "Shipment · Mode is Air" in text
    assert "Severity: Medium → High" in text
    assert "Too mild" in text
    assert reverse(f"{ROOM}_edit", args=[rule.pk]) in text


def test_versions_say_each_difference_in_words(client: Client) -> None:
    rule = stored(warn_minutes=-60, group_by="place", task="Call")
    save_rule(
        RuleDraft(code="slow", name="Slow", kind="overdue", closes_itself=False, condition=AIR, version=1), by=None
    )
    text = page(ExceptionRule.objects.get(pk=rule.pk), client)
    for said in (
        "Warn from minutes: -1h → none", "Common root: The place → Each for itself",
        "Task to open: Call → none", "Closes by itself: yes → no", "Condition: always → Shipment · Mode is Air",
    ):  # fmt: skip
        assert said in text
    full = stored(code="full", kind="cost_overrun", escalate_minutes=90, escalate_to="sales", minimum_percent=7)
    text = page(full, client)
    assert "Escalated to" in text and "Sales" in text and "escalated from 1h 30m" in text


def test_who_may_only_look_is_offered_nothing(client: Client) -> None:
    rule = stored()
    looking = Client()
    looking.force_login(internal("sales"))
    text = page(rule, looking)
    assert reverse(f"{ROOM}_edit", args=[rule.pk]) not in text
    assert reverse(f"{ROOM}_new") not in looking.get(reverse(f"{ROOM}_changelist")).content.decode()


def do(client: Client, rule: ExceptionRule, action: str, **said: Any) -> HttpResponse:
    return client.post(reverse(f"{ROOM}_do_row", args=[rule.pk, action]), said)


def test_a_rule_is_enabled_disabled_and_restored(client: Client) -> None:
    rule = stored()
    do(client, rule, "enable")
    rule.refresh_from_db()
    assert rule.is_active
    assert do(client, rule, "enable").status_code == 409
    do(client, rule, "disable")
    save_rule(RuleDraft(code="slow", name="Slow", kind="late", version=1), by=None)
    rule.refresh_from_db()
    do(client, rule, "restore", version="1", note="It was better")
    rule.refresh_from_db()
    assert (rule.kind, rule.version, rule.is_active) == (ExceptionKind.OVERDUE, 3, False)
    assert do(client, rule, "restore", version="77").status_code == 422


# --- The back-test ---------------------------------------------------------------------------------------------------


def tried(ann: User, **changes: Any) -> Job:
    """The default OCEAN-EXPORT plan of one shipment of which nothing was heard."""
    shipment = ShipmentFactory()
    Shipment.objects.filter(pk=shipment.pk).update(created_at=timezone.now() - timedelta(days=40))
    evaluate_shipments([shipment.pk], now=timezone.now())
    job = start_backtest(RuleDraft(**{"code": "slow", "name": "Slow", "kind": "overdue", **changes}), by=ann)
    work_jobs()
    job.refresh_from_db()
    assert job.error == ""
    return job


def test_a_draft_is_tried_before_it_is_stored(client: Client, ann: User) -> None:
    response = client.post(reverse(f"{ROOM}_new"), {**FILLED, "backtest": "1"})
    job = Job.objects.get(kind=JOB)
    assert response["Location"] == reverse("admin:partners_job_change", args=[job.pk])
    assert (job.created_by, job.parameters["definition"]["name"]) == (ann, "Slow ones")
    assert not ExceptionRule.objects.filter(code="slow").exists()
    text = client.get(response["Location"]).content.decode()
    assert f"{reverse(f'{ROOM}_new')}?draft={job.pk}" in text
    assert "Minutes past due, while not reached is at least 60" in text
    form = client.get(f"{reverse(f'{ROOM}_new')}?draft={job.pk}").context["form"]
    assert (form["name"].value(), form["warn_minutes"].value(), form["version"].value()) == ("Slow ones", "-2h", 0)


def test_a_draft_of_a_stored_rule_goes_on_there(client: Client, ann: User) -> None:
    rule, other = stored(), stored(code="other")
    job = tried(ann, name="Slower", version=1)
    address = reverse(f"{ROOM}_edit", args=[rule.pk])
    assert (
        f"{address}?draft={job.pk}" in client.get(reverse("admin:partners_job_change", args=[job.pk])).content.decode()
    )
    form = client.get(f"{address}?draft={job.pk}").context["form"]
    assert (form["name"].value(), form["version"].value()) == ("Slower", 1)
    elsewhere = reverse(f"{ROOM}_edit", args=[other.pk])
    for asked in (
        f"{elsewhere}?draft={job.pk}",
        f"{address}?draft=0",
        f"{address}?draft=x",
        f"{address}?draft={'9' * 30}",
    ):
        assert client.get(asked).status_code == 404


def test_the_result_of_a_back_test_is_a_page(client: Client, ann: User) -> None:
    job = tried(ann)
    text = client.get(reverse("admin:partners_job_change", args=[job.pk])).content.decode()
    shipment = Shipment.objects.get()
    assert reverse("admin:shipments_shipment_change", args=[shipment.pk]) in text
    assert "Cases it would have opened" in text
    assert "overdue, nothing reported" in text
    assert re.search(r"Noise.*?not known", text, re.DOTALL)


def test_examples_are_links_only_for_who_may_see_them(ann: User) -> None:
    job = tried(ann)
    stranger = User.objects.create_user("nobody@example.com")
    lines = [section.lines for section in sections(job, stranger) if section.title == "Examples"]
    assert ["<span>–</span>" in line[0] for line in lines[0]] == [True]


def test_counts_that_need_a_word_get_one(ann: User) -> None:
    job = tried(ann)
    job.result |= {
        "is_limited": True,
        "failed": 2,
        "cut_short": 1,
        "missed_examples": [{"id": str(UUID(int=0)), "reference": "S-1"}],
    }
    made = sections(job, ann)
    notes = {str(fact.label): (fact.value, str(fact.note)) for fact in made[0].facts}
    assert notes["Not looked at to the end"] == (3, "")
    assert notes["Shipments looked at"] == (1, "the newest ones; there are more")
    assert [line[0] for line in made[3].lines] == ["–"]
    job.result = {}
    assert [str(section.title) for section in sections(job, ann)] == ["What was tried"]


def test_the_rule_knows_its_last_back_test_and_says_so_before_it_is_enabled(client: Client, ann: User) -> None:
    rule = stored()
    dialog = reverse(f"{ROOM}_do_row", args=[rule.pk, "enable"])
    assert "It was not tried on the past yet." in client.get(dialog).content.decode()
    assert "was not tried on the past yet" in page(rule, client)
    tried(ann, version=1)
    said = "Tried on 1 shipments: it would have opened"
    assert said in client.get(dialog).content.decode()
    assert said in page(rule, client)
    save_rule(RuleDraft(code="slow", name="Slow", kind="overdue", severity="low", version=1), by=None)
    assert said not in page(rule, client)


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2d", 2880), ("1d 2h 3m", 1563), ("90", 90), ("90M", 90), ("-6h", -360), ("−6h", -360), ("+1w", 10080),
        ("1d2h", 1560), ("0", 0), ("", None), ("soon", None), ("1y", None), ("2d-1h", None), ("1.5h", None),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read_as_people_write_them(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


def test_lengths_of_time_are_written_so_that_they_are_read_back() -> None:
    for minutes in (0, 1, 59, 60, 1440, 1501, 100_000, -1, -1501):
        assert minutes_of(span_text(minutes)) == minutes
    assert span_text(None) == ""


def test_a_condition_is_read_as_an_outline() -> None:
    tree = {"all": [AIR, {"any": [row("money.margin", "less", "10"), {"not": row("shipment.service", "is_empty")}]}]}
    assert outline(tree).splitlines() == [
        "all of these hold:",
        "    Shipment · Mode is Air",
        "    any of these holds:",
        "        Money · Margin: revenue less cost is less than 10",
        "        this does not hold:",
        "            Shipment · Service is empty",
    ]
    assert outline(None) == "always"
    assert outline(row("shipment.etd", "less", "now-3d")) == "Shipment · Planned departure (ETD) is before now-3d"
    assert outline(row("shipment.is_cancelled", "is", True)) == "Shipment · Cancelled is yes"
    assert (
        outline(row("partner.roles", "in", ["carrier", "3pl"]))
        == "Partners · Roles that are filled include one of Carrier, 3PL"
    )


def test_a_condition_that_cannot_be_read_any_more_is_shown_as_it_stands() -> None:
    assert outline({"field": "gone.field", "op": "likes", "value": 7}) == "gone.field likes 7"
    assert outline({"all": ["x"]}) == "all of these hold:\n    x"


MONEY = row("money.revenue", "more", "1000")


def test_who_may_not_see_money_cannot_ask_for_it_in_a_condition() -> None:
    """Operations may write rules; counting "revenue is more than ..." would tell them the sum in a few tries."""
    plain = RuleDraft(code="dear", name="Dear", kind="condition", condition=MONEY)
    for group, answers in (("operations", (422, "money_not_seen")), ("administrator", (200, ""))):
        by, client = internal(group), Client()
        client.force_login(by)
        counted_ = client.post(reverse(f"{ROOM}_count"), {"condition": json.dumps(MONEY), "mode": "", "type": ""})
        refusals = set()
        for do in (start_backtest, save_rule):
            try:
                do(plain, by=by)
                refusals.add("")
            except DomainError as refused:
                refusals.add(refused.code)
        assert (counted_.status_code, refusals) == (answers[0], {answers[1]})


def test_a_snooze_does_not_tell_money_either_and_other_changes_of_a_rule_stay_free() -> None:
    by = internal("operations")
    with pytest.raises(DomainError, match="may not see"):
        snooze_case(CaseFactory(shipment=JourneyFactory().shipment), wake=MONEY, by=by)
    rule = save_rule(RuleDraft(code="dear", name="Dear", kind="condition", condition=MONEY), by=None)
    draft = dataclasses.replace(draft_of(rule), name="Very dear")
    assert save_rule(draft, by=by).name == "Very dear"
