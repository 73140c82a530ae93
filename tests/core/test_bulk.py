from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from partners.models import Partner
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db
AWKWARD = [
    "",
    "NULL",
    "a,b",
    'say "so"',
    "back\\slash",
    "{brace}",
    " blank ",
    "line\nbreak",
    "Zoë – 上海",
    "it's 100 %s",
]


def test_an_array_of_numbers_and_of_what_is_missing():
    assert array_of([1, None, -3]) == "{1,NULL,-3}"
    assert array_of([]) == "{}"


@pytest.mark.parametrize("name", AWKWARD)
def test_text_is_updated_as_it_is(name):
    partner = PartnerFactory()
    assert update_rows(Partner, ("id", "name"), [(partner.pk, name)]) == 1
    partner.refresh_from_db()
    assert partner.name == name


def test_what_cannot_be_an_element_is_refused():
    with pytest.raises(TypeError, match="a column of list is not written by set"):
        update_rows(Partner, ("id", "name"), [(1, ["a"])])


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert update_rows(Partner, ("id", "name"), []) == 0
        assert insert_rows(Partner, ("id", "name"), []) == []


def test_instants_come_back_in_utc_and_json_as_text():
    at = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    ((same, nothing, facts),) = fetch_rows("""SELECT %s::timestamptz, NULL::timestamptz, '{"a": 1}'::jsonb""", [there])
    assert (same, same.tzinfo, nothing, facts) == (at, UTC, None, '{"a": 1}')
