import pytest

from shipments.formats.times import WallTime, read_iso


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-11-03T14:05:00+08:00", WallTime("2026-11-03T14:05:00", "+08:00", "minute")),
        ("2026-11-03T14:05:07.123Z", WallTime("2026-11-03T14:05:07", "+00:00", "second")),
        ("2026-11-03 14:05", WallTime("2026-11-03T14:05:00", "", "minute")),
        ("2026-11-03T14:05-0330", WallTime("2026-11-03T14:05:00", "-03:30", "minute")),
        ("2026-11-03T14:05+01", WallTime("2026-11-03T14:05:00", "+01:00", "minute")),
        ("2026-11-03", WallTime("2026-11-03T00:00:00", "", "day")),
        ("2028-02-29T00:00:00Z", WallTime("2028-02-29T00:00:00", "+00:00", "minute")),
        ("0001-01-01T00:00:00Z", WallTime("0001-01-01T00:00:00", "+00:00", "minute")),
    ],
)
def test_iso_times_keep_their_wall_time_and_offset(text, wall):
    assert read_iso(text) == wall


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026-02-29", "2026-13-01", "2026-11-03T25:00", "2026-11-03T14:05:60", "2026-11-03T14:05+15:00",
        "2026-11-03T14:05+08:75", "20261103T1405", "2026/11/03", "0000-01-01", "2026-11-03T14:05:00+08:00\n",
        "٢٠٢٦-11-03",
    ],
)  # fmt: skip
def test_what_is_no_time_is_not_made_one(text):
    assert read_iso(text) is None
