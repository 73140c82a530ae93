"""Same result in any order, looked at anywhere on the way (domain.md): the rules, 1,000 histories in every run.

The rules as rows, by threads, stand in `test_any_order_rows.py`. What may differ by the way it came about, and is not
compared here, does not exist: an evaluation is compared whole, but for the instant `now` that it is asked for.
"""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from milestones.evaluate import evaluate
from milestones.facts import EventFact, Plan
from tests.flows import reported
from tests.flows.reported import FOLLOWING, MOMENTS, POLICY, Report, fact_of
from tests.long_runs import examples

LOOKS = st.sampled_from(MOMENTS)


class AnyOrder(RuleBasedStateMachine):
    """Events of one shipment come in; it is looked at now and then, in the middle of whatever has come by then.

    What a look leaves behind is what the product keeps: the first plan of each line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[Report] = []
        self.facts: list[EventFact] = []
        self.kept: dict[str, datetime] = {}

    @initialize(plan=reported.plans())
    def book(self, plan: Plan) -> None:
        self.plan = plan

    def _take(self, report: Report) -> None:
        self.reports.append(report)
        self.facts.append(fact_of(report))

    @rule(said=st.lists(reported.words(), min_size=1, max_size=4))
    def report(self, said: list[dict[str, Any]]) -> None:
        for words in said:
            self._take(Report(len(self.reports) + 1, **words))

    @rule(which=st.integers(0, 63), kind=st.sampled_from(FOLLOWING), words=reported.words())
    def answer(self, which: int, kind: str, words: dict[str, Any]) -> None:
        if not self.reports:
            self.report([words])
            return
        old = self.reports[which % len(self.reports)]
        self._take(reported.following(old, len(self.reports) + 1, kind, words))

    @rule(now=LOOKS, part=st.integers(0, 7), seed=st.integers(0, 255))
    def look(self, now: datetime, part: int, seed: int) -> None:
        """As if only some of the events had come by now, in some order: then the first plans are kept."""
        chance = Random(seed)
        some = chance.sample(self.facts, len(self.facts) * (part + 1) // 8)
        outcome = evaluate(Plan(self.plan.shipment, self.plan.template, dict(self.kept)), some, POLICY, now)
        self.kept |= {
            value.slot: value.baseline_at
            for value in outcome.milestones
            if value.baseline_at and "baseline" not in value.decisions
        }

    def teardown(self) -> None:
        """One clean delivery in order against shuffled ones on what the looks have left behind."""
        if not hasattr(self, "plan"):
            return
        looked_at = Plan(self.plan.shipment, self.plan.template, self.kept)
        chance = Random(len(self.facts))
        for now in MOMENTS:
            clean = evaluate(self.plan, self.facts, POLICY, now)
            shuffled = chance.sample(self.facts, len(self.facts))
            assert evaluate(looked_at, shuffled, POLICY, now) == clean
            assert evaluate(looked_at, shuffled[::-1], POLICY, now) == clean


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=examples("rules", 1_000), stateful_step_count=14)
