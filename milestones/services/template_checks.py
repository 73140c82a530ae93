"""Whether a template makes sense, by the rules and by what is known here: milestone types, places, the customer."""

from __future__ import annotations

from django.utils.translation import gettext as _

from milestones.draft_words import DraftFault
from milestones.drafts import TemplateDraft
from milestones.services.template_problems import Problem, TemplateRefused
from milestones.validating import problems
from partners.models import Partner
from shipments.models import Location, MilestoneType


def check(draft: TemplateDraft, *, is_final: bool = False) -> None:
    """Raises TemplateRefused with all that is wrong, the head first, then line by line. Three queries at most.

    `is_final`: it is to be put into force. Until then it may be empty.
    """
    codes = set(MilestoneType.objects.values_list("pk", flat=True))
    may_lack = {DraftFault.NO_LINES} if not (draft.lines or is_final) else set()
    found = [Problem(one.text, one.field, one.position) for one in problems(draft, codes) if one.code not in may_lack]
    if found := [*_unknown(draft), *found]:
        raise TemplateRefused(found)


def _unknown(draft: TemplateDraft) -> list[Problem]:
    found = []
    places = {draft.origin_place, draft.destination_place} - {""}
    known = set(Location.objects.filter(unlocode__in=places).values_list("unlocode", flat=True)) if places else set()
    for name in ("origin_place", "destination_place"):
        if (code := getattr(draft, name)) and code not in known:
            found.append(Problem(_("No place has the code %s.") % code, field=name))
    if draft.customer_id is not None and not Partner.objects.filter(pk=draft.customer_id).exists():
        found.append(Problem(_("There is no such partner."), field="customer"))
    return found
