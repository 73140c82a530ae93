"""What a newcomer finds after the first start."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from config.demo import DRAFTED, load_demo_world, logins
from milestones.enums import ExceptionKind
from milestones.models import MilestoneTemplate, ShipmentException
from partners.enums import Channel
from partners.models import Subscription
from shipments.models import Document


@pytest.mark.django_db
def test_no_room_of_the_demo_world_is_empty(settings: Settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path
    load_demo_world()
    missing = ShipmentException.objects.unresolved().filter(kind=ExceptionKind.DOCUMENT)
    assert [person.email.split("@")[0] for person in logins()] == [
        "admin", "operations", "finance", "customer", "carrier",
    ]  # fmt: skip
    assert Document.objects.standing().count() > missing.count() > 0
    assert set(missing.values_list("shipment_id", flat=True)).isdisjoint(
        Document.objects.values_list("shipment_id", flat=True)
    )
    assert [t.version for t in MilestoneTemplate.objects.filter(code=DRAFTED).order_by("version")] == [1, 2]
    assert set(Subscription.objects.values_list("channel", flat=True)) == {Channel.IN_APP}
    load_demo_world()
    assert MilestoneTemplate.objects.filter(code=DRAFTED).count() == 2
