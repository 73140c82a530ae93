"""Milestone templates: versions and their lines, drafts put into force, files, and live shipments moved to one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from milestones.drafts import TemplateDraft
from milestones.enums import AnchorKind, DayBasis, JourneyStatus, TemplateState
from milestones.models import Journey, MilestoneTemplate, PlanUpgrade, TemplateLine
from milestones.services.template_files import MOST_BYTES
from milestones.services.template_problems import TemplateRefused
from milestones.services.template_rows import draft_of
from milestones.services.templates import (
    activate_template,
    create_template,
    export_template,
    import_template,
    new_version,
    read_template,
    retire_template,
)
from milestones.services.upgrade_sets import UpgradeSet, start_upgrade
from partners.models import User
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, File, View
from portal.console.fields import ActionForm, PartnerField
from portal.console.filters import Many
from portal.console.listing import COUNTED, Column
from portal.console.record import Fact, Section, facts_of
from portal.console.template_diff import difference
from portal.console.template_editor import CHANGE, EditorPages
from portal.presentation import times
from shipments.enums import Mode, ShipmentType

_ADD = "milestones.add_milestonetemplate"
_MOVE = "milestones.add_planupgrade"
_EVERY = [("", gettext_lazy("any"))]


def _criteria(template: Any) -> str:
    lane = [
        template.origin_place or template.origin_country or "…",
        template.destination_place or template.destination_country or "…",
    ]
    parts = [
        template.get_mode_display(),
        template.get_shipment_type_display(),
        template.get_service_display(),
        str(template.customer or ""),
        " → ".join(lane) if lane != ["…", "…"] else "",
    ]
    return " · ".join(part for part in parts if part) or _("every shipment")


def when_due(line: TemplateLine) -> str:
    """ "2d before ETD", "6h after “Vessel departed”, working days"."""
    anchor = f"“{line.anchor_line.name}”" if line.anchor_line else str(AnchorKind(line.anchor).label)
    if line.offset_minutes == 0:
        text = _("at %(anchor)s") % {"anchor": anchor}
    elif line.offset_minutes < 0:
        text = _("%(span)s before %(anchor)s") % {"span": times.span(line.offset_minutes), "anchor": anchor}
    else:
        text = _("%(span)s after %(anchor)s") % {"span": times.span(line.offset_minutes), "anchor": anchor}
    if line.day_basis == DayBasis.WORKING:
        text += ", " + _("working days")
    return text + (f", {line.time_of_day:%H:%M}" if line.time_of_day else "")


def editor_of(template: MilestoneTemplate) -> str:
    return reverse("admin:milestones_milestonetemplate_edit", args=[template.pk])


def _is(*states: TemplateState) -> Any:
    return lambda template: template.state in states


class NewTemplate(ActionForm):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Capital letters, digits and dashes.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=[*_EVERY, *Mode.choices], required=False)
    shipment_type = forms.ChoiceField(
        label=gettext_lazy("Shipment type"), choices=[*_EVERY, *ShipmentType.choices], required=False
    )


def _create(_row: Any, values: Mapping[str, Any], by: User) -> MilestoneTemplate:
    return create_template(TemplateDraft(**{**values, "code": values["code"].strip().upper()}), by=by)


class MovedShipments(ActionForm):
    """Which live shipments are looked at."""

    version = forms.IntegerField(
        label=gettext_lazy("That follow version"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=gettext_lazy("Empty: any other version."),
    )
    customer = PartnerField(label=gettext_lazy("Customer"), required=False)
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=[*_EVERY, *Mode.choices], required=False)
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=[*_EVERY, *JourneyStatus.choices], required=False)
    origin_country = forms.CharField(label=gettext_lazy("From country"), max_length=2, required=False)
    destination_country = forms.CharField(label=gettext_lazy("To country"), max_length=2, required=False)


def _start(template: MilestoneTemplate, values: Mapping[str, Any], by: User) -> PlanUpgrade:
    return start_upgrade(template, UpgradeSet(**values), by=by)


class TemplateRoom(EditorPages, ConsoleAdmin):
    related = ("customer", "created_by")
    order = ("code", "-version")
    page_template = "console/template.html"
    empty = gettext_lazy("No template yet: shipments get their milestones from one.")
    columns = (
        Column("name", gettext_lazy("Template"), lambda t: cells.strong(t.name, f"{t.code} v{t.version}"), "name"),
        Column("state", gettext_lazy("State"), lambda t: t.get_state_display(), "state", "c-pair"),
        Column("for", gettext_lazy("Chosen for"), _criteria),
        Column("note", gettext_lazy("What is new in it"), lambda t: t.note or cells.nothing(), "", "c-hide"),
    )
    filters = (
        Many("state", gettext_lazy("State"), "state", TemplateState.choices),
        Many("mode", gettext_lazy("Mode"), "mode", Mode.choices),
    )
    views = (
        View(gettext_lazy("Active"), "state=active"),
        View(gettext_lazy("Drafts"), "state=draft"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="activate",
            label=gettext_lazy("Put into force…"),
            permission=CHANGE,
            explain=gettext_lazy(
                "From now on new shipments get this version, and the one before retires. "
                "Shipments under way keep theirs until you move them."
            ),
            fits=_is(TemplateState.DRAFT),
            perform=lambda template, values, by: activate_template(template, by=by),
            done=gettext_lazy("It is in force."),
            is_main=True,
            icon="published_with_changes",
        ),
        Action(
            name="version",
            label=gettext_lazy("New version…"),
            permission=CHANGE,
            explain=gettext_lazy("A draft that begins as a copy of this version."),
            fits=_is(TemplateState.ACTIVE, TemplateState.RETIRED),
            perform=lambda template, values, by: new_version(template, by=by),
            done=gettext_lazy("The draft is there."),
            then=editor_of,
            icon="edit",
        ),
        Action(
            name="move",
            label=gettext_lazy("Move live shipments…"),
            permission=_MOVE,
            form=MovedShipments,
            explain=gettext_lazy(
                "Shipments under way that follow another version of this template; 20,000 at most in one go. "
                "First you see what would change for each; nothing is changed yet."
            ),
            fits=_is(TemplateState.ACTIVE),
            perform=_start,
            done=gettext_lazy("Looking for what would change."),
            then=lambda upgrade: reverse("admin:milestones_planupgrade_change", args=[upgrade.pk]),
            submit=gettext_lazy("Show what would change"),
            icon="move_up",
        ),
        Action(
            name="retire",
            label=gettext_lazy("Retire…"),
            permission=CHANGE,
            explain=gettext_lazy(
                "New shipments do not get it any more. Shipments that follow it go on with it. A draft is dropped."
            ),
            fits=_is(TemplateState.ACTIVE, TemplateState.DRAFT),
            perform=lambda template, values, by: retire_template(template, by=by),
            done=gettext_lazy("Retired."),
            is_danger=True,
        ),
        Action(
            name="create",
            label=gettext_lazy("New template…"),
            permission=_ADD,
            form=NewTemplate,
            on_list=True,
            is_main=True,
            icon="add",
            perform=_create,
            done=gettext_lazy("The draft is there."),
            then=editor_of,
            submit=gettext_lazy("Create draft"),
        ),
    )
    files = (
        File(
            "json",
            gettext_lazy("Export (JSON)"),
            "milestones.view_milestonetemplate",
            lambda template: (
                json.dumps(export_template(template), ensure_ascii=False, indent=2).encode(),
                "application/json",
                f"{template.code}-v{template.version}.json",
            ),
        ),
    )
    facts = ("code", "version", "state", "created_by", "created_at", "note")

    # --- Pages ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        bring = path("import/", self.admin_site.admin_view(self.bring), name="milestones_milestonetemplate_import")
        return [bring, *super().get_urls()]

    def links_for(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        own = [(_("Import…"), self.address("import"))] if request.user.has_perm(_ADD) else []
        moved = [(_("Moved shipments"), reverse("admin:milestones_planupgrade_changelist"))]
        return [*own, *moved, *super().links_for(request)]

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        live = min(Journey.objects.open().filter(template=row)[: COUNTED + 1].count(), COUNTED + 1)
        shown = _("more than %d") % COUNTED if live > COUNTED else live
        facts = [*facts_of(row, self.facts), Fact(_("Chosen for"), _criteria(row)), Fact(_("Live shipments"), shown)]
        may_edit = row.state == TemplateState.DRAFT and request.user.has_perm(CHANGE)
        return {
            "facts": facts,
            "sections": self.sections(request, row),
            "edit_url": self.address("edit", row.pk) if may_edit else "",
        }

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        return [_lines(row), *_against_active(row), _versions(row)]

    def bring(self, request: HttpRequest) -> HttpResponse:
        """A file is read and compared first; what was looked at is what is taken in, as a draft."""
        self._require_view(request)
        if not request.user.has_perm(_ADD):
            raise PermissionDenied
        context: dict[str, Any] = {"title": _("Import a template"), "most": MOST_BYTES >> 10}
        if request.method != "POST":
            return self._render(request, "console/template_import.html", context)
        text = ""
        try:
            text = _sent(request)
            data = _parsed(text)
            draft = read_template(data)
            if "confirmed" in request.POST:
                made = import_template(data, by=person(request))
                messages.success(request, _("%s is there as a draft.") % made)
                return HttpResponseRedirect(editor_of(made))
            context |= {"draft": draft, "section": difference(_active(draft.code), draft)}
        except TemplateRefused as refused:
            context["problems"] = [str(problem) for problem in refused.problems[:100]]
        except DomainError as error:
            context["problems"] = [error.message]
        response = self._render(request, "console/template_import.html", {**context, "text": text})
        response.status_code = 422 if "problems" in context else 200
        return response


def _sent(request: HttpRequest) -> str:
    """The file, or what was pasted, or what was looked at a moment ago."""
    file = request.FILES.get("file")
    if file is not None and (file.size or 0) > MOST_BYTES:
        raise DomainError("too_large", _("A template may have %d KiB at most.") % (MOST_BYTES >> 10))
    raw = file.read() if file is not None else request.POST.get("text", "").encode("utf-8", "replace")
    if len(raw) > MOST_BYTES:
        raise DomainError("too_large", _("A template may have %d KiB at most.") % (MOST_BYTES >> 10))
    if not raw.strip():
        raise DomainError("no_file", _("Choose a file, or paste its text."))
    return raw.decode("utf-8", "replace")


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        said = _("This is no JSON: %(what)s in line %(line)d.") % {"what": error.msg, "line": error.lineno}
        raise DomainError("not_json", said) from error


def _active(code: str) -> TemplateDraft | None:
    found = MilestoneTemplate.objects.active().filter(code=code).first()
    return draft_of(found) if found else None


def _against_active(row: MilestoneTemplate) -> list[Section]:
    """Of a draft: what it would change."""
    before = _active(row.code) if row.state == TemplateState.DRAFT else None
    return [difference(before, draft_of(row))] if before is not None else []


def _versions(row: MilestoneTemplate) -> Section:
    versions = MilestoneTemplate.objects.filter(code=row.code).select_related("created_by").order_by("-version")
    lines = [
        [
            cells.row_link("milestones_milestonetemplate", one.pk, one) if one.pk != row.pk else str(one),
            one.get_state_display(),
            one.note or cells.nothing(),
            cells.two(cells.moment(one.created_at), one.created_by or _("with the product")),
        ]
        for one in versions
    ]
    return Section(_("Versions"), [_("Version"), _("State"), _("What is new in it"), _("Made, your time")], lines)


def _lines(row: MilestoneTemplate) -> Section:
    lines = [
        [
            line.position,
            cells.strong(line.name, line.type_id),
            cells.two(line.get_place_role_display(), line.get_scope_display()),
            when_due(line),
            f"−{times.span(line.early_tolerance_minutes)} / +{times.span(line.late_tolerance_minutes)}",
            line.get_requirement_display(),
            line.get_audience_display(),
            line.get_responsible_display(),
            line.task or cells.nothing(),
        ]
        for line in row.lines.select_related("anchor_line")
    ]
    head = [
        "#", _("Milestone"), _("Place"), _("Due"), _("Tolerance"), _("Requirement"), _("Who sees it"),
        _("Responsible"), _("Task"),
    ]  # fmt: skip
    return Section(_("Milestones"), head, lines, empty=_("This template has no milestone."))
