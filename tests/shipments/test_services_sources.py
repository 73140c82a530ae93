from __future__ import annotations

import pytest

from core.errors import DomainError
from partners.models import Partner
from shipments.models import Source
from shipments.services import manual_source, save_source
from tests.factories.partners import PartnerFactory

pytestmark = pytest.mark.django_db


def test_a_source_is_made_and_brought_up_to_date():
    partner = PartnerFactory()
    save_source("FEED", partner=partner, format="x12_214", time_zone="America/Chicago", trust=80)
    source = save_source("FEED", partner=partner, format="dcsa_2", trust=30)
    assert Source.objects.get() == source
    assert (source.format, source.trust, source.time_zone) == ("dcsa_2", 30, "America/Chicago")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"format": "telex"}, "unknown_format", "format"),
        ({"time_zone": "Mars/Base"}, "unknown_time_zone", "time_zone"),
        ({"trust": 101}, "invalid", ""),
        ({"transport": "pigeon"}, "invalid", "transport"),
        ({"code": "no blanks"}, "unusable_code", "code"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(fields, code, field):
    values = {"code": "FEED", "partner": PartnerFactory(), "format": "native", **fields}
    with pytest.raises(DomainError) as refusal:
        save_source(values.pop("code"), **values)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert Source.objects.count() == 0


def test_a_source_stays_with_its_partner():
    save_source("FEED", partner=PartnerFactory(), format="native")
    with pytest.raises(DomainError) as refusal:
        save_source("FEED", partner=PartnerFactory(), format="native")
    assert (refusal.value.code, refusal.value.conflict) == ("source_taken", True)


def test_the_house_has_one_source_for_what_is_entered_by_hand():
    source = manual_source(None)
    assert manual_source(None) == source
    assert (source.code, source.transport, source.format) == ("MANUAL", "manual", "native")
    assert Partner.objects.get(code="WAYMARK") == source.partner
