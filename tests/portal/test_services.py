from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import DomainError
from portal.models import IdempotentRequest, RequestCount
from portal.services import Rate, count_request, first_answer, remember_answer, reserve_key
from tests.factories.partners import UserFactory

NOON = datetime(2026, 11, 3, 12, 0, 20, tzinfo=UTC)


@pytest.mark.django_db
def test_requests_are_counted_by_caller_and_minute():
    one, other = UserFactory(), UserFactory()
    rates = [count_request(one, now=NOON) for _time in range(3)]
    assert rates == [Rate(1, 40), Rate(2, 40), Rate(3, 40)]
    assert count_request(other, now=NOON) == Rate(1, 40)
    assert count_request(one, now=NOON.replace(minute=1)) == Rate(1, 40)
    # The first one of a minute clears away the minutes before.
    assert RequestCount.objects.filter(user=one).count() == 1


@pytest.mark.django_db
def test_a_window_is_counted_in_one_row():
    user = UserFactory()
    RequestCount.objects.create(user=user, window=1)
    with pytest.raises(IntegrityError, match="requests_are_counted_once_per_window"):
        RequestCount.objects.create(user=user, window=1)


@pytest.mark.django_db
def test_a_key_is_reserved_once():
    user = UserFactory()
    IdempotentRequest.objects.create(user=user, route="/", key="k")
    with pytest.raises(IntegrityError, match="idempotency_key_is_used_once"):
        IdempotentRequest.objects.create(user=user, route="/", key="k")


@pytest.mark.django_db
def test_the_first_answer_is_kept_in_the_order_of_its_members():
    user = UserFactory()
    first = reserve_key(user, route="/x/", key="k", body=b"body")
    assert first.status is None
    remember_answer(first, status=201, answer={"zulu": 1, "alpha": [{"b": None, "a": "é"}]})
    again = reserve_key(user, route="/x/", key="k", body=b"body")
    assert (again.pk, again.status) == (first.pk, 201)
    assert list(first_answer(again).items()) == [("zulu", 1), ("alpha", [{"b": None, "a": "é"}])]


@pytest.mark.django_db
def test_a_key_with_another_body_is_refused_and_another_route_or_caller_is_another_key():
    user = UserFactory()
    first = reserve_key(user, route="/x/", key="k", body=b"body")
    with pytest.raises(DomainError) as caught:
        reserve_key(user, route="/x/", key="k", body=b"other")
    assert (caught.value.code, caught.value.conflict) == ("idempotency_key_reused", True)
    others = {
        reserve_key(user, route="/y/", key="k", body=b"other").pk,
        reserve_key(UserFactory(), route="/x/", key="k", body=b"other").pk,
        reserve_key(user, route="/x/", key="l", body=b"other").pk,
    }
    assert len(others - {first.pk}) == 3


def test_who_comes_second_waits_for_the_first_answer(transactional_db):
    user = UserFactory()
    seen: list[tuple[int | None, object]] = []
    waiting = threading.Event()

    def second() -> None:
        with transaction.atomic():
            waiting.set()
            row = reserve_key(user, route="/x/", key="k", body=b"body")
            seen.append((row.status, first_answer(row)))
        connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        row = reserve_key(user, route="/x/", key="k", body=b"body")
        thread.start()
        assert waiting.wait(10)
        thread.join(0.3)
        assert (thread.is_alive(), seen) == (True, [])
        remember_answer(row, status=201, answer={"id": 1})
    thread.join(10)
    assert seen == [(201, {"id": 1})]
