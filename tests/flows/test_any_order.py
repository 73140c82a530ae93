"""Same result in any order: any permutation, any split, any repetition, any number of workers (domain.md)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipments.models import Event, EventMatch
from tests.flows import stream_world

ROOT = Path(__file__).resolve().parent.parent.parent
STEPS = [("book", reference) for reference in stream_world.SHIPMENTS]
STEPS += [("report", number) for number in range(len(stream_world.EVENTS))]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, object]]:
    """All shipments once and all events once or more, in any order; where the stream is drained is drawn as well."""
    repeated = draw(st.lists(st.sampled_from(STEPS[len(stream_world.SHIPMENTS) :]), max_size=8))
    order = draw(st.permutations([*STEPS, *repeated]))
    drains = draw(st.sets(st.integers(0, len(order)), max_size=8))
    history: list[tuple[str, object]] = []
    for place, step in enumerate(order):
        history += [("drain", None)] * (place in drains) + [step]
    return history


def live_through(history: list[tuple[str, object]]) -> None:
    batch: list[int] = []
    for kind, what in history:
        if kind == "report":
            batch.append(what)
            continue
        if batch:
            stream_world.report(batch)
            batch = []
        if kind == "book":
            stream_world.book(what)
        else:
            stream_world.drain()
    if batch:
        stream_world.report(batch)
    stream_world.drain()


def expected() -> dict[str, list[tuple[object, ...]]]:
    with transaction.atomic():
        stream_world.in_order()
        stands = stream_world.what_stands()
        transaction.set_rollback(True)
    return stands


@pytest.fixture
def world(db: None) -> dict[str, list[tuple[object, ...]]]:
    stream_world.set_up()
    return expected()


def test_the_world_holds_what_it_is_meant_to_hold(world):
    assert len(world["events"]) == len(stream_world.EVENTS)
    assert len(world["matches"]) == 15
    assert sorted(reason for _, reason, _ in world["waits"]) == [
        "quarantined", "unmapped", "unmatched", "unmatched", "unmatched",
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_any_order_and_any_split_end_in_the_same_rows(world, history):
    with transaction.atomic():
        live_through(history)
        assert stream_world.what_stands() == world
        transaction.set_rollback(True)


def test_four_processes_at_once_end_in_the_same_rows(database_url):
    stream_world.set_up()
    wanted = expected()
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.flows.stream_process", str(number), "4"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    outcomes = [(*worker.communicate(timeout=300), worker.returncode) for worker in _all_started(workers)]
    assert [(code, errors) for _, errors, code in outcomes] == [(0, "")] * 4
    stream_world.drain()
    assert stream_world.what_stands() == wanted
    assert Event.objects.count() == len(stream_world.EVENTS)
    assert EventMatch.objects.count() == len(wanted["matches"])


def _all_started(workers: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """They begin together: each waits for its line, and loading Django takes longest."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers
