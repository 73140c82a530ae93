"""Rating: the charges of shipments follow their milestones. A batch of shipments is one transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, groupby

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from billing.charging import Decisions, decide
from billing.enums import AccrualReason, ChargeCause, ChargeState
from billing.models import Charge, ShipmentAccount
from billing.rating import ChargeDraft, owed
from billing.services import facts
from billing.services.accruals import book
from billing.services.drafting import move_charges, take_off_drafts
from billing.services.money import hand_over_money
from billing.services.taking_back import reverse_charges
from core.bulk import insert_rows, update_rows
from core.leases import in_halves
from core.queue import nudge
from milestones.models import Journey

# A journey changes when something came for its shipment, and then it is looked at within moments.
_RECENTLY = timedelta(minutes=10)
# What has no price waits for a price list. It is tried again this often without being asked.
_PATIENCE = timedelta(hours=1)
_SWEEP_BATCHES = 20


def rate_due(limit: int = 500) -> int:
    """Rate up to `limit` shipments whose journeys changed lately. Returns how many were rated.

    Looks only at shipments that something came for in the last minutes, which an index finds; what a long stop left
    behind is found by `rate_behind`.
    """
    return _rate(Journey.objects.filter(shipment__stream__touched_at__gt=Now() - _RECENTLY), limit)


def rate_behind(limit: int = 500) -> int:
    """As `rate_due`, over all journeys, in several batches of `limit`: the sweep. Tries what had no price again."""
    waiting = ShipmentAccount.objects.exclude(unpriced=[])
    waiting.filter(rated_at__lt=Now() - _PATIENCE).update(seen_revision=-1, rated_at=Now())
    total = 0
    for _ in range(_SWEEP_BATCHES):
        rated = _rate(Journey.objects.all(), limit)
        total += rated
        if not rated:
            break
    return total


@transaction.atomic
def rate_unpriced() -> int:
    """Have everything that has no price tried again, as after a change of price lists. Returns how many shipments."""
    waiting = ShipmentAccount.objects.exclude(unpriced=[]).update(seen_revision=-1)
    nudge("sweep_waiting")
    return waiting


def _rate(journeys: QuerySet[Journey], limit: int) -> int:
    behind = journeys.filter(
        Q(revision__gt=F("shipment__account__seen_revision")) | Q(revision__gt=0, shipment__account=None)
    )
    ids = sorted(behind.values_list("shipment_id", flat=True)[:limit])
    if not ids:
        return 0
    fresh = [(pk, 0, "[]") for pk in ids]
    insert_rows(ShipmentAccount, ("shipment", "seen_revision", "unpriced"), fresh, on_conflict="DO NOTHING")
    done: list[int] = []
    in_halves(
        list(ShipmentAccount.objects.filter(pk__in=ids).order_by("pk")),
        lambda accounts: done.append(_rate_batch([account.pk for account in accounts])),
        lambda account, error: done.append(_park(account, error)),
    )
    return sum(done)


@transaction.atomic
def _rate_batch(shipment_ids: Sequence[int]) -> int:
    """Those that another worker holds are left to it. Revisions are read before milestones, so nothing is missed."""
    revisions = dict(
        ShipmentAccount.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=shipment_ids, seen_revision__lt=F("shipment__journey__revision"))
        .order_by("pk")
        .values_list("pk", "shipment__journey__revision")
    )
    if not revisions:
        return 0
    decided = _decide(list(revisions))
    _write(decided)
    rated = [(pk, revision, _unpriced(decided[pk])) for pk, revision in revisions.items()]
    update_rows(ShipmentAccount, ("shipment", "seen_revision", "unpriced"), rated)
    ShipmentAccount.objects.filter(pk__in=revisions).update(rated_at=Now())
    hand_over_money(list(revisions), now=timezone.now())
    return len(revisions)


@transaction.atomic
def _park(account: ShipmentAccount, error: Exception) -> int:
    """A shipment that cannot be rated says so among what has no price, and is tried again with it."""
    revision = Journey.objects.get(pk=account.pk).revision
    reason = [{"rule": "", "charge_code": "", "slot": "", "reason": f"{type(error).__name__}: {error}"[:300]}]
    behind = ShipmentAccount.objects.filter(pk=account.pk, seen_revision__lt=revision)
    return behind.update(seen_revision=revision, unpriced=reason, rated_at=Now())


def _decide(shipment_ids: Sequence[int]) -> dict[int, Decisions]:
    rules, tariffs = facts.rules(), facts.tariffs()
    reached = facts.reached(shipment_ids, rules)
    charges = facts.charges(shipment_ids)
    return {
        shipment.id: decide(owed(rules, shipment, reached.get(shipment.id, []), tariffs), charges.get(shipment.id, []))
        for shipment in facts.shipments(shipment_ids)
    }


def _write(decided: dict[int, Decisions]) -> None:
    """In the order that no (rule, slot, sequence) is taken twice: what goes first, then what comes."""
    every = decided.values()
    _cancel(list(chain.from_iterable(one.cancel for one in every)))
    _restore(list(chain.from_iterable(one.restore for one in every)))
    retimed = list(chain.from_iterable(one.retime for one in every))
    update_rows(Charge, ("id", "earned_at"), retimed, where="state IN ('unbilled', 'drafted')")
    reversed_ids = [charge for one in every for charge in one.reverse]
    reverse_charges(reversed_ids, cause=ChargeCause.RETRACTION, explanation="The milestone was retracted.")
    _create([(pk, draft, sequence) for pk, one in decided.items() for draft, sequence in one.create])


def _cancel(cancelled: list[tuple[int, str]]) -> None:
    ids = [pk for pk, _ in cancelled]
    take_off_drafts(ids)
    for reason, group in groupby(sorted(cancelled, key=lambda pair: (pair[1], pair[0])), key=lambda pair: pair[1]):
        move_charges([pk for pk, _ in group], to=ChargeState.CANCELLED, reason=reason)
    book(ids, reason=AccrualReason.REVERSED)


def _restore(ids: list[int]) -> None:
    move_charges(ids, to=ChargeState.UNBILLED)
    book(ids, reason=AccrualReason.EARNED)


_CHARGE = (
    "public_id", "shipment", "customer", "rule", "slot", "sequence", "cause", "side", "charge_code", "description",
    "quantity", "price", "amount", "tax_percent", "currency", "explanation", "earned_at", "state", "cancel_reason",
)  # fmt: skip


def _create(drafts: list[tuple[int, ChargeDraft, int]]) -> None:
    rows = [_row(shipment, draft, sequence) for shipment, draft, sequence in drafts]
    made = insert_rows(Charge, _CHARGE, rows, on_conflict="DO NOTHING", returning="id")
    book([row[0] for row in made], reason=AccrualReason.EARNED)


def _row(shipment: int, draft: ChargeDraft, sequence: int) -> tuple[object, ...]:
    return (
        uuid.uuid4(),
        shipment,
        draft.customer,
        draft.rule.id,
        draft.slot,
        sequence,
        ChargeCause.MILESTONE.value,
        draft.rule.side,
        draft.rule.charge_code,
        draft.rule.description,
        draft.quantity,
        draft.price,
        draft.amount,
        draft.tax_percent,
        draft.currency,
        draft.explanation,
        draft.earned_at,
        ChargeState.UNBILLED.value,
        "",
    )


def _unpriced(decisions: Decisions) -> str:
    return json.dumps(
        [
            {"rule": one.rule.code, "charge_code": one.rule.charge_code, "slot": one.slot, "reason": one.reason}
            for one in decisions.unpriced
        ]
    )
