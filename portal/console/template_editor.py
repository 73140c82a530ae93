"""The page on which a draft of a template is written, with the plan that it makes of a sample shipment beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.drafts import TemplateDraft
from milestones.enums import (
    AnchorKind,
    Audience,
    DayBasis,
    LineScope,
    PlaceRole,
    Requirement,
    Roll,
    TemplateState,
    UnitRule,
    WorkRole,
)
from milestones.models import MilestoneTemplate
from milestones.services.previewing import AT_DESTINATION, PreviewLine, preview_plan
from milestones.services.template_problems import TemplateRefused
from milestones.services.template_rows import draft_of, stamp_of
from milestones.services.templates import customer_with, save_draft
from milestones.validating import MAX_LINES
from portal.console import cells
from portal.console.actions import person
from portal.console.base import ConsoleAdmin
from portal.entry.template_form import TemplateForm
from portal.entry.template_sample import DATES, SampleForm
from shipments.enums import DocumentType, Mode, Service, ShipmentType
from shipments.models import MilestoneType

CHANGE = "milestones.change_milestonetemplate"
_CHOICES: dict[str, Any] = {
    "place_role": PlaceRole, "scope": LineScope, "unit_rule": UnitRule, "requirement": Requirement,
    "day_basis": DayBasis, "roll": Roll, "responsible": WorkRole, "audience": Audience, "documents": DocumentType,
    "mode": Mode, "shipment_type": ShipmentType, "service": Service,
}  # fmt: skip


@dataclass(slots=True)
class Desk:
    """What the page shows. `plan`: None while something is wrong. `focus`: key of the line to look at."""

    form: TemplateForm
    sample: SampleForm
    plan: list[dict[str, Any]] | None = None
    focus: str = ""
    is_changed: bool = False


if TYPE_CHECKING:
    _Room = ConsoleAdmin
else:
    _Room = object


class EditorPages(_Room):
    """Two addresses of the room of templates: the page, and what its script asks while somebody types."""

    def get_urls(self) -> list[URLPattern]:
        view, stem = self.admin_site.admin_view, "milestones_milestonetemplate"
        return [
            path("<int:key>/edit/", view(self.edit), name=f"{stem}_edit"),
            path("<int:key>/plan/", view(self.plan), name=f"{stem}_plan"),
            *super().get_urls(),
        ]

    def edit(self, request: HttpRequest, key: int) -> HttpResponse:
        """Asking shows the draft as it stands; posting does the step: save, show the plan, move lines."""
        template = self._editable(request, key)
        if template.state != TemplateState.DRAFT:
            messages.warning(request, _("%s is no draft. Make a new version and change that.") % template)
            return HttpResponseRedirect(self.address("change", template.pk))
        standing = draft_of(template)
        if request.method != "POST":
            form = TemplateForm.of(standing, template.customer.code if template.customer else "")
            desk = Desk(form, SampleForm.of(request.GET, standing, timezone.localdate()))
            _try(desk)
            return self._page(request, template, desk, stamp_of(standing))
        desk = Desk(TemplateForm.posted(request.POST), SampleForm.of(request.POST, standing, timezone.localdate()))
        seen, step = request.POST.get("seen", "")[:40], request.POST.get("step", "")[:20]
        if step == "save" and self._saved(request, template, desk, seen):
            messages.success(request, _("Saved. It is still a draft: shipments get it once it is put into force."))
            kept = {name: value for name, value in desk.sample.values.items() if value}
            return HttpResponseRedirect(f"{self.address('edit', template.pk)}?{urlencode(kept)}")
        desk.is_changed = True
        desk.focus = desk.form.step(step)
        if not desk.form.error_count:
            _try(desk)
        return self._page(request, template, desk, seen)

    def plan(self, request: HttpRequest, key: int) -> HttpResponse:
        """What the script asks: {"plan": HTML, "problems": [{"line", "field", "message"}]}; 422 when there are some."""
        template = self._editable(request, key)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        posted = SampleForm.of(request.POST, draft_of(template), timezone.localdate())
        desk = Desk(TemplateForm.posted(request.POST), posted)
        _try(desk)
        if desk.plan is None:
            return JsonResponse({"plan": "", "problems": _problems(desk)}, status=422)
        html = render_to_string("console/template_plan.html", {"desk": desk}, request=request)
        return JsonResponse({"plan": html, "problems": []})

    def _editable(self, request: HttpRequest, key: int) -> MilestoneTemplate:
        self._require_view(request)
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        template: MilestoneTemplate = self._row(request, str(key))
        return template

    def _saved(self, request: HttpRequest, template: MilestoneTemplate, desk: Desk, seen: str) -> bool:
        draft = _said(desk)
        if draft is None:
            return False
        try:
            save_draft(template, draft, by=person(request), seen=seen)
        except TemplateRefused as refused:
            desk.form.blame(refused.problems)
        except DomainError as error:
            desk.form.errors[""] = error.message
        return not desk.form.error_count

    def _page(self, request: HttpRequest, template: MilestoneTemplate, desk: Desk, seen: str) -> HttpResponse:
        context = {
            "title": _("Edit %s") % template,
            "template": template,
            "desk": desk,
            "form": desk.form,
            "seen": seen,
            "choices": {name: list(known.choices) for name, known in _CHOICES.items()},
            "anchors": [choice for choice in AnchorKind.choices if choice[0] != AnchorKind.LINE],
            "types": list(MilestoneType.objects.order_by("sequence", "code").values_list("code", "name")),
            "dates": [_date(name, desk.sample) for name in DATES],
            "most_lines": MAX_LINES,
            "plan_url": self.address("plan", template.pk),
            "page_url": self.address("edit", template.pk),
        }
        response = self._render(request, "console/template_editor.html", context)
        response.status_code = 422 if desk.form.error_count or desk.sample.errors else 200
        return response


def _date(name: str, sample: SampleForm) -> dict[str, Any]:
    kind, _days = DATES[name]
    return {
        "name": name,
        "label": AnchorKind(kind).label,
        "value": sample.values[name],
        "error": sample.errors.get(name, ""),
        "is_at_destination": kind in AT_DESTINATION,
    }


def _said(desk: Desk) -> TemplateDraft | None:
    """The draft that the form says, with its customer; None when something is wrong with it."""
    found = desk.form.draft()
    if found is None:
        return None
    draft, code = found
    if not code:
        return draft
    customer = customer_with(code)
    if customer is None:
        desk.form.errors["customer"] = _("There is no partner with the code %s.") % code
        return None
    return replace(draft, customer_id=customer.pk)


def _try(desk: Desk) -> None:
    """Work the plan of the sample out; what is wrong is noted at its field."""
    draft, sample = _said(desk), desk.sample.sample()
    if draft is None or sample is None:
        return
    try:
        desk.plan = [_planned(line) for line in preview_plan(draft, sample)]
    except TemplateRefused as refused:
        desk.form.blame(refused.problems)


def _planned(line: PreviewLine) -> dict[str, Any]:
    value = line.value
    return {
        "name": value.name,
        "code": value.code,
        "place": line.place,
        "about": _about(value.slot),
        "at": cells.at_place(value.planned_at, line.time_zone) if value.planned_at else "",
    }


def _about(slot: str) -> str:
    """Of a line that stands several times: which of them."""
    about = slot.partition(":")[2]
    words = {"U": _("unit %s"), "G": _("leg %s"), "S": _("stop %s")}
    return words[about[0]] % about[1:].removeprefix("UNIT-") if about[:1] in words else ""


def _problems(desk: Desk) -> list[Mapping[str, str]]:
    """As the script takes them; `line` is "" for the head and for the sample."""
    found = [("", name, text) for name, text in (*desk.form.errors.items(), *desk.sample.errors.items())]
    found += [(line.key, name, text) for line in desk.form.lines for name, text in line.errors.items()]
    return [{"line": key, "field": name, "message": text} for key, name, text in found]
