"""What came of a back-test: on its job's page, and in a line on the page of the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _

from milestones.models import ExceptionRule
from milestones.services.backtesting import JOB
from milestones.services.rule_drafts import draft_from, draft_of
from partners.enums import JobState
from partners.models import Job, User
from portal.console import cells
from portal.console.record import Fact, Section
from portal.presentation.conditions import outline
from shipments.models import Shipment


def backtests(by: User) -> QuerySet[Job]:
    """The back-tests that this person may see."""
    rows: QuerySet[Job] = Job.objects.for_user(by).filter(kind=JOB)
    return rows


def last_of(rule: ExceptionRule, by: User) -> Job | None:
    """The last finished back-test of the rule exactly as it stands."""
    tried = backtests(by).filter(state=JobState.DONE, parameters__definition=draft_of(rule).definition)
    return tried.order_by("-pk").first()


def page_of(job: Job) -> str:
    return reverse("admin:partners_job_change", args=[job.pk])


def brief(job: Job) -> str:
    """One sentence for a person who is about to enable the rule."""
    result = job.result
    return _("Tried on %(shipments)d shipments: it would have opened %(opened)d cases; noise %(noise)s.") % {
        "shipments": result["shipments"],
        "opened": result["opened"] + result["standing"],
        "noise": _percent(result["noise_percent"]),
    }


def _percent(share: int | None) -> str:
    return _("not known") if share is None else f"{share} %"


def facts(job: Job) -> list[Fact]:
    """Where the draft goes on from here."""
    draft = job.parameters["definition"]
    rule = ExceptionRule.objects.filter(code=draft["code"]).first()
    room = "admin:milestones_exceptionrule"
    address = reverse(f"{room}_edit", args=[rule.pk]) if rule else reverse(f"{room}_new")
    link = cells.link(f"{address}?draft={job.pk}", _("Go on with this draft"))
    return [Fact(_("Rule"), draft["name"] or draft["code"], link)]


def sections(job: Job, by: User) -> list[Section]:
    """The counts, the weeks, the examples, and what was tried; empty before the first step."""
    result = job.result
    tried = Section(_("What was tried"), payload=outline(draft_from(job.parameters["definition"]).condition))
    if not result:
        return [tried]
    return [
        Section(_("What it would have done"), facts=_counts(result)),
        _weeks(result["weeks"]),
        _examples(result["examples"], by),
        _missed(result["missed_examples"], by),
        tried,
    ]


def _counts(result: Mapping[str, Any]) -> list[Fact]:
    limit = _("the newest ones; there are more") if result["is_limited"] else ""
    median = result["median_minutes"]
    left_out = result["failed"] + result["cut_short"]
    return [
        Fact(_("Shipments looked at"), result["shipments"], limit),
        Fact(_("Cases it would have opened"), result["opened"], _("on %d shipments") % result["hit_shipments"]),
        Fact(_("Open already at the beginning"), result["standing"]),
        Fact(_("Still open at the end"), result["still_open"]),
        Fact(_("Open for, in the middle"), _("not known") if median is None else cells.rough(median)),
        Fact(_("Taken up by a person"), _percent(result["acted_on_percent"]), _("of cases of the same kind there")),
        Fact(
            _("Late and not foreseen"),
            _percent(result["missed_percent"]),
            _("%(missed)d of %(late)d shipments that ended late had no case") % result,
        ),
        Fact(
            _("Noise"),
            _percent(result["noise_percent"]),
            _("cases on shipments that ended on time, and that nobody took up"),
        ),
        *([Fact(_("Not looked at to the end"), left_out, "", "warn")] if left_out else []),
    ]


def _weeks(weeks: Mapping[str, int]) -> Section:
    most = max(weeks.values(), default=1)
    lines = [
        [cells.day(parse_date(monday)), count, cells.progress(count, most, _("Cases of the week"))]
        for monday, count in weeks.items()
    ]
    head = [_("Week from"), _("Cases"), ""]
    return Section(_("Per week"), head, lines, empty=_("It would have opened none."), numeric=frozenset({1}))


def _examples(examples: list[dict[str, Any]], by: User) -> Section:
    known = _known([each["id"] for each in examples], by)
    lines = [
        [
            cells.two(_shipment(each, known), each["summary"]),
            cells.two(cells.moment(parse_datetime(each["opened_at"])), _closed(each["closed_at"])),
        ]
        for each in examples
    ]
    head = [_("Shipment"), _("Opened, and closed")]
    return Section(_("Examples"), head, lines, empty=_("It would have opened none."))


def _closed(at: str | None) -> Any:
    return cells.moment(parse_datetime(at)) if at else _("still open")


def _missed(missed: list[dict[str, Any]], by: User) -> Section:
    known = _known([each["id"] for each in missed], by)
    lines = [[_shipment(each, known)] for each in missed]
    return Section(_("Ended late without a case"), [_("Shipment")], lines, empty=_("None did."))


def _known(ids: list[str], by: User) -> dict[str, int]:
    """Of the shipments that this person may see: public id → key."""
    rows = Shipment.objects.for_user(by).filter(public_id__in=ids)
    return {str(public_id): pk for public_id, pk in rows.values_list("public_id", "pk")}


def _shipment(example: Mapping[str, Any], known: Mapping[str, int]) -> Any:
    pk = known.get(example["id"])
    return cells.row_link("shipments_shipment", pk, example["reference"]) if pk else format_html("{}", "–")
