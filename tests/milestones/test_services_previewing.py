"""The plan of a sample shipment: to the minute, on the clocks of its places."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from milestones.drafts import LineDraft, TemplateDraft
from milestones.services.previewing import Sample, preview_plan
from milestones.services.template_problems import TemplateRefused
from tests.factories.shipments import LocationFactory

pytestmark = pytest.mark.django_db


def line(position: int, type: str, anchor: str | int, **more: Any) -> LineDraft:
    counted = {"anchor": "line", "anchor_line": anchor} if isinstance(anchor, int) else {"anchor": anchor}
    return LineDraft(position=position, type=type, name=type.capitalize(), **counted, **more)


def sample(**changes: Any) -> Sample:
    """Shanghai to Rotterdam, over the change of the clock in Europe on 28 March 2027."""
    fields: dict[str, Any] = {
        "origin": LocationFactory(unlocode="CNSGH", name="Shanghai", country="CN", time_zone="Asia/Shanghai"),
        "destination": LocationFactory(unlocode="NLRTM", name="Rotterdam", time_zone="Europe/Amsterdam"),
        "dates": {
            kind: datetime.fromisoformat(wall)
            for kind, wall in (
                ("booked_at", "2027-02-01T09:00"),
                ("etd", "2027-02-27T10:00"),
                ("eta", "2027-03-26T10:00"),
            )
        },
    }
    return Sample(**{**fields, **changes})


def plan(*lines: LineDraft, **changes: Any) -> list[tuple[str, str, datetime | None]]:
    shown = preview_plan(TemplateDraft(code="X", name="X", mode="ocean", lines=lines), sample(**changes))
    return [(one.value.slot, one.time_zone, one.value.planned_at) for one in shown]


def test_dates_are_read_on_the_clock_of_their_place():
    assert plan(
        line(10, "DEPARTED", "etd", place_role="pol"),
        line(20, "ARRIVED", "eta", place_role="pod"),
        # Friday, three days on: over the change of the clock it stays 10:00, and on a Monday for working days.
        line(30, "DISCHARGED", 20, place_role="pod", offset_minutes=3 * 1440),
        line(40, "GATE_OUT", 20, place_role="pod", offset_minutes=1440, day_basis="working", time_of_day=time(8)),
    ) == [
        ("L10", "Asia/Shanghai", datetime(2027, 2, 27, 2, tzinfo=UTC)),
        ("L20", "Europe/Amsterdam", datetime(2027, 3, 26, 9, tzinfo=UTC)),
        ("L30", "Europe/Amsterdam", datetime(2027, 3, 29, 8, tzinfo=UTC)),
        # Easter Monday 2027 is 29 March, and Good Friday is no day off in the Netherlands.
        ("L40", "Europe/Amsterdam", datetime(2027, 3, 30, 6, tzinfo=UTC)),
    ]


def test_lines_stand_per_unit_and_per_leg():
    singapore = LocationFactory(unlocode="SGSIN", name="Singapore", country="SG", time_zone="Asia/Singapore")
    shown = plan(
        line(10, "DEPARTED", "leg_etd", place_role="pol", scope="leg"),
        line(20, "GATE_OUT", "eta", place_role="pod", scope="unit"),
        line(30, "DELIVERED", "eta"),
        via=[singapore],
        units=2,
    )
    assert [slot for slot, _, _ in shown] == ["L10:G1", "L10:G2", "L20:UUNIT-1", "L20:UUNIT-2", "L30"]
    assert [zone for _, zone, _ in shown[:2]] == ["Asia/Shanghai", "Asia/Singapore"]
    assert shown[0][2] == datetime(2027, 2, 27, 2, tzinfo=UTC)


def test_what_has_no_date_to_count_from_has_no_due_time():
    assert plan(line(10, "DELIVERED", "cut_off_at"))[0][2] is None
    assert plan(line(10, "DELIVERED", "eta"), dates={})[0][2] is None


def test_a_draft_that_makes_no_sense_has_no_plan():
    with pytest.raises(TemplateRefused, match="in a circle"):
        plan(line(10, "DEPARTED", 20), line(20, "ARRIVED", 10))
