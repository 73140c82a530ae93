from __future__ import annotations

import itertools

import pytest

from milestones.holding import holds
from tests.factories.milestones import DAY, ETD, HOUR, estimated, event


def hold(code="CUSTOMS_HOLD", at=ETD, **attributes):
    return event(code, at, attributes=attributes)


@pytest.mark.parametrize(
    ("events", "standing"),
    [
        ([hold()], [("CUSTOMS_HOLD", "")]),
        ([hold(), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_EXAM"), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD - HOUR)], [("CUSTOMS_HOLD", "")]),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR, agency="FDA")], [("CUSTOMS_HOLD", "CBP")]),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR, agency="CBP")], []),
        ([hold(agency="CBP"), hold("CUSTOMS_RELEASED", ETD + HOUR)], []),
        ([hold(), hold("CUSTOMS_RELEASED", ETD + HOUR), hold(at=ETD + DAY)], [("CUSTOMS_HOLD", "")]),
        ([hold("ON_HOLD"), hold("CUSTOMS_RELEASED", ETD + HOUR)], [("ON_HOLD", "")]),
        ([hold("ON_HOLD"), hold("CARRIER_RELEASED", ETD + HOUR)], []),
        ([hold("ON_HOLD"), hold("INFO", ETD + HOUR, clears="ON_HOLD")], []),
        ([hold("ON_HOLD"), hold("INFO", ETD + HOUR, clears="DELAYED(BAD_ORDER)")], [("ON_HOLD", "")]),
        ([estimated("CUSTOMS_HOLD", ETD)], []),
    ],
)
def test_the_holds_in_force(events, standing):
    for order in itertools.permutations(events):
        assert [(h.code, h.agency) for h in holds(order)] == standing


def test_reports_of_one_hold_are_one_hold():
    first, second = hold(agency="CBP", reason="DOCS"), hold(agency="CBP", at=ETD + HOUR, reason="SCAN")
    (one,) = holds([second, first])
    assert (one.slot, one.since, one.reason) == ("H:CUSTOMS_HOLD:CBP", ETD, "DOCS")
    assert one.evidence == tuple(sorted([first.id, second.id]))
