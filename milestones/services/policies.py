"""What decides between reports that differ: set by people, and weighed again where it matters."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.enums import Preference, ValueField
from milestones.models import ConflictPolicy, Journey, Milestone
from partners.models import Job, User
from partners.services import start_job
from partners.services.jobs import advance_job
from shipments.models import MilestoneType

_KIND = "weigh_again"
_A_STEP = 2000


@transaction.atomic
def set_conflict_policy(
    milestone: MilestoneType | None, *, field: str, order: Sequence[str], by: User | None
) -> ConflictPolicy:
    """Let these preferences decide, in this order, about a value of `milestone` (None: of all that have no own order).

    The open shipments with the milestone are evaluated again by a job, without haste. Raises DomainError
    `unknown_field`, `unknown_preference`, `repeated_preference`.
    """
    _check(field, order)
    policy, is_new = ConflictPolicy.objects.select_for_update().get_or_create(
        type=milestone, field=field, defaults={"order": list(order)}
    )
    if not is_new and policy.order == list(order):
        return policy
    if not is_new:
        ConflictPolicy.objects.filter(pk=policy.pk).update(order=list(order))
        policy.order = list(order)
    _weigh_again(milestone, by)
    return policy


@transaction.atomic
def drop_conflict_policy(policy: ConflictPolicy, *, by: User | None) -> None:
    """Go back to the order for all milestones, or to the usual one. What is gone already is no error."""
    deleted, _rows = ConflictPolicy.objects.filter(pk=policy.pk).delete()
    if deleted:
        _weigh_again(policy.type, by)


def _check(field: str, order: Sequence[str]) -> None:
    if field not in ValueField.values:
        raise DomainError("unknown_field", _("The value is one of %s.") % ", ".join(ValueField.values), field="field")
    if not order or not set(order) <= set(Preference.values):
        text = _("Name what decides, in order, from %s.") % ", ".join(Preference.values)
        raise DomainError("unknown_preference", text, field="order")
    if len(set(order)) < len(order):
        raise DomainError("repeated_preference", _("Name each of them once."), field="order")


def _weigh_again(milestone: MilestoneType | None, by: User | None) -> Job:
    title = _("Weigh the reports of “%s” again") % (milestone.name if milestone else _("all milestones"))
    return start_job(_KIND, title=title, parameters={"code": milestone.code if milestone else ""}, by=by)


def weigh_again(job: Job) -> bool:
    """A step of the job: some thousand open shipments with the milestone are due for a look at once."""
    code, after = job.parameters["code"], job.cursor.get("after", 0)
    journeys = Journey.objects.open().filter(pk__gt=after).order_by("pk")
    if code:
        journeys = journeys.filter(Exists(Milestone.objects.filter(shipment=OuterRef("pk"), type=code)))
    ids = list(journeys.values_list("pk", flat=True)[:_A_STEP])
    with transaction.atomic():
        Journey.objects.filter(pk__in=ids, is_closed=False).update(next_check_at=timezone.now())
        advance_job(job, cursor={"after": ids[-1] if ids else after}, done=job.done + len(ids))
    return len(ids) < _A_STEP
