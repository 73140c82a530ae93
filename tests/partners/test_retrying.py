"""The waits between attempts."""

from datetime import timedelta

import pytest

from partners.enums import Channel
from partners.retrying import TOLERATED, next_wait, rest

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_mail_is_tried_five_times():
    waits = [next_wait(Channel.EMAIL, attempt, 7) for attempt in range(1, 6)]
    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, None]


@pytest.mark.parametrize("seed", [1, 2, 77, 10**12])
def test_a_call_is_tried_for_three_days(seed):
    waits = [next_wait(Channel.WEBHOOK, attempt, seed) for attempt in range(1, 14)]
    assert waits[-1] is None
    assert timedelta(hours=72) < sum(waits[:-1], timedelta()) < timedelta(hours=72 * 1.25)
    assert waits == [next_wait(Channel.WEBHOOK, attempt, seed) for attempt in range(1, 14)]


def test_what_failed_together_does_not_come_back_together():
    waits = sorted(next_wait(Channel.WEBHOOK, 5, seed) for seed in range(1000))
    assert HOUR <= waits[0] < HOUR * 1.01
    assert HOUR * 1.19 < waits[-1] <= HOUR * 1.2
    assert len(set(waits)) > 990


def test_an_endpoint_is_left_alone_for_longer_and_longer_up_to_an_hour():
    rests = [rest(failures) for failures in range(TOLERATED - 1, TOLERATED + 7)]
    assert rests == [timedelta(), *(n * MINUTE for n in (1, 2, 4, 8, 16, 32, 60))]
    assert rest(10_000) == HOUR
