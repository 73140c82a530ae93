from __future__ import annotations

import itertools
from datetime import timedelta

from milestones.enums import EtaKind
from milestones.slipping import SlipCurve, Told, curve
from tests.factories.milestones import DAY, ETA, ETD, HOUR

CARRIER, PLAN, OWN = EtaKind.CARRIER.value, EtaKind.PLAN.value, EtaKind.OWN.value
KINDS = (CARRIER, PLAN)


def told(days, off, **changes):
    return Told(
        **{"kind": CARRIER, "told_at": ETD + days * DAY, "expected_at": ETA + off * DAY, "trust": 50, **changes}
    )


def test_nobody_has_said_anything():
    empty = curve([], None, KINDS)
    assert (empty.first, empty.last, empty.changes, empty.movement, empty.slip, empty.error) == (
        None, None, 0, timedelta(0), timedelta(0), None,
    )  # fmt: skip
    assert curve([], ETA, KINDS).error is None


def test_a_curve_in_any_order():
    versions = [told(0, 0), told(1, 2), told(2, 2), told(3, -1)]
    for order in itertools.permutations(versions):
        found = curve(order, ETA + 3 * HOUR, KINDS)
        assert found.steps == (versions[0], versions[1], versions[3])
        assert (found.first, found.last, found.changes) == (versions[0], versions[3], 2)
        # Two days later, then three earlier: five in all, and a day earlier than at first.
        assert (found.movement, found.slip) == (5 * DAY, -DAY)
        assert found.error == DAY + 3 * HOUR
        assert found.versions == tuple(versions)


def test_a_less_trusted_source_does_not_replace_what_a_more_trusted_one_said():
    versions = [told(0, 0, trust=50), told(1, 5, trust=40), told(2, 1, trust=60), told(3, 9, trust=50)]
    assert curve(versions, None, KINDS).steps == (versions[0], versions[2])


def test_what_was_told_after_the_arrival_foretold_nothing():
    versions = [told(0, 0), told(31, 7)]
    found = curve(versions, ETA, KINDS)
    assert (found.steps, found.error, found.versions) == ((versions[0],), timedelta(0), tuple(versions))


def test_plans_count_where_there_is_no_estimate_and_our_own_never():
    plans = [told(0, 0, kind=PLAN), told(1, 1, kind=PLAN)]
    own = told(2, 3, kind=OWN)
    assert curve([*plans, own], None, KINDS).steps == tuple(plans)
    estimate = told(3, 4)
    assert curve([*plans, own, estimate], None, KINDS).steps == (estimate,)
    assert curve([own], None, KINDS) == SlipCurve((), (own,), None)
