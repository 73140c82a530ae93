"""Live shipments moved to another version of their template, and back. Job steps, resumable anywhere.

A milestone that stays keeps its row, so that its first plan, its cases and its tasks stay with it although the new
version may list it elsewhere. What each shipment had is kept in its item, and that is what going back brings back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import array_of, fetch_rows, update_rows
from core.errors import DomainError
from core.leases import in_halves
from core.states import move
from milestones.enums import UPGRADE_MOVES, UpgradeState
from milestones.models import Journey, Milestone, PlanUpgrade, PlanUpgradeItem, ShipmentException, WorkTask
from milestones.planning import choose
from milestones.services.evaluation import evaluate_shipments
from milestones.services.taskwork import LINE_PREFIX
from milestones.services.upgrade_sets import BATCH, World, is_under_way
from milestones.services.writing import Stored, baselines_of
from milestones.upgrading import carried, listed
from partners.enums import JobState
from partners.models import Job, User
from partners.services import advance_job, start_job

APPLY, UNDO = "apply_upgrade", "undo_upgrade"
# Why a shipment was left as it is: `effect["left_out"]` and `effect["kept"]` of its item.
CLOSED, ELSEWHERE, BROKEN = "closed", "elsewhere", "error"
_PARKED = "was:"
_HOLD = """
    SELECT shipment_id, template_id, is_closed FROM milestones_journey
    WHERE shipment_id = ANY(%s::bigint[]) ORDER BY shipment_id FOR UPDATE
