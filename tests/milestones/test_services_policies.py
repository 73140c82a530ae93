from __future__ import annotations

import pytest
from django.core.management import call_command

from core.errors import DomainError
from milestones.models import ConflictPolicy, Journey, Milestone, TransitTime
from milestones.services import drop_conflict_policy, evaluate_due, set_conflict_policy
from milestones.services.evaluation import _Sweep
from partners.enums import JobState
from partners.models import Job
from partners.services import work_jobs
from shipments.models import MilestoneType
from tests.factories.milestones import DAY, HOUR, JourneyFactory, MilestoneFactory, PolicyFactory
from tests.factories.partners import internal
from tests.factories.shipments import NOON, EventFactory, LocationFactory, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_sweep(monkeypatch):
    monkeypatch.setattr(_Sweep, "finished_at", None)


def departed():
    return MilestoneTypeFactory(code="DEPARTED")


def test_an_order_is_set_changed_and_dropped():
    by = internal("operations")
    policy = set_conflict_policy(departed(), field="actual", order=["earliest"], by=by)
    again = set_conflict_policy(departed(), field="actual", order=("trust", "latest"), by=by)
    assert (again.pk, ConflictPolicy.objects.get(pk=policy.pk).order) == (policy.pk, ["trust", "latest"])
    drop_conflict_policy(again, by=by)
    assert not ConflictPolicy.objects.filter(pk=policy.pk).exists()
    # Three changes: each is weighed again. Dropping what is gone changes nothing.
    drop_conflict_policy(again, by=by)
    assert [job.created_by for job in Job.objects.filter(kind="weigh_again")] == [by] * 3


def test_the_same_order_again_weighs_nothing():
    set_conflict_policy(None, field="planned", order=["trust"], by=None)
    set_conflict_policy(None, field="planned", order=["trust"], by=None)
    assert Job.objects.filter(kind="weigh_again").count() == 1


@pytest.mark.parametrize(
    ("field", "order", "code", "input_"),
    [
        ("", ["trust"], "unknown_field", "field"),
        ("baseline", ["trust"], "unknown_field", "field"),
        ("actual", [], "unknown_preference", "order"),
        ("actual", ["trust", "luck"], "unknown_preference", "order"),
        ("actual", ["trust", "trust"], "repeated_preference", "order"),
    ],
)
def test_what_is_refused(field, order, code, input_):
    with pytest.raises(DomainError) as refused:
        set_conflict_policy(departed(), field=field, order=order, by=None)
    assert (refused.value.code, refused.value.field) == (code, input_)
    assert Job.objects.count() == 0


@pytest.mark.parametrize("code", ["DEPARTED", ""])
def test_the_open_shipments_with_the_milestone_are_due_for_a_look(code, monkeypatch):
    monkeypatch.setattr("milestones.services.policies._A_STEP", 1)
    concerned, other, closed = (JourneyFactory(is_closed=state) for state in (False, False, True))
    for journey in (concerned, closed):
        MilestoneFactory(shipment=journey.shipment, type=departed())
    set_conflict_policy(departed() if code else None, field="actual", order=["earliest"], by=None)
    work_jobs()
    job = Job.objects.get()
    due = set(Journey.objects.filter(next_check_at__isnull=False))
    assert (job.state, due) == (JobState.DONE, {concerned} if code else {concerned, other})
    assert job.done == len(due)


def test_a_policy_decides_and_what_it_decided_is_kept():
    shipment = ShipmentFactory()
    for at, received in ((NOON, NOON + DAY), (NOON + 3 * HOUR, NOON + 2 * DAY)):
        EventFactory(
            code=departed(), location=LocationFactory(), occurred_at=at, received_at=received, shipments=[shipment]
        )
    evaluate_due(now=NOON + 2 * DAY)
    milestone = Milestone.objects.get(shipment=shipment, type="DEPARTED")
    assert (milestone.actual_at, milestone.decisions["actual"]["rule"]) == (NOON + 3 * HOUR, "latest")
    set_conflict_policy(departed(), field="actual", order=["earliest"], by=None)
    work_jobs()
    evaluate_due()
    milestone.refresh_from_db()
    assert (milestone.actual_at, milestone.decisions["actual"]["rule"]) == (NOON, "earliest")
    assert len(milestone.decisions["actual"]["losing"]) == 1
    assert milestone.evidence == "single"


def test_a_new_installation_reckons_with_the_earliest_availability():
    (policy,) = ConflictPolicy.objects.all()
    assert (policy.type, policy.field, policy.order) == (
        MilestoneType.objects.get(code="AVAILABLE"), "estimated", ["trust", "earliest"],
    )  # fmt: skip
    assert (str(policy), str(PolicyFactory(type=None))) == ("AVAILABLE: estimated", "*: actual")


def test_the_command_says_what_stands(capsys):
    call_command("refresh_foresight")
    assert (capsys.readouterr().out, TransitTime.objects.count()) == ('{"transit_times": 0, "scores": 0}\n', 0)
