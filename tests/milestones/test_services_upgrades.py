"""Live shipments moved to another version of their template: seen before, done once, taken back whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core.errors import DomainError
from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import UpgradeState
from milestones.models import (
    Journey,
    Milestone,
    MilestoneTemplate,
    PlanUpgrade,
    PlanUpgradeItem,
    ShipmentException,
    WorkTask,
)
from milestones.services import evaluate_shipments, upgrade_sets, upgrades
from milestones.services.templates import activate_template, create_template, new_version, save_draft
from milestones.services.upgrade_sets import UpgradeSet, choose_all, choose_items, start_upgrade
from milestones.services.upgrades import apply_upgrade, undo_upgrade
from partners.enums import JobState
from partners.models import Job, Partner, User
from partners.services import cancel_job, resume_job, work_jobs
from shipments.models import Shipment
from tests.factories.milestones import DAY
from tests.factories.partners import PartnerFactory, UserFactory, internal
from tests.factories.shipments import EventFactory, LocationFactory, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db


def line(position: int, type: str, name: str, anchor: str | int = "eta", **more: Any) -> LineDraft:
    counted = {"anchor": "line", "anchor_line": anchor} if isinstance(anchor, int) else {"anchor": anchor}
    return LineDraft(position=position, type=type, name=name, **counted, **more)


FIRST = (
    line(10, "DEPARTED", "Departed", "etd", place_role="pol", task="Ask the carrier"),
    line(20, "ARRIVED", "Arrived", place_role="pod"),
    line(30, "DISCHARGED", "Discharged", 20, place_role="pod", offset_minutes=1440, requirement="optional"),
    line(40, "DELIVERED", "Delivered", 20, offset_minutes=3 * 1440),
)
# Everything is numbered otherwise: what departed stands where what arrived stood.
SECOND = (
    line(5, "BOOKED", "Booked", "booked_at", requirement="optional"),
    line(10, "GATE_IN", "Gate in", 20, place_role="pol", offset_minutes=-1440, requirement="optional"),
    line(20, "DEPARTED", "Sailed", "etd", place_role="pol", task="Ask the carrier"),
    line(30, "ARRIVED", "Arrived", place_role="pod"),
    line(40, "DELIVERED", "Delivered", 30, offset_minutes=5 * 1440),
)


def said(customer: Partner, lines: Sequence[LineDraft]) -> TemplateDraft:
    """For what this customer exports by sea."""
    return TemplateDraft(
        code="LUMEN", name="Lumen", mode="ocean", shipment_type="export", customer_id=customer.pk, lines=tuple(lines)
    )


@pytest.fixture
def by() -> User:
    return internal("operations")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def templates(by: User) -> tuple[MilestoneTemplate, MilestoneTemplate]:
    """The first version, and the second as a draft."""
    customer = PartnerFactory(code="LUMEN")
    first = activate_template(create_template(said(customer, FIRST), by=by), by=by)
    second = new_version(first, by=by)
    save_draft(second, said(customer, SECOND), by=by)
    return first, second


def booked(first: MilestoneTemplate, count: int, now: datetime, **fields: Any) -> list[Shipment]:
    """Departed late and not reported yet, to arrive in ten days; they follow the first version."""
    dates = {"booked_at": now - 30 * DAY, "etd": now - 5 * DAY, "eta": now + 10 * DAY}
    made = [ShipmentFactory(customer=first.customer, **{**dates, **fields}) for _ in range(count)]
    evaluate_shipments([one.pk for one in made], now=now)
    return made


def moved_to(second: MilestoneTemplate, by: User, **wanted: Any) -> PlanUpgrade:
    """Put into force and looked at."""
    upgrade = start_upgrade(activate_template(second, by=by), UpgradeSet(**wanted), by=by)
    work_jobs()
    return PlanUpgrade.objects.select_related("template", "job").get(pk=upgrade.pk)


def standing(shipment: Shipment) -> list[tuple[Any, ...]]:
    """All that is on record of the plan, but for when it was looked at."""
    milestones = Milestone.objects.filter(shipment=shipment).order_by("position", "slot")
    rows = [
        (m.slot, m.line_id, m.type_id, m.name, m.baseline_at, m.planned_at, m.actual_at, m.state) for m in milestones
    ]
    journey = Journey.objects.values_list("template_id", "template_reason", "strip", "open_cases").get(pk=shipment.pk)
    cases = ShipmentException.objects.filter(shipment=shipment).unresolved().order_by("rule_id", "slot")
    tasks = WorkTask.objects.filter(shipment=shipment, state="open").order_by("key")
    named = [(c.rule_id, c.slot, c.state) for c in cases], [(t.key.partition(":")[0], t.title) for t in tasks]
    return [*rows, journey, *named]


def ids(shipment: Shipment) -> dict[str, int]:
    return dict(Milestone.objects.filter(shipment=shipment).values_list("type_id", "pk"))


def undo_all(upgrade: PlanUpgrade, by: User) -> None:
    undo_upgrade(PlanUpgrade.objects.get(pk=upgrade.pk), by=by)
    work_jobs()


def test_what_would_change_is_said_and_nothing_changes(templates, by, now):
    (shipment,) = booked(templates[0], 1, now)
    before = standing(shipment)
    upgrade = moved_to(templates[1], by)
    assert (upgrade.state, upgrade.job.state, upgrade.created_by) == (UpgradeState.PREVIEWED, JobState.DONE, by)
    item = upgrade.items.get()
    arrival = shipment.eta
    effect = item.effect
    assert [(m["name"], m["before"], m["after"]) for m in effect["moved"]] == [
        ("Delivered", (arrival + 3 * DAY).isoformat(), (arrival + 5 * DAY).isoformat())
    ]
    assert [one["name"] for one in effect["added"]] == ["Booked", "Gate in"]
    assert [one["name"] for one in effect["removed"]] == ["Discharged"]
    assert (effect["cases"], effect["renumbered"], effect["fits"]) == ({"opens": [], "closes": []}, 2, True)
    assert upgrade.job.result == {
        "shipments": 1, "changed": 1, "moved": 1, "added": 2, "removed": 1, "renumbered": 1,
    }  # fmt: skip
    assert (item.from_template, item.is_chosen, item.applied_at) == (templates[0], True, None)
    assert standing(shipment) == before


def test_a_case_that_would_open_or_close_is_named(templates, by, now):
    booked(templates[0], 1, now)
    first, second = templates
    slow = (line(10, "DEPARTED", "Sailed", "etd", place_role="pol", offset_minutes=20 * 1440),
            line(20, "PICKED_UP", "Picked up", "booked_at"))  # fmt: skip
    save_draft(second, said(first.customer, slow), by=by)
    cases = moved_to(second, by).items.get().effect["cases"]
    assert [case["summary"] for case in cases["closes"]] == ["Departed: overdue, nothing reported"]
    assert [(case["kind"], case["severity"]) for case in cases["opens"]] == [("overdue", "medium")]


def test_a_moved_shipment_keeps_its_first_plans_cases_and_reports(templates, by, now):
    (shipment,) = booked(templates[0], 1, now)
    case = ShipmentException.objects.get(shipment=shipment)
    task = WorkTask.objects.get(shipment=shipment, key="line:L10")
    before, first_plans = ids(shipment), dict(Milestone.objects.values_list("type_id", "baseline_at"))
    Shipment.objects.filter(pk=shipment.pk).update(eta=now + 14 * DAY)
    evaluate_shipments([shipment.pk], now=now)
    upgrade = moved_to(templates[1], by)
    job = apply_upgrade(upgrade, reason="The new way", by=by)
    assert (work_jobs(), Job.objects.get(pk=job.pk).result) == (1, {"moved": 1})
    upgrade.refresh_from_db()
    assert (upgrade.state, upgrade.reason, upgrade.applied_at is not None) == (
        UpgradeState.APPLIED,
        "The new way",
        True,
    )
    journey = Journey.objects.get(pk=shipment.pk)
    assert journey.template == templates[1]
    assert journey.template_reason.endswith("; moved from Lumen v1")
    after = ids(shipment)
    assert {code: after[code] for code in ("DEPARTED", "ARRIVED", "DELIVERED")} == {
        code: before[code] for code in ("DEPARTED", "ARRIVED", "DELIVERED")
    }
    rows = {m.type_id: m for m in Milestone.objects.filter(shipment=shipment)}
    assert {m.slot: m.type_id for m in rows.values()} == {row.slot: row.type_id for row in rows.values()}
    assert sorted((m.slot, m.type_id) for m in rows.values()) == [
        ("L10", "GATE_IN"), ("L20", "DEPARTED"), ("L30", "ARRIVED"), ("L40", "DELIVERED"), ("L5", "BOOKED"),
    ]  # fmt: skip
    # The first plan is the first plan, although the date and the template have moved since.
    assert {code: rows[code].baseline_at for code in ("DEPARTED", "ARRIVED", "DELIVERED")} == {
        code: first_plans[code] for code in ("DEPARTED", "ARRIVED", "DELIVERED")
    }
    assert rows["DELIVERED"].planned_at == now + 19 * DAY
    # What is new begins with the plan it has now.
    assert rows["GATE_IN"].baseline_at == rows["GATE_IN"].planned_at == shipment.etd - DAY
    case.refresh_from_db()
    task.refresh_from_db()
    assert (case.state, case.slot, case.milestone_id) == ("open", "L20", before["DEPARTED"])
    assert (task.state, task.key) == ("open", "line:L20")


def test_two_lines_change_places_and_each_stays_what_it_is(templates, by, now):
    first, second = templates
    (shipment,) = booked(first, 1, now)
    EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), occurred_at=now - 4 * DAY, received_at=now, shipments=[shipment],
        location=LocationFactory(unlocode="NLRTM"),
    )  # fmt: skip
    evaluate_shipments([shipment.pk], now=now)
    swapped = (
        line(10, "ARRIVED", "Arrived", place_role="pod"),
        line(20, "DEPARTED", "Departed", "etd", place_role="pol"),
    )
    save_draft(second, said(first.customer, swapped), by=by)
    before = ids(shipment)
    apply_upgrade(moved_to(second, by), reason="Swapped", by=by)
    work_jobs()
    rows = {m.slot: (m.pk, m.type_id, m.actual_at) for m in Milestone.objects.filter(shipment=shipment)}
    assert rows == {
        "L10": (before["ARRIVED"], "ARRIVED", None),
        "L20": (before["DEPARTED"], "DEPARTED", now - 4 * DAY),
    }


def test_going_back_brings_back_what_there_was(templates, by, now):
    shipments = booked(templates[0], 3, now)
    before = [standing(one) for one in shipments]
    baselines = dict(Milestone.objects.filter(shipment=shipments[0]).values_list("slot", "baseline_at"))
    upgrade = moved_to(templates[1], by)
    apply_upgrade(upgrade, reason="A try", by=by)
    work_jobs()
    assert [standing(one) for one in shipments] != before
    # Moved while it followed the second version: what goes and comes back still has its first plan.
    Shipment.objects.filter(pk=shipments[0].pk).update(eta=now + 20 * DAY)
    undo_all(upgrade, by)
    upgrade.refresh_from_db()
    assert (upgrade.state, upgrade.undone_at is not None) == (UpgradeState.UNDONE, True)
    assert [standing(one) for one in shipments[1:]] == before[1:]
    assert dict(Milestone.objects.filter(shipment=shipments[0]).values_list("slot", "baseline_at")) == baselines
    assert upgrade.items.filter(undone_at=None).count() == 0
    assert Job.objects.filter(kind=upgrades.UNDO).get().result == {"back": 3}


def test_what_has_moved_on_meanwhile_is_left_where_it_is(templates, by, now):
    first, second = templates
    stays, closed, elsewhere = booked(first, 3, now)
    upgrade = moved_to(second, by)
    Journey.objects.filter(pk=closed.pk).update(is_closed=True)
    Journey.objects.filter(pk=elsewhere.pk).update(template=second)
    apply_upgrade(upgrade, reason="All of them", by=by)
    work_jobs()
    assert Job.objects.get(kind=upgrades.APPLY).result == {"moved": 1, "closed": 1, "elsewhere": 1}
    left_out = {item.shipment_id: item.effect.get("left_out") for item in upgrade.items.all()}
    assert left_out == {stays.pk: None, closed.pk: "closed", elsewhere.pk: "elsewhere"}
    Journey.objects.filter(pk=stays.pk).update(template=first)
    undo_all(upgrade, by)
    item = upgrade.items.get(shipment=stays)
    assert (item.undone_at, item.effect["kept"]) == (None, "elsewhere")
    assert Job.objects.get(kind=upgrades.UNDO).result == {"elsewhere": 1}


def test_only_what_is_chosen_moves(templates, by, now):
    one, two, three = booked(templates[0], 3, now)
    upgrade = moved_to(templates[1], by)
    items = {item.shipment_id: item.pk for item in upgrade.items.all()}
    choose_all(upgrade, chosen=False, by=by)
    with pytest.raises(DomainError, match="at least one"):
        apply_upgrade(upgrade, reason="None", by=by)
    choose_items(upgrade, shown=[items[one.pk], items[two.pk]], chosen=[items[two.pk], items[three.pk]], by=by)
    apply_upgrade(upgrade, reason="Only one", by=by)
    work_jobs()
    assert list(Journey.objects.filter(template=templates[1]).values_list("pk", flat=True)) == [two.pk]
    for late in (
        lambda: choose_all(upgrade, chosen=True, by=by),
        lambda: choose_items(upgrade, shown=[], chosen=[], by=by),
    ):
        with pytest.raises(DomainError) as refused:
            late()
        assert (refused.value.code, refused.value.conflict) == ("already_applied", True)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 2), ({"mode": "ocean"}, 2), ({"mode": "air"}, 0), ({"version": 1}, 2), ({"version": 7}, 0),
        ({"status": "booked"}, 2), ({"status": "arrived"}, 0), ({"origin_country": "nl"}, 2),
        ({"destination_country": "CN", "origin_country": "NL"}, 2), ({"destination_country": "US"}, 0),
    ],
)  # fmt: skip
def test_the_set_is_chosen_by_what_it_is(templates, by, now, wanted, count):
    first, second = templates
    booked(first, 2, now)
    assert UpgradeSet(**wanted).journeys(second, by).count() == count
    assert UpgradeSet(customer=PartnerFactory()).journeys(second, None).count() == 0
    assert UpgradeSet(customer=first.customer).journeys(second, None).count() == 2
    # Who sees no shipment moves none.
    assert UpgradeSet().journeys(second, UserFactory()).count() == 0


def test_what_cannot_be_moved_is_refused(templates, by, now, monkeypatch):
    first, second = templates
    with pytest.raises(DomainError) as refused:
        start_upgrade(second, UpgradeSet(), by=by)
    assert refused.value.code == "not_in_force"
    activate_template(second, by=by)
    second.refresh_from_db()
    with pytest.raises(DomainError) as refused:
        start_upgrade(second, UpgradeSet(), by=by)
    assert refused.value.code == "nothing_there"
    booked_before = booked(first, 3, now)
    Journey.objects.filter(pk__in=[one.pk for one in booked_before]).update(template=first)
    monkeypatch.setattr(upgrade_sets, "MOST", 2)
    with pytest.raises(DomainError) as refused:
        start_upgrade(second, UpgradeSet(), by=by)
    assert refused.value.code == "too_many"
    monkeypatch.setattr(upgrade_sets, "MOST", 3)
    upgrade = start_upgrade(second, UpgradeSet(), by=by)
    for reason, code in (("", "reason_missing"), ("Too early", "still_running")):
        with pytest.raises(DomainError) as refused:
            apply_upgrade(upgrade, reason=reason, by=by)
        assert refused.value.code == code
    work_jobs()
    apply_upgrade(upgrade, reason="Now", by=by)
    with pytest.raises(DomainError) as refused:
        undo_upgrade(upgrade, by=by)
    assert refused.value.code == "still_running"
    work_jobs()
    with pytest.raises(DomainError) as refused:
        apply_upgrade(upgrade, reason="Again", by=by)
    assert refused.value.code == "state_not_allowed"


class Killed(BaseException):
    """A worker that goes away in the middle of a step."""


def killing(step: Any, after: int) -> Any:
    """The step, which does its work and is killed before it is committed, from its `after`th call on once."""
    calls: list[int] = []

    def run(job: Job) -> bool:
        calls.append(1)
        with transaction.atomic():
            done: bool = step(job)
            if len(calls) == after:
                raise Killed
        return done

    return run


STEPS: dict[str, Any] = {}


def stepped(job: Job) -> bool:
    is_last: bool = STEPS[job.kind](job)
    return is_last


@pytest.fixture
def short_batches(monkeypatch, settings) -> None:
    monkeypatch.setattr(upgrade_sets, "BATCH", 2)
    monkeypatch.setattr(upgrades, "BATCH", 2)
    kinds = {"preview_upgrade": upgrade_sets.preview_step, "apply_upgrade": upgrades.apply_step,
             "undo_upgrade": upgrades.undo_step}  # fmt: skip
    STEPS.clear()
    STEPS.update(kinds)
    settings.WAYMARK_JOBS = {**settings.WAYMARK_JOBS, **dict.fromkeys(kinds, f"{__name__}.stepped")}


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_killed_worker_loses_nothing_and_does_nothing_twice(templates, by, now, short_batches, after):
    shipments = booked(templates[0], 5, now)
    before = [standing(one) for one in shipments]
    STEPS["preview_upgrade"] = killing(upgrade_sets.preview_step, after)
    upgrade = start_upgrade(activate_template(templates[1], by=by), UpgradeSet(), by=by)
    survive(upgrade)
    upgrade = PlanUpgrade.objects.get(pk=upgrade.pk)
    assert (upgrade.job.state, upgrade.job.done, upgrade.job.result["shipments"]) == (JobState.DONE, 5, 5)
    assert [bool(item.effect["moved"]) for item in upgrade.items.all()] == [True] * 5
    STEPS["apply_upgrade"] = killing(upgrades.apply_step, after)
    job = apply_upgrade(upgrade, reason="With a crash", by=by)
    survive(upgrade)
    job.refresh_from_db()
    assert (job.state, job.done, job.result) == (JobState.DONE, 5, {"moved": 5})
    revisions = list(Journey.objects.order_by("pk").values_list("revision", flat=True))
    # The same step again finds nothing to do.
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, ended_at=None, cursor={}, done=0)
    work_jobs()
    assert list(Journey.objects.order_by("pk").values_list("revision", flat=True)) == revisions
    STEPS["undo_upgrade"] = killing(upgrades.undo_step, after)
    back = undo_upgrade(upgrade, by=by)
    survive(upgrade)
    back.refresh_from_db()
    assert (back.state, back.result) == (JobState.DONE, {"back": 5})
    assert [standing(one) for one in shipments] == before


def survive(upgrade: PlanUpgrade) -> None:
    """The worker is killed once; its lease runs out and another takes the job up."""
    with pytest.raises(Killed):
        work_jobs()
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=None)
    work_jobs()


def test_a_cancelled_job_leaves_what_it_did_and_can_go_on_or_back(templates, by, now, short_batches):
    booked(templates[0], 3, now)
    upgrade = moved_to(templates[1], by)
    job = apply_upgrade(upgrade, reason="Half of it", by=by)
    STEPS["apply_upgrade"] = killing(upgrades.apply_step, 2)
    with pytest.raises(Killed):
        work_jobs()
    job.refresh_from_db()
    cancel_job(job, by=by)
    assert Journey.objects.filter(template=templates[1]).count() == 2
    undo_all(upgrade, by)
    assert Journey.objects.filter(template=templates[0]).count() == 3
    # Taken up again after all was brought back it does nothing any more.
    resume_job(job, by=by)
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "This upgrade is in another state by now.")
    assert Journey.objects.filter(template=templates[0]).count() == 3


def test_one_shipment_that_fails_does_not_stop_the_others(templates, by, now, monkeypatch):
    poison, *others = booked(templates[0], 3, now)
    upgrade = moved_to(templates[1], by)
    whole = upgrades.evaluate_shipments

    def failing(ids: Sequence[int], **more: Any) -> int:
        if poison.pk in ids:
            raise ValueError("poison")
        return whole(ids, **more)

    monkeypatch.setattr(upgrades, "evaluate_shipments", failing)
    job = apply_upgrade(upgrade, reason="One of them is bad", by=by)
    work_jobs()
    job.refresh_from_db()
    assert job.result == {"moved": 2, "error": 1}
    item = upgrade.items.get(shipment=poison)
    assert (item.applied_at, item.effect["left_out"]) == (None, "error")
    assert set(Journey.objects.filter(template=templates[1]).values_list("pk", flat=True)) == {o.pk for o in others}


def test_a_shipment_that_cannot_be_looked_at_says_so(templates, by, now, monkeypatch):
    poison, _other = booked(templates[0], 2, now)
    whole = upgrade_sets.World.effect

    def failing(world: Any, shipment_id: int, *more: Any) -> Any:
        if shipment_id == poison.pk:
            raise ValueError("poison")
        return whole(world, shipment_id, *more)

    monkeypatch.setattr(upgrade_sets.World, "effect", failing)
    upgrade = moved_to(templates[1], by)
    assert upgrade.items.get(shipment=poison).effect == {"error": "ValueError"}
    assert (upgrade.job.result["errors"], upgrade.job.result["changed"]) == (1, 1)


def test_a_shipment_that_the_version_is_not_for_is_pointed_out(templates, by, now):
    booked(templates[0], 1, now)
    Shipment.objects.update(customer=PartnerFactory())
    upgrade = moved_to(templates[1], by)
    assert (upgrade.items.get().effect["fits"], upgrade.job.result["misfits"]) == (False, 1)
    apply_upgrade(upgrade, reason="All the same", by=by)
    work_jobs()
    assert Journey.objects.get().template_reason == "Lumen v2; moved from Lumen v1"


@pytest.mark.parametrize("count", [1, 4])
def test_a_step_asks_no_more_for_more_shipments(templates, by, now, count, django_assert_max_num_queries):
    booked(templates[0], count, now)
    upgrade = moved_to(templates[1], by)
    job = apply_upgrade(upgrade, reason="Counted", by=by)
    Job.objects.filter(pk=job.pk).update(lease_token=None)
    job.refresh_from_db()
    with django_assert_max_num_queries(70):
        upgrades.apply_step(job)
    assert PlanUpgradeItem.objects.filter(applied_at__isnull=False).count() == count