"""
# What is named after a slot, beside the milestones themselves: (model, its column, what stands before the slot).
_FOLLOWERS = (
    (ShipmentException, "slot", "", "SELECT id, shipment_id, slot FROM milestones_shipmentexception"),
    (WorkTask, "key", LINE_PREFIX, "SELECT id, shipment_id, key FROM milestones_worktask"),
)
# Shipment → slot before → slot after, of what gets another one.
Renamed = Mapping[int, Mapping[str, str]]


@transaction.atomic
def apply_upgrade(upgrade: PlanUpgrade, *, reason: str, by: User | None) -> Job:
    """Have the workers move the chosen shipments. Raises DomainError `reason_missing`, `still_running` (conflict),
    `nothing_chosen` and the conflicts of a state that has changed."""
    said = reason.strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say why they are moved."), field="reason")
    held = _hold(upgrade)
    if held.job is None or held.job.state != JobState.DONE:
        raise DomainError("still_running", _("What it would change is not known of all of them yet."), conflict=True)
    total = held.items.filter(is_chosen=True).count()
    if not total:
        raise DomainError("nothing_chosen", _("Choose at least one shipment."))
    move(held, UPGRADE_MOVES, to=UpgradeState.APPLIED, applied_at=timezone.now(), reason=said)
    return _start(held, APPLY, _("Moving to %s") % held.template, total, by)


@transaction.atomic
def undo_upgrade(upgrade: PlanUpgrade, *, by: User | None) -> Job:
    """Have the workers bring the moved shipments back to where they were, but for those that have moved on since.

    Raises DomainError `still_running` and the conflicts of a state that has changed.
    """
    held = _hold(upgrade)
    if is_under_way(held):
        raise DomainError("still_running", _("It is still under way. Wait for it, or cancel its job."), conflict=True)
    move(held, UPGRADE_MOVES, to=UpgradeState.UNDONE, undone_at=timezone.now())
    total = held.items.filter(applied_at__isnull=False).count()
    return _start(held, UNDO, _("Back from %s") % held.template, total, by)


def _hold(upgrade: PlanUpgrade) -> PlanUpgrade:
    rows = PlanUpgrade.objects.select_for_update(of=("self",)).select_related("template", "job")
    return rows.get(pk=upgrade.pk)


def _start(upgrade: PlanUpgrade, kind: str, title: str, total: int, by: User | None) -> Job:
    job = start_job(kind, title=title, parameters={"upgrade": upgrade.pk}, by=by, total=total)
    PlanUpgrade.objects.filter(pk=upgrade.pk).update(job=job)
    return job


# --- The jobs --------------------------------------------------------------------------------------------------------


@transaction.atomic
def apply_step(job: Job) -> bool:
    """A step of the job `apply_upgrade`. An item that was moved is not looked at again, however often the step runs."""
    upgrade = _in_state(job, UpgradeState.APPLIED)
    todo = upgrade.items.filter(is_chosen=True, applied_at=None)
    return _step(job, todo, lambda items: _apply(upgrade, items), "left_out")


@transaction.atomic
def undo_step(job: Job) -> bool:
    """A step of the job `undo_upgrade`."""
    upgrade = _in_state(job, UpgradeState.UNDONE)
    todo = upgrade.items.filter(applied_at__isnull=False, undone_at=None)
    return _step(job, todo, lambda items: _undo(upgrade, items), "kept")


def _in_state(job: Job, state: UpgradeState) -> PlanUpgrade:
    """The upgrade, which nobody brings into another state meanwhile: a job taken up again too late ends here."""
    upgrade = _hold(PlanUpgrade(pk=job.parameters["upgrade"]))
    if upgrade.state != state:
        raise DomainError("state_changed", _("This upgrade is in another state by now."), conflict=True)
    return upgrade


def _step(
    job: Job,
    todo: QuerySet[PlanUpgradeItem],
    work: Callable[[Sequence[PlanUpgradeItem]], Counter[str]],
    mark: str,
) -> bool:
    """The next items in the order of their shipments, as everybody locks them. `mark`: where a refusal is noted."""
    at = job.cursor.get("at", 0)
    items = list(todo.filter(shipment__gt=at).select_related("from_template").order_by("shipment")[:BATCH])
    if not items:
        return True
    counts = Counter(job.result)

    def through(part: Sequence[PlanUpgradeItem]) -> None:
        nonlocal counts
        counts = counts + work(part)

    def park(item: PlanUpgradeItem, error: Exception) -> None:
        counts[BROKEN] += 1
        _note([item], mark, BROKEN)

    in_halves(items, through, park)
    advance_job(job, cursor={"at": items[-1].shipment_id}, done=job.done + len(items), result=dict(counts))
    return False


@transaction.atomic
def _apply(upgrade: PlanUpgrade, items: Sequence[PlanUpgradeItem]) -> Counter[str]:
    held = _journeys(items)
    closed = [i for i in items if held.get(i.shipment_id, (None, True))[1]]
    moved_on = [i for i in items if i not in closed and held[i.shipment_id][0] != i.from_template_id]
    left_out = {item.pk for item in (*closed, *moved_on)}
    _note(closed, "left_out", CLOSED)
    _note(moved_on, "left_out", ELSEWHERE)
    going = [item for item in items if item.pk not in left_out]
    now, ids = timezone.now(), [item.shipment_id for item in going]
    world = World.of(ids, [upgrade.template_id])
    baselines = {pk: baselines_of(world.stored.get(pk, {})) for pk in ids}
    _pin(world, dict.fromkeys(ids, upgrade.template_id), now)
    _explain(world, upgrade, going)
    evaluate_shipments(ids, now=now)
    rows = [(item.pk, _as_json(baselines[item.shipment_id]), now) for item in going]
    update_rows(PlanUpgradeItem, ("id", "baselines", "applied_at"), rows)
    return Counter({"moved": len(going), CLOSED: len(closed), ELSEWHERE: len(moved_on)})


@transaction.atomic
def _undo(upgrade: PlanUpgrade, items: Sequence[PlanUpgradeItem]) -> Counter[str]:
    held = _journeys(items)
    moved_on = [item for item in items if held[item.shipment_id][0] != upgrade.template_id]
    _note(moved_on, "kept", ELSEWHERE)
    back = [item for item in items if item not in moved_on]
    now, ids = timezone.now(), [item.shipment_id for item in back]
    before = {item.shipment_id: item.from_template_id for item in back}
    _pin(World.of(ids, [pk for pk in before.values() if pk]), before, now)
    update_rows(Journey, ("shipment", "template_reason"), [(item.shipment_id, item.from_reason) for item in back])
    evaluate_shipments(ids, now=now, baselines={i.shipment_id: _from_json(i.baselines) for i in back})
    update_rows(PlanUpgradeItem, ("id", "undone_at"), [(item.pk, now) for item in back])
    return Counter({"back": len(back), ELSEWHERE: len(moved_on)})


def _journeys(items: Sequence[PlanUpgradeItem]) -> dict[int, tuple[int | None, bool]]:
    """Shipment → (template it follows, whether it is closed), locked as the evaluation does it."""
    rows = fetch_rows(_HOLD, [array_of(item.shipment_id for item in items)])
    return {pk: (template_id, is_closed) for pk, template_id, is_closed in rows}


def _pin(world: World, templates: Mapping[int, int | None], now: datetime) -> None:
    """Have the shipments follow these templates (by shipment), and what stays of their plans go by its slot there.

    The evaluation that has to follow does the rest.
    """
    renamed: dict[int, dict[str, str]] = {}
    for pk, template_id in templates.items():
        stored = world.stored.get(pk, {})
        outcome = world.evaluate(pk, world.templates.get(template_id or 0), {}, now)
        slots = carried(_standing(stored), listed(outcome.milestones))
        # What goes makes room for what comes under its slot; the evaluation then takes it away.
        gone = {slot: f"{_PARKED}{stored[slot].id}" for slot in stored if slot.startswith("L") and slot not in slots}
        renamed[pk] = {old: new for old, new in {**slots, **gone}.items() if old != new}
    _rename(world, {pk: slots for pk, slots in renamed.items() if slots})
    update_rows(Journey, ("shipment", "template"), list(templates.items()))


def _standing(stored: Mapping[str, Stored]) -> list[tuple[str, str, str]]:
    """What stands, in plan order, as upgrading.identities takes it."""
    rows = sorted(stored.items(), key=lambda pair: (pair[1].position, pair[0]))
    return [(slot, row.code, row.place_role) for slot, row in rows]


def _rename(world: World, renamed: Renamed) -> None:
    """Milestones, their cases and their tasks go by the new slots. In two goes, so that two may change places."""
    if not renamed:
        return
    rows = [(world.stored[pk][old].id, new) for pk, slots in renamed.items() for old, new in slots.items()]
    _set(Milestone, "slot", rows)
    for model, column, before, select in _FOLLOWERS:
        rows = []
        for pk, shipment_id, named in fetch_rows(
            f"{select} WHERE shipment_id = ANY(%s::bigint[])", [array_of(renamed)]
        ):
            new = renamed[shipment_id].get(named.removeprefix(before)) if named.startswith(before) else None
            if new is not None:
                rows.append((pk, before + new))
        _set(model, column, rows)


def _set(model: type[Any], column: str, rows: Sequence[tuple[int, str]]) -> None:
    update_rows(model, ("id", column), [(pk, f"{_PARKED}{pk}") for pk, _ in rows])
    update_rows(model, ("id", column), rows)


def _explain(world: World, upgrade: PlanUpgrade, items: Sequence[PlanUpgradeItem]) -> None:
    """Why each shipment follows this version: for what it would be chosen, and from where it was moved."""
    template = world.templates[upgrade.template_id]
    rows = []
    for item in items:
        chosen = choose([template], world.fact(item.shipment_id))
        why = chosen[1] if chosen[0] is not None else f"{template.name} v{template.version}"
        rows.append((item.shipment_id, f"{why}; moved from {item.from_template}"[:300]))
    update_rows(Journey, ("shipment", "template_reason"), rows)


def _note(items: Sequence[PlanUpgradeItem], mark: str, why: str) -> None:
    rows = [(item.pk, orjson.dumps({**item.effect, mark: why}).decode()) for item in items]
    update_rows(PlanUpgradeItem, ("id", "effect"), rows)


def _as_json(values: Mapping[str, datetime]) -> str:
    return orjson.dumps({slot: at.isoformat() for slot, at in values.items()}).decode()


def _from_json(values: Mapping[str, str]) -> dict[str, datetime]:
    return {slot: datetime.fromisoformat(said) for slot, said in values.items()}
