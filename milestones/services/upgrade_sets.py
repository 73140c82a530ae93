"""Which live shipments are to follow another version of their template, and what it would do to each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import insert_rows, update_rows
from core.errors import DomainError
from core.leases import in_halves
from milestones.enums import TemplateState, UpgradeState
from milestones.evaluate import evaluate
from milestones.facts import EventFact, Policy, ShipmentFact, TemplateFact
from milestones.models import Journey, MilestoneTemplate, PlanUpgrade, PlanUpgradeItem
from milestones.planning import choose
from milestones.services import loading
from milestones.services.arrivals import with_history
from milestones.services.writing import Stored, baselines_of, load_stored
from milestones.upgrading import carried, carry, effect, listed
from partners.enums import JobState
from partners.models import Job, Partner, User
from partners.services import advance_job, start_job

PREVIEW = "preview_upgrade"
# At most so many shipments in one go; a set that is larger is taken in parts.
MOST = 20_000
BATCH = 100


@dataclass(frozen=True, slots=True)
class UpgradeSet:
    """Which shipments; what is empty matches any. `version`: of the same template. Countries of the lane."""

    version: int | None = None
    customer: Partner | None = None
    mode: str = ""
    status: str = ""
    origin_country: str = ""
    destination_country: str = ""

    def journeys(self, template: MilestoneTemplate, by: User | None) -> QuerySet[Journey]:
        """Live ones that follow another version of `template`, of those that the person may see."""
        found = Journey.objects.open().filter(template__code=template.code).exclude(template=template)
        wanted = {
            "template__version": self.version,
            "shipment__customer": self.customer,
            "shipment__mode": self.mode,
            "status": self.status,
            "shipment__origin__country": self.origin_country.upper(),
            "shipment__destination__country": self.destination_country.upper(),
        }
        found = found.filter(**{name: value for name, value in wanted.items() if value})
        if by is None:
            return found
        return found.filter(pk__in=Journey.objects.for_user(by).values("pk"))


@transaction.atomic
def start_upgrade(template: MilestoneTemplate, wanted: UpgradeSet, *, by: User | None) -> PlanUpgrade:
    """Take down the set and have the workers find out what it would do. Nothing changes for any shipment yet.

    Raises DomainError `not_in_force` (conflict), `nothing_there` and `too_many`.
    """
    if template.state != TemplateState.ACTIVE:
        raise DomainError("not_in_force", _("Shipments can be moved to a version that is in force."), conflict=True)
    rows = list(
        wanted.journeys(template, by).order_by("pk").values_list("pk", "template_id", "template_reason")[: MOST + 1]
    )
    if not rows:
        raise DomainError("nothing_there", _("No live shipment of this set follows another version."))
    if len(rows) > MOST:
        raise DomainError("too_many", _("These are more than %d shipments. Take a part of them.") % MOST)
    upgrade = PlanUpgrade.objects.create(template=template, created_by=by)
    names = ("upgrade", "shipment", "from_template", "from_reason", "baselines", "effect", "is_chosen")
    insert_rows(PlanUpgradeItem, names, [(upgrade.pk, *row, "{}", "{}", True) for row in rows])
    title = _("What moving to %s would change") % template
    upgrade.job = start_job(PREVIEW, title=title, parameters={"upgrade": upgrade.pk}, by=by, total=len(rows))
    PlanUpgrade.objects.filter(pk=upgrade.pk).update(job=upgrade.job)
    return upgrade


@transaction.atomic
def choose_items(upgrade: PlanUpgrade, *, shown: Sequence[int], chosen: Sequence[int], by: User | None) -> None:
    """Of the items that were `shown` (keys) those that are `chosen` come along. Raises `already_applied`."""
    _hold_preview(upgrade)
    items = upgrade.items.filter(pk__in=shown)
    items.filter(pk__in=chosen).update(is_chosen=True)
    items.exclude(pk__in=chosen).update(is_chosen=False)


@transaction.atomic
def choose_all(upgrade: PlanUpgrade, *, chosen: bool, by: User | None) -> None:
    """All of them, or none. Raises `already_applied`."""
    _hold_preview(upgrade)
    upgrade.items.update(is_chosen=chosen)


def _hold_preview(upgrade: PlanUpgrade) -> None:
    held = PlanUpgrade.objects.select_for_update().get(pk=upgrade.pk)
    if held.state != UpgradeState.PREVIEWED:
        raise DomainError("already_applied", _("This upgrade was applied already."), conflict=True)


def is_under_way(upgrade: PlanUpgrade) -> bool:
    """Whether the workers are at it."""
    return upgrade.job is not None and upgrade.job.state == JobState.RUNNING


# --- The job ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def preview_step(job: Job) -> bool:
    """A step of the job `preview_upgrade`: the next shipments, in their order. Nothing of a shipment is written."""
    upgrade = PlanUpgrade.objects.select_related("template").get(pk=job.parameters["upgrade"])
    at = job.cursor.get("at", 0)
    items = list(upgrade.items.filter(shipment__gt=at).order_by("shipment")[:BATCH])
    if not items:
        return True
    now = timezone.now()
    found: list[PlanUpgradeItem] = []
    in_halves(
        items,
        lambda part: found.extend(_look(upgrade.template, part, now)),
        lambda item, error: found.append(_broken(item, error)),
    )
    update_rows(PlanUpgradeItem, ("id", "effect"), [(i.pk, orjson.dumps(i.effect).decode()) for i in found])
    totals = Counter(job.result) + _totals(found)
    advance_job(job, cursor={"at": items[-1].shipment_id}, done=job.done + len(items), result=dict(totals))
    return False


def _totals(items: Iterable[PlanUpgradeItem]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for item in items:
        said = item.effect
        cases = said.get("cases", {})
        counts = {name: len(said.get(name, ())) for name in ("moved", "added", "removed")}
        counts |= {name: len(cases.get(name, ())) for name in ("opens", "closes")}
        totals += Counter({**counts, "shipments": 1, "changed": int(any(counts.values()))})
        totals += Counter({"errors": int("error" in said), "renumbered": int(bool(said.get("renumbered")))})
        totals += Counter({"misfits": int(said.get("fits") is False)})
    return totals


def _broken(item: PlanUpgradeItem, error: Exception) -> PlanUpgradeItem:
    item.effect = {"error": type(error).__name__}
    return item


@transaction.atomic
def _look(template: MilestoneTemplate, items: Sequence[PlanUpgradeItem], now: datetime) -> list[PlanUpgradeItem]:
    """The items with what would change, evaluated with both versions on what is known at `now`."""
    ids = [item.shipment_id for item in items]
    world = World.of(ids, [template.pk, *(item.from_template_id or 0 for item in items)])
    for item in items:
        before = world.templates.get(item.from_template_id or 0)
        item.effect = world.effect(item.shipment_id, before, world.templates[template.pk], now)
    return list(items)


@dataclass(slots=True)
class World:
    """What the rules need of a batch of shipments: read once, in a constant number of queries."""

    shipments: dict[int, loading.ShipmentRow]
    stored: dict[int, dict[str, Stored]]
    events: dict[int, list[EventFact]]
    templates: dict[int, TemplateFact]
    policy: Policy

    @classmethod
    def of(cls, ids: Sequence[int], templates: Sequence[int]) -> World:
        shipments = loading.load_shipments(ids)
        known = loading.load_templates(templates, with_active=False)
        policy = with_history(loading.load_policy(), [row.fact for row in shipments.values()])
        loading.name_facts(shipments, policy, known)
        return cls(shipments, load_stored(ids), loading.load_events(ids), dict(known.by_id), policy)

    def fact(self, shipment_id: int) -> ShipmentFact:
        return self.shipments[shipment_id].fact

    def evaluate(self, shipment_id: int, template: TemplateFact | None, baselines: Any, now: datetime) -> Any:
        """What would stand with this template; nothing is written."""
        plan = loading.plan_of(self.fact(shipment_id), template, baselines, now)
        return evaluate(plan, self.events.get(shipment_id, ()), self.policy, now)

    def effect(
        self, shipment_id: int, before: TemplateFact | None, after: TemplateFact, now: datetime
    ) -> dict[str, Any]:
        baselines = baselines_of(self.stored.get(shipment_id, {}))
        old = self.evaluate(shipment_id, before, baselines, now)
        new = self.evaluate(shipment_id, after, {}, now)
        slots = carried(listed(old.milestones), listed(new.milestones))
        new = self.evaluate(shipment_id, after, carry(baselines, slots), now)
        fits = choose([after], self.fact(shipment_id))[0] is not None
        return {**effect(old, new, slots), "fits": fits}


__all__ = [
    "BATCH", "MOST", "PREVIEW", "UpgradeSet", "World", "choose_all", "choose_items", "is_under_way", "preview_step",
    "start_upgrade",
]  # fmt: skip
