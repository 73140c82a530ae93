"""Long work that people asked for: how far it is, what came of it; cancelled, taken up again, applied."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milestones.services.backtesting import JOB as BACKTEST
from partners.enums import JobState
from partners.models import Job, User
from partners.services import cancel_job, resume_job
from portal.console import cells, rule_results
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, File, View
from portal.console.effects import arrow
from portal.console.fields import ActionForm, SourceField
from portal.console.filters import Choice, Filter, Many
from portal.console.listing import Column, Found
from portal.console.record import Fact, Section, facts_of, plain
from portal.presentation import words
from shipments.enums import Format
from shipments.models import MilestoneType
from shipments.services import Slice, start_reprocess
from shipments.services.reprocessing import APPLY, PREVIEW

_CHANGE = "partners.change_job"
_REREAD = "shipments.change_message"
_COUNTS = (
    ("messages", gettext_lazy("Messages read")),
    ("same", gettext_lazy("Events that stay as they are")),
    ("changed", gettext_lazy("Events that change")),
    ("new", gettext_lazy("New events")),
    ("gone", gettext_lazy("Events that are taken back")),
    ("unreadable", gettext_lazy("Messages that cannot be read")),
)
_KINDS = {
    "changed": gettext_lazy("changes"),
    "new": gettext_lazy("is new"),
    "gone": gettext_lazy("is taken back"),
}


class ChosenSlice(ActionForm):
    """Which messages are read again."""

    source = SourceField(label=gettext_lazy("Source"), required=False, help_text=gettext_lazy("Empty: every source."))
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[("", gettext_lazy("Every format")), *Format.choices], required=False
    )
    since = forms.DateField(
        label=gettext_lazy("Received from (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("Received to (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    raw_code = forms.CharField(
        label=gettext_lazy("With their code"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Only messages with an event of this code."),
    )
    code_list = forms.CharField(label=gettext_lazy("Of the code list"), max_length=32, required=False)


def _start(row: Any, values: Mapping[str, Any], by: User) -> Job:
    said = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
    source = values["source"].code if values["source"] else ""
    return start_reprocess(Slice.of({**said, "source": source}), apply=False, by=by)


def _apply(job: Job, values: Mapping[str, Any], by: User) -> Job:
    return start_reprocess(Slice.of(job.parameters), apply=True, by=by)


def differs(job: Job) -> int:
    """How many events a preview found that would change."""
    counts = job.result.get("counts", {}) if job.kind in (PREVIEW, APPLY) else {}
    return sum(counts.get(name, 0) for name in ("changed", "new", "gone"))


def _page(job: Job) -> str:
    return reverse("admin:partners_job_change", args=[job.pk])


def _progress(job: Job) -> Any:
    if job.state != JobState.RUNNING:
        return cells.two(cells.tag(words.job_state(job.state)), _share(job))
    return cells.two(cells.progress(job.done, job.total, _("Progress of %s") % job), _share(job))


def _share(job: Job) -> str:
    return _("%(done)d of %(total)d") % {"done": job.done, "total": job.total} if job.total else str(job.done)


class JobRoom(ConsoleAdmin):
    related = ("created_by", "partner")
    empty = gettext_lazy("Long work that somebody asks for shows up here: imports, and messages that are read again.")
    search_hint = gettext_lazy("Words of the title")
    page_template = "console/job.html"
    columns = (
        Column("title", gettext_lazy("Job"), lambda j: cells.strong(j.title, j.created_by or _("the system"))),
        Column("state", gettext_lazy("State"), lambda j: cells.pill(words.job_state(j.state)), "state", "c-corner"),
        Column("progress", gettext_lazy("Progress"), _progress),
        Column("asked", gettext_lazy("Asked"), lambda j: cells.ago(j.created_at), "created_at", "c-pair"),
        Column(
            "ended",
            gettext_lazy("Ended"),
            lambda j: cells.ago(j.ended_at) if j.ended_at else cells.nothing(_("not yet")),
            "ended_at",
            "c-pair",
        ),
    )
    views = (
        View(gettext_lazy("Mine"), "who=me"),
        View(gettext_lazy("Running"), "state=running"),
        View(gettext_lazy("Failed"), "state=failed"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="apply",
            label=gettext_lazy("Apply…"),
            permission=_REREAD,
            explain=gettext_lazy(
                "The messages are read again and what differs is changed: old events stay on record, superseded."
            ),
            fits=lambda job: job.kind == PREVIEW and job.state == JobState.DONE and differs(job) > 0,
            perform=_apply,
            done=gettext_lazy("The change is under way."),
            then=_page,
            is_main=True,
            icon="done_all",
        ),
        Action(
            name="cancel",
            label=gettext_lazy("Cancel"),
            permission=_CHANGE,
            in_row=True,
            explain=gettext_lazy("It stops after the step that is under way. What was done stays."),
            fits=lambda job: job.state == JobState.RUNNING,
            perform=lambda job, values, by: cancel_job(job, by=by),
            done=gettext_lazy("Cancelled."),
            is_danger=True,
            submit=gettext_lazy("Stop the job"),
        ),
        Action(
            name="resume",
            label=gettext_lazy("Resume"),
            permission=_CHANGE,
            in_row=True,
            explain=gettext_lazy("It goes on from where it stood."),
            fits=lambda job: job.state in (JobState.FAILED, JobState.CANCELLED),
            perform=lambda job, values, by: resume_job(job, by=by),
            done=gettext_lazy("It goes on."),
            icon="play_arrow",
        ),
        Action(
            name="reprocess",
            label=gettext_lazy("Read messages again…"),
            permission=_REREAD,
            form=ChosenSlice,
            on_list=True,
            is_main=True,
            icon="replay",
            explain=gettext_lazy(
                "With today's readers, mappings and places. First you see what would change; nothing is changed yet."
            ),
            perform=_start,
            done=gettext_lazy("Looking for what would change."),
            then=_page,
            submit=gettext_lazy("Show what would change"),
        ),
    )
    files = (
        File(
            "result",
            gettext_lazy("Result (JSON)"),
            "partners.view_job",
            lambda job: (
                json.dumps(job.result, ensure_ascii=False, indent=2).encode(), "application/json", f"job-{job.pk}.json",
            ),
        ),
    )  # fmt: skip
    facts = ("created_by", "created_at", "ended_at")

    def filters_for(self, request: HttpRequest) -> Sequence[Filter]:
        mine = Q(created_by=person(request))
        return (
            Many("state", gettext_lazy("State"), "state", JobState.choices),
            Choice("who", gettext_lazy("Asked by"), [("me", gettext_lazy("Me"), lambda: mine)]),
        )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return Found(rows.filter(title__icontains=text.replace("\x00", "")[:100]))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        said = Slice.of(row.parameters) if row.kind in (PREVIEW, APPLY) else None
        facts = [
            Fact(_("State"), cells.pill(words.job_state(row.state)), row.error, "bad"),
            Fact(_("Done"), _share(row), f"{row.percent} %" if row.percent is not None else ""),
            *([Fact(_("Messages"), said)] if said else []),
            *(rule_results.facts(row) if row.kind == BACKTEST else []),
            *[fact for fact in facts_of(row, self.facts) if fact.value != "–"],
        ]
        is_running = row.state == JobState.RUNNING
        bar = cells.progress(row.done, row.total, _("Progress")) if is_running else ""
        return {"facts": facts, "bar": bar, "is_running": is_running, "sections": self.sections(request, row)}

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        if row.kind in (PREVIEW, APPLY):
            return _differences(row)
        if row.kind == BACKTEST:
            return rule_results.sections(row, person(request))
        return [_result(row)] if row.result else []


def _result(job: Job) -> Section:
    """Of any kind of job: plain values as facts, the rest as it is."""
    simple = {name: value for name, value in job.result.items() if not isinstance(value, (dict, list))}
    deep = {name: value for name, value in job.result.items() if name not in simple}
    facts = [Fact(name.replace("_", " ").capitalize(), plain(value)) for name, value in simple.items()]
    text = json.dumps(deep, indent=2, ensure_ascii=False)[:20_000] if deep else ""
    return Section(_("Result"), facts=facts, payload=text)


def _differences(job: Job) -> list[Section]:
    counts, kinds = job.result.get("counts", {}), job.result.get("kinds", {})
    found = job.result.get("differences", [])
    facts = [Fact(str(label), counts.get(name, 0)) for name, label in _COUNTS]
    title = _("What changed") if job.kind == APPLY else _("What would change")
    sections = [Section(title, facts=facts)]
    if kinds:
        head = [_("What differs"), _("Events")]
        lines = [[_KINDS.get(kind, kind), count] for kind, count in kinds.items()]
        sections.append(Section(_("Summed up"), head, lines, numeric=frozenset({1})))
    head = [_("Event"), _("Where"), _("What becomes of it"), _("Before and after")]
    names = dict(MilestoneType.objects.values_list("pk", "name"))
    lines = [[_event(one), _where(one), _KINDS.get(one["kind"], one["kind"]), _fields(one, names)] for one in found]
    ended = job.state != JobState.RUNNING
    empty = _("Nothing differs: the events stand as the messages read today.") if ended else _("None was found yet.")
    total = differs(job)
    label = _("Differences")
    if total > len(found):
        label = _("The first %(shown)d of %(n)d differences") % {"shown": len(found), "n": total}
    return [*sections, Section(label, head, lines, empty=empty)]


def _event(one: Mapping[str, Any]) -> Any:
    code = one["raw_code"] or "–"
    return cells.row_link("shipments_event", one["event"], code) if one["event"] else code


def _where(one: Mapping[str, Any]) -> Any:
    address = reverse("admin:shipments_message_change", args=[one["message"]])
    mark = f"?event={one['event']}#hit" if one["event"] else ""
    return cells.link(f"{address}{mark}", one["segment"] or _("event %d") % (one["position"] + 1))


def _fields(one: Mapping[str, Any], names: Mapping[str, str]) -> SafeString:
    parts = []
    for name, (old, new) in one["fields"].items():
        pair = [_shown(names.get(value, value) if name == "code" else value) for value in (old, new)]
        if one["kind"] == "changed":
            parts.append(format_html("<small>{}</small> {}", name.replace("_", " "), arrow(*pair)))
        else:
            parts.append(format_html("{}", pair[0] if one["kind"] == "gone" else pair[1]))
    return cells.lines(parts)


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
