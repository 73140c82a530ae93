from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.api.times import at_place, in_utc

AT = datetime(2019, 11, 3, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("America/Winnipeg", "2019-11-03T15:09:00-06:00"),
        ("-06:00", "2019-11-03T15:09:00-06:00"),
        ("", "2019-11-03T21:09:00+00:00"),
        ("Nowhere/Land", "2019-11-03T21:09:00+00:00"),
    ],
)
def test_a_time_has_the_offset_of_its_place_by_name_or_as_the_sender_gave_it(zone, written):
    assert at_place(AT, zone) == written


def test_no_time_stays_none():
    assert (at_place(None, "UTC"), in_utc(None), in_utc(AT)) == (None, None, "2019-11-03T21:09:00+00:00")
