"""Same result in any order, on the database: batches, repetitions and looks by several connections at once.

Each example is a world of shipments whose events are delivered piece by piece while workers evaluate; each has a twin
that gets the same events at once, in order, and is looked at once. What is compared, and what is not because it tells
of the way, says `any_order_rows.what_stands`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from random import Random
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from milestones.services import evaluate_due, evaluate_shipments
from milestones.services.evaluation import _Sweep
from tests.flows.any_order_rows import Rows, Told, deliver, difference, what_stands
from tests.flows.reported import MOMENTS, histories
from tests.long_runs import examples

NOW = MOMENTS[-1]
# How far the clock goes on before a look: it never goes back.
LATER = st.sampled_from((0, 0, 1, 3))
WORKERS = 3
SHIPMENTS = 12
WORLDS = st.lists(
    st.tuples(histories(least=2, most=9), st.integers(0, 2), st.booleans()), min_size=4, max_size=SHIPMENTS
)


@pytest.fixture
def pool(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """Workers with a connection each, closed in the end."""
    monkeypatch.setattr(_Sweep, "finished_at", None)
    monkeypatch.setattr(_Sweep, "through", None)
    with ThreadPoolExecutor(WORKERS) as workers:
        yield workers
        # Each thread closes its own: they wait for each other, so that none closes for two.
        all_here = Barrier(WORKERS)
        for closing in [workers.submit(lambda: (all_here.wait(), connection.close())) for _ in range(WORKERS)]:
            closing.result()


class AnyOrderOfRows(RuleBasedStateMachine):
    rows: Rows
    pool: ThreadPoolExecutor

    @initialize(worlds=WORLDS)
    def book(self, worlds: Any) -> None:
        self.told = self.rows.book(worlds)
        self.clock = 0
        self.left = [(one, report.number) for one in self.told for report in one.reports]

    def _some(self, seed: int, part: int) -> list[tuple[Told, list[int]]]:
        """An eighth and more of what is left, in any order, and some of what has come already again."""
        chance = Random(seed)
        chance.shuffle(self.left)
        taken = len(self.left) * part // 8 + 1
        now, self.left = self.left[:taken], self.left[taken:]
        again = [(one, chance.choice(one.reports).number) for one in self.told if chance.random() < 0.2]
        by_shipment: dict[int, tuple[Told, list[int]]] = {}
        for one, number in [*now, *again]:
            by_shipment.setdefault(one.shipment.pk, (one, []))[1].append(number)
            if (one, number) in self.left:
                self.left.remove((one, number))
        return list(by_shipment.values())

    def _together(self, works: list[Callable[[], object]]) -> None:
        running: list[Future[object]] = [self.pool.submit(work) for work in works]
        for one in running:
            one.result()

    @rule(seed=st.integers(0, 999), part=st.integers(0, 4))
    def come(self, seed: int, part: int) -> None:
        deliver(self._some(seed, part))

    def _later(self, moments: int) -> datetime:
        self.clock = min(self.clock + moments, len(MOMENTS) - 1)
        return MOMENTS[self.clock]

    @rule(later=LATER, limit=st.sampled_from((3, 500)), workers=st.integers(1, WORKERS))
    def look(self, later: int, limit: int, workers: int) -> None:
        now = self._later(later)
        self._together([lambda: evaluate_due(limit, now=now)] * workers)

    @rule(seed=st.integers(0, 999), part=st.integers(1, 6), later=LATER)
    def come_while_others_look(self, seed: int, part: int, later: int) -> None:
        """Two senders at once, and a worker that looks at what they have brought, or not yet."""
        now = self._later(later)
        first, second = self._some(seed, part), self._some(seed + 1, part)
        self._together([lambda: deliver(first), lambda: evaluate_due(now=now), lambda: deliver(second)])

    def teardown(self) -> None:
        if not hasattr(self, "told"):
            return
        deliver(self._some(0, 8))
        assert self.left == []
        while evaluate_due(now=NOW):
            pass
        twins = [one.twin for one in self.told]
        deliver([(one, sorted(one.events)) for one in self.told], to_twins=True)
        evaluate_shipments([twin.pk for twin in twins], now=NOW)
        pairs = zip(what_stands([one.shipment for one in self.told]), what_stands(twins), self.told, strict=True)
        unlike = [(difference(one, other), told.reports) for one, other, told in pairs if one != other]
        assert not unlike, "\n".join([*unlike[0][0], *map(repr, unlike[0][1])])


def test_any_order_any_batches_and_any_number_of_workers_end_in_the_same_rows(pool):
    class Machine(AnyOrderOfRows):
        rows = Rows()

    Machine.pool = pool
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=examples("rows", 40),
            stateful_step_count=6,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Threads fail now and then, and not again: a shorter history is looked for in the rules' own test.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
