"""Whether a template makes sense, by the rules and by what is known here: codes, places, the customer."""

from __future__ import annotations

from django.utils.translation import gettext as _

from milestones.drafts import TemplateDraft
from milestones.services.template_problems import MOST_LINES, Problem, TemplateRefused
from partners.models import Partner
from shipments.models import Location, MilestoneType


def check(draft: TemplateDraft, *, is_final: bool = False) -> None:
    """Raises TemplateRefused with all that is wrong. `is_final`: it is to be put into force, so nothing may lack."""
    if len(draft.lines) > MOST_LINES:
        raise TemplateRefused([Problem(_("At most %d lines.") % MOST_LINES, field="lines")])
    found = problems_of(draft)
    if is_final and not draft.lines:
        found.append(Problem(_("A template without milestones says nothing."), field="lines"))
    if found:
        raise TemplateRefused(found)


def problems_of(draft: TemplateDraft) -> list[Problem]:
    """All that is wrong, the head first, then line by line. Three queries at most."""
    return [*_head(draft), *_codes(draft)]


def _head(draft: TemplateDraft) -> list[Problem]:
    found = []
    if not draft.name.strip():
        found.append(Problem(_("This is needed."), field="name"))
    places = {draft.origin_place, draft.destination_place} - {""}
    known = set(Location.objects.filter(unlocode__in=places).values_list("unlocode", flat=True)) if places else set()
    for name in ("origin_place", "destination_place"):
        if (code := getattr(draft, name)) and code not in known:
            found.append(Problem(_("No place has the code %s.") % code, field=name))
    if draft.customer_id is not None and not Partner.objects.filter(pk=draft.customer_id).exists():
        found.append(Problem(_("There is no such partner."), field="customer"))
    return found


def _codes(draft: TemplateDraft) -> list[Problem]:
    named = {line.type for line in draft.lines}
    unknown = named - set(MilestoneType.objects.filter(pk__in=named).values_list("pk", flat=True))
    said = _("There is no milestone type %s.")
    return [Problem(said % ln.type, field="type", position=ln.position) for ln in draft.lines if ln.type in unknown]
