"""The rules that open cases: their list, the page of each with its versions, and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from milestones.enums import ExceptionKind, Severity
from milestones.models import ExceptionRule
from milestones.services import (
    RuleDraft,
    disable_rule,
    draft_of,
    enable_rule,
    restore_version,
    save_rule,
    start_backtest,
)
from milestones.services.rule_drafts import draft_from
from partners.models import User
from portal.console import cells, rule_builder, rule_results
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm
from portal.console.filters import Choice, Many
from portal.console.listing import Column, Found
from portal.console.record import Fact, Section, facts_of
from portal.console.rule_versions import version_lines
from portal.presentation import times, words
from portal.presentation.conditions import outline
from shipments.enums import Mode

_ANY = gettext_lazy("any")
_CHANGE, _ADD = "milestones.change_exceptionrule", "milestones.add_exceptionrule"


class EnableRule(ActionForm):
    def advice(self) -> Any:
        """What the last back-test said of the rule as it stands, or that there is none."""
        job = rule_results.last_of(self.row, self.by)
        if job is None:
            text = _("It was not tried on the past yet. A back-test shows what it would have opened.")
            return format_html('<p class="wm-note">{}</p>', text)
        return format_html('<p class="wm-note">{}</p>', rule_results.brief(job))


class RestoreVersion(ActionForm):
    version = forms.IntegerField(label=gettext_lazy("Version"), min_value=1, max_value=2_000_000_000)
    note = forms.CharField(label=gettext_lazy("Why"), max_length=300, required=False)


def _restore(rule: ExceptionRule, values: Mapping[str, Any], by: User) -> ExceptionRule:
    return restore_version(rule, values["version"], by=by, note=values["note"])


def _stages(rule: ExceptionRule) -> str:
    """ "from 2h, escalated from 1d" """
    parts = [_("from %s") % times.span(rule.minimum_minutes)] if rule.minimum_minutes else []
    if rule.warn_minutes is not None:
        before = rule.warn_minutes < 0
        text = _("warns %s before") if before else _("warns from %s")
        parts.insert(0, text % times.span(rule.warn_minutes))
    if rule.escalate_minutes is not None:
        parts.append(_("escalated from %s") % times.span(rule.escalate_minutes))
    return ", ".join(parts)


def _state(rule: ExceptionRule) -> words.Word:
    return words.Word(_("On"), "check", "ok") if rule.is_active else words.Word(_("Off"), "dash", "mute")


class ExceptionRuleRoom(ConsoleAdmin):
    related = ("type",)
    order = ("code",)
    search_hint = gettext_lazy("Code or name")
    page_template = "console/rule.html"
    columns = (
        Column("code", gettext_lazy("Rule"), lambda r: cells.strong(r.name or r.code, r.get_kind_display()), "code"),
        Column(
            "severity",
            gettext_lazy("Severity"),
            lambda r: cells.tag(words.severity(r.severity)),
            "severity",
            "c-corner",
        ),
        Column("about", gettext_lazy("Milestone"), lambda r: r.type.name if r.type else _ANY, "", "c-pair"),
        Column("mode", gettext_lazy("Mode"), lambda r: r.get_mode_display() or _ANY, "mode", "c-pair"),
        Column("from", gettext_lazy("Stages"), lambda r: _stages(r) or cells.nothing(), "", "c-pair"),
        Column("due", gettext_lazy("Due in"), lambda r: times.span(r.due_minutes), "", "c-pair"),
        Column("team", gettext_lazy("Team"), lambda r: r.get_owner_display(), "owner", "c-pair"),
        Column("active", gettext_lazy("Active"), lambda r: _("yes") if r.is_active else _("no"), "is_active", "c-pair"),
    )
    filters = (
        Many("kind", gettext_lazy("Kind"), "kind", ExceptionKind.choices),
        Many("severity", gettext_lazy("Severity"), "severity", Severity.choices),
        Many("mode", gettext_lazy("Mode"), "mode", Mode.choices),
        Choice(
            "active",
            gettext_lazy("Active"),
            [
                ("yes", gettext_lazy("yes"), lambda: Q(is_active=True)),
                ("no", gettext_lazy("no"), lambda: Q(is_active=False)),
            ],
        ),
    )
    views = (
        View(gettext_lazy("Active"), "active=yes"),
        View(gettext_lazy("Switched off"), "active=no"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="enable",
            label=gettext_lazy("Enable…"),
            permission=_CHANGE,
            form=EnableRule,
            is_main=True,
            icon="play_arrow",
            fits=lambda rule: not rule.is_active,
            explain=gettext_lazy("From now on it opens cases. The shipments it can concern are looked at again."),
            perform=lambda rule, values, by: enable_rule(rule, by=by),
            done=gettext_lazy("The rule is on; a job looks at the shipments again."),
            submit=gettext_lazy("Enable"),
        ),
        Action(
            name="disable",
            label=gettext_lazy("Disable…"),
            permission=_CHANGE,
            is_danger=True,
            icon="pause",
            fits=lambda rule: rule.is_active,
            explain=gettext_lazy("It opens no more cases, and those that stand close by themselves."),
            perform=lambda rule, values, by: disable_rule(rule, by=by),
            done=gettext_lazy("The rule is off; a job looks at the shipments again."),
            submit=gettext_lazy("Disable"),
        ),
        Action(
            name="restore",
            label=gettext_lazy("Restore a version…"),
            permission=_CHANGE,
            form=RestoreVersion,
            icon="history",
            fits=lambda rule: rule.version > 1,
            explain=gettext_lazy("The old version becomes the next one; nothing is lost."),
            perform=_restore,
            done=gettext_lazy("Restored as the next version."),
            submit=gettext_lazy("Restore"),
        ),
    )
    facts = ("kind", "severity", "owner", "mode", "type", "task", "group_by", "closes_itself")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        clean = text.replace("\x00", "")[:100]
        return Found(rows.filter(Q(code__icontains=clean) | Q(name__icontains=clean)))

    def links_for(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        return [(_("New rule"), self.address("new"))] if request.user.has_perm(_ADD) else []

    def get_urls(self) -> list[URLPattern]:
        view, stem = self.admin_site.admin_view, "milestones_exceptionrule"
        return [
            path("new/", view(self.new), name=f"{stem}_new"),
            path("count/", view(self.count), name=f"{stem}_count"),
            path("<str:key>/edit/", view(self.edit), name=f"{stem}_edit"),
            *super().get_urls(),
        ]

    # --- The page of a rule --------------------------------------------------------------------------------------

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        state = cells.pill(_state(row))
        facts = [
            Fact(_("State"), state, _("version %d") % row.version),
            *[fact for fact in facts_of(row, self.facts) if fact.value != "–"],
            Fact(_("Stages"), _stages(row) or _("at once")),
            *([Fact(_("Escalated to"), row.get_escalate_to_display())] if row.escalate_to else []),
            *([Fact(_("From percent"), row.minimum_percent)] if row.minimum_percent else []),
            Fact(_("Due in"), times.span(row.due_minutes)),
        ]
        job = rule_results.last_of(row, person(request))
        return {
            "subtitle": row.name or row.code,
            "facts": facts,
            "sections": self.sections(request, row),
            "edit_url": self.address("edit", row.pk) if request.user.has_perm(_CHANGE) else "",
            "backtest": rule_results.brief(job) if job else "",
            "backtest_url": reverse("admin:partners_job_change", args=[job.pk]) if job else "",
        }

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        head = [_("Version"), _("When, and by whom"), _("What changed, and why")]
        return [
            Section(_("Condition"), payload=outline(row.condition)),
            Section(_("Versions"), head, version_lines(row), empty=_("It is as it came with the product.")),
        ]

    # --- The builder ---------------------------------------------------------------------------------------------

    def new(self, request: HttpRequest) -> HttpResponse:
        return self._build(request, None, _ADD)

    def edit(self, request: HttpRequest, key: str) -> HttpResponse:
        return self._build(request, key, _CHANGE)

    def _build(self, request: HttpRequest, key: str | None, permission: str) -> HttpResponse:
        self._require_view(request)
        if not request.user.has_perm(permission):
            raise PermissionDenied
        row = None if key is None else self._row(request, key)
        by = person(request)
        is_sent = request.method == "POST"
        form = rule_builder.RuleForm(
            request.POST if is_sent else None, by=by, row=row, draft=_starting(request, row, by)
        )
        if is_sent and form.is_valid():
            try:
                return self._store(request, form, by)
            except DomainError as refused:
                form.blame(refused)
        context = {
            "title": _("Change the rule") if row else _("New rule"),
            "subtitle": str(row) if row else "",
            "row": row,
            "form": form,
            "vocabulary": rule_builder.vocabulary(),
            "count_url": self.address("count"),
            "back_url": self.address("change", row.pk) if row else self.address("changelist"),
        }
        response = self._render(request, "console/rule_builder.html", context)
        response.status_code = 422 if form.errors else 200
        return response

    def _store(self, request: HttpRequest, form: rule_builder.RuleForm, by: User) -> HttpResponse:
        draft = form.draft()
        if "backtest" in request.POST:
            job = start_backtest(draft, by=by)
            return rule_builder.done(
                request, _("The rule is tried on the past; nothing is saved yet."), rule_results.page_of(job)
            )
        rule = save_rule(draft, by=by, note=form.cleaned_data["note"])
        text = _("Saved as version %d.") % rule.version
        return rule_builder.done(request, text, self.address("change", rule.pk))

    def count(self, request: HttpRequest) -> HttpResponse:
        """For how many a condition holds now, for the script of the builder."""
        self._require_view(request)
        if not (request.user.has_perm(_ADD) or request.user.has_perm(_CHANGE)):
            raise PermissionDenied
        return rule_builder.count(request) if request.method == "POST" else HttpResponseNotAllowed(["POST"])


def _starting(request: HttpRequest, rule: ExceptionRule | None, by: User) -> RuleDraft | None:
    """What the form begins with: the draft of a back-test (?draft=), else the rule as it stands."""
    asked = request.GET.get("draft", "")
    stands = draft_of(rule) if rule is not None else None
    if not asked:
        return stands
    job = rule_results.backtests(by).filter(pk=asked).first() if asked.isdecimal() and len(asked) < 18 else None
    if job is None or (rule is not None and job.parameters["definition"]["code"] != rule.code):
        raise Http404
    return draft_from(job.parameters["definition"], version=stands.version if stands else 0)
