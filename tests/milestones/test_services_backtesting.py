"""A rule tried on stored shipments: as a job, in steps, and as a command. Nothing is written."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from milestones.enums import CaseState, ExceptionKind, TemplateState
from milestones.models import ExceptionRule, Journey, Milestone, ShipmentException
from milestones.services import RuleDraft, RuleRefused, evaluate_shipments, start_backtest
from milestones.services.backtesting import Walk, _acted_on, _instant, advance, prepare, result_of
from partners.enums import JobState
from partners.models import Job
from partners.services import work_jobs
from shipments.enums import Mode
from shipments.models import EventMatch, Shipment
from tests.factories.milestones import DAY, HOUR, CaseFactory, LineFactory, TemplateFactory
from tests.factories.partners import internal
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
)

pytestmark = pytest.mark.django_db
UNTIL = NOON + 40 * DAY
MINUTE = timedelta(minutes=1)


def draft(**changes: Any) -> RuleDraft:
    return RuleDraft(**{"code": "slow", "name": "Slow", "kind": "overdue", "type": "DEPARTED", **changes})


def shipment(created_at: datetime = NOON - 20 * DAY, **fields: Any) -> Shipment:
    made = ShipmentFactory(**fields)
    Shipment.objects.filter(pk=made.pk).update(created_at=created_at)
    evaluate_shipments([made.pk], now=NOON - 19 * DAY)
    return made


def departed(made: Shipment, at: datetime, told_at: datetime, processed_at: datetime | None = None) -> None:
    known = processed_at or told_at
    event = EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), location=LocationFactory(), occurred_at=at, reported_at=told_at,
        received_at=told_at, processed_at=known,
    )  # fmt: skip
    EventMatch.objects.create(event=event, shipment=made, matched_by="test", matched_at=known)


def tried(rule: RuleDraft, **more: Any) -> dict[str, Any]:
    parameters, total = prepare(rule, **{"until": UNTIL, **more})
    walk = Walk(total)
    while not advance(parameters, walk):
        pass
    return result_of(walk.tally, parameters)


def spans(result: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["opened_at"], each["closed_at"]) for each in result["examples"]]


ETD = NOON - 2 * DAY


def test_a_rule_is_tried_at_the_instants_of_then() -> None:
    departed(shipment(), ETD + 3 * DAY, told_at=ETD + 4 * DAY)
    result = tried(draft())
    ((opened_at, closed_at),) = spans(result)
    assert ETD < datetime.fromisoformat(opened_at) < ETD + 2 * DAY
    assert closed_at == (ETD + 4 * DAY).isoformat()
    assert (result["shipments"], result["opened"], result["standing"], result["still_open"]) == (1, 1, 0, 0)
    assert sum(result["weeks"].values()) == 1


def test_an_event_counts_from_when_it_was_processed() -> None:
    departed(shipment(), ETD, told_at=ETD, processed_at=ETD + 5 * DAY)
    ((_, closed_at),) = spans(tried(draft()))
    assert closed_at == (ETD + 5 * DAY).isoformat()


def test_a_history_that_was_taken_in_counts_from_when_it_was_told() -> None:
    made = shipment(created_at=NOON + 30 * DAY)
    departed(made, ETD, told_at=ETD + HOUR, processed_at=NOON + 30 * DAY)
    assert tried(draft())["opened"] == 0


def test_a_history_that_does_not_say_when_it_was_told_counts_from_when_it_happened() -> None:
    made = shipment(created_at=NOON + 30 * DAY)
    event = EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), location=LocationFactory(), occurred_at=ETD,
        received_at=NOON + 30 * DAY, processed_at=NOON + 30 * DAY,
    )  # fmt: skip
    EventMatch.objects.create(event=event, shipment=made, matched_by="test", matched_at=NOON + 30 * DAY)
    assert tried(draft())["opened"] == 0


def test_only_shipments_of_its_mode_that_were_active_are_tried() -> None:
    shipment()
    shipment(mode=Mode.AIR)
    closed = shipment()
    Journey.objects.filter(pk=closed.pk).update(is_closed=True, last_event_at=UNTIL - 91 * DAY)
    assert tried(draft())["shipments"] == 2
    assert tried(draft(mode="ocean"))["shipments"] == 1
    Journey.objects.filter(pk=closed.pk).update(last_event_at=UNTIL - 89 * DAY)
    assert tried(draft(mode="ocean"))["shipments"] == 2
    assert tried(draft(mode="ocean"), days=30)["shipments"] == 1


def test_what_was_there_before_the_time_looked_at_stands() -> None:
    shipment()
    result = tried(draft(), days=20)
    assert (result["opened"], result["standing"], result["still_open"]) == (0, 1, 1)
    assert result["median_minutes"] is None


def test_cases_that_a_person_took_up_are_told_apart() -> None:
    me, now = internal(), timezone.now()
    for fields in ({"acknowledged_by": me}, {"resolved_by": me}, {}):
        CaseFactory(
            shipment=shipment(), kind=ExceptionKind.OVERDUE, state=CaseState.RESOLVED, resolved_at=now,
            resolution="Done", **fields,
        )  # fmt: skip
    CaseFactory(
        shipment=shipment(), kind=ExceptionKind.LATE, state=CaseState.RESOLVED, resolved_at=now, resolution="Done",
        resolved_by=me,
    )  # fmt: skip
    assert (tried(draft())["acted_on"], tried(draft())["acted_on_percent"]) == (2, 50)
    own = draft(kind="condition", condition={"field": "milestone.state", "op": "is", "value": "overdue"})
    # Of a condition of one's own, a case of any kind that somebody took up.
    everywhere = list(Shipment.objects.values_list("pk", flat=True))
    assert [len(_acted_on(everywhere, kind)) for kind in (own.kind, draft().kind)] == [3, 2]


def test_a_draft_must_make_sense_before_it_is_tried() -> None:
    with pytest.raises(RuleRefused):
        start_backtest(draft(kind="nothing"), by=None)


def test_a_job_goes_on_step_by_step_and_writes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milestones.services.backtesting._A_STEP", 2)
    for _ in range(5):
        shipment()
    before = [list(model.objects.order_by("pk").values()) for model in (Milestone, ShipmentException, Journey)]
    me = internal()
    job = start_backtest(draft(), by=me)
    assert (job.total, job.created_by, job.title) == (5, me, "Back-test of the rule slow")
    assert work_jobs() == 1
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 5, 5, "")
    assert (job.result["shipments"], job.result["hit_shipments"], job.result["is_limited"]) == (5, 5, False)
    assert [list(model.objects.order_by("pk").values()) for model in (Milestone, ShipmentException, Journey)] == before
    assert not ExceptionRule.objects.filter(code="slow").exists()


def test_a_job_takes_up_where_it_was_left() -> None:
    for _ in range(3):
        shipment()
    parameters, total = prepare(draft(), until=UNTIL)
    whole = Walk(total)
    advance(parameters, whole)
    first = Walk(1)
    advance(parameters, first)
    rest = Walk(total, first.before, first.done, type(first.tally).of(json.loads(json.dumps(first.tally.stored()))))
    assert advance(parameters, rest)
    assert result_of(rest.tally, parameters) == result_of(whole.tally, parameters)


def test_a_shipment_without_a_template_is_given_one() -> None:
    Journey.objects.filter(pk=shipment().pk).update(template=None)
    assert tried(draft())["opened"] == 1


def test_a_job_that_was_tampered_with_does_not_guess() -> None:
    with pytest.raises(ValueError, match="no instant: soon"):
        _instant("soon")


def test_a_limit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milestones.services.backtesting.LIMIT", 1)
    shipment()
    newest = shipment()
    result = tried(draft())
    assert (result["shipments"], result["is_limited"]) == (1, True)
    assert [each["reference"] for each in result["examples"]] == [newest.reference]


def test_what_is_gone_since_it_was_counted_is_not_waited_for() -> None:
    shipment()
    job = start_backtest(draft(), by=None)
    Job.objects.filter(pk=job.pk).update(total=7)
    work_jobs()
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 1, 1)


def test_a_shipment_that_cannot_be_evaluated_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    poison = shipment()
    shipment()
    # A condition that no service of ours lets in.
    retired = TemplateFactory(state=TemplateState.RETIRED)
    LineFactory(template=retired, requirement="conditional", condition={"field": "gone.field", "op": "is", "value": 1})
    Journey.objects.filter(pk=poison.pk).update(template=retired)
    result = tried(draft())
    assert (result["shipments"], result["opened"], result["failed"]) == (1, 1, 1)
    assert f"shipment {poison.pk} cannot be tried" in caplog.text


def test_the_command_prints_what_a_stored_rule_would_have_done() -> None:
    shipment()
    out = StringIO()
    call_command("backtest_rule", "overdue-departure", "--days", "366", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["rule"], said["version"], said["shipments"], said["opened"]) == ("overdue-departure", 1, 1, 1)


def test_the_command_knows_what_it_cannot_try() -> None:
    with pytest.raises(CommandError, match="there is no rule nothing"):
        call_command("backtest_rule", "nothing")
    ExceptionRule.objects.filter(code="hold").update(task="a\nb")
    with pytest.raises(CommandError, match="200 characters"):
        call_command("backtest_rule", "hold")
