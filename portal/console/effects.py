"""What would become of shipments, as the dialogs and the clinic show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from milestones.enums import MilestoneState
from portal.console import cells
from portal.console.event_log import happened
from portal.presentation import times, words
from portal.previews import MappingPreview
from portal.trial import Effect, MilestoneChange, Moment
from shipments.models import Event


def presented(effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """For templates/console/effects.html."""
    return [_effect(effect) for effect in effects]


def mapping_preview(preview: MappingPreview) -> SafeString:
    """What saving a mapping would do, for its dialog."""
    context = {
        "preview": preview,
        "lines": [_line(old, new) for old, new in preview.changes],
        "changed": presented(preview.trial.changed),
    }
    return SafeString(render_to_string("console/mapping_preview.html", context))


def arrow(before: Any, after: Any) -> Any:
    """ "before → after", or the one thing where both are the same."""
    return after if before == after else cells.changed(before, after)


def _line(old: Event, new: Event) -> list[Any]:
    return [
        arrow(old.code.name, new.code.name),
        arrow(old.get_classifier_display(), new.get_classifier_display()),
        arrow(happened(old), happened(new)),
    ]


def _effect(effect: Effect) -> dict[str, Any]:
    before, after = effect.before, effect.after
    zone = effect.shipment.destination.time_zone
    arrival = tuple(times.local(side.expected_arrival_at, zone) or _("no arrival") for side in (before, after))
    pairs = [
        tuple(words.status(side.status).text if side.status else "–" for side in (before, after)),
        tuple(words.health(side.health).text if side.health else "–" for side in (before, after)),
        tuple(str(each) for each in arrival),
    ]
    return {
        "href": reverse("admin:shipments_shipment_change", args=[effect.shipment.pk]),
        "reference": effect.shipment.reference,
        "customer": effect.shipment.customer,
        "standing": [pair for pair in pairs if pair[0] != pair[1]],
        "milestones": [_milestone(change) for change in effect.milestones],
    }


def _milestone(change: MilestoneChange) -> tuple[Any, Any, Any]:
    name = cells.two(change.name, change.place) if change.place else change.name
    return name, _moment(change.before, change.time_zone), _moment(change.after, change.time_zone)


def _moment(moment: Moment, zone: str) -> Any:
    if not moment.state:
        return cells.nothing(_("not planned"))
    return cells.two(MilestoneState(moment.state).label, cells.at_place(moment.at, zone))
