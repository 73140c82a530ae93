"""An upload as console and portal show it: the check, the columns to confirm, the progress, what became of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partners.enums import JobState
from partners.models import Job, User
from portal.presentation import times
from portal.presentation.times import LocalTime
from shipments.enums import MessageState, UploadState, WaitReason
from shipments.models import Event, Message, Source, Upload
from shipments.services import RowOutcome, check_of, check_upload, discard_upload, outcomes_of
from shipments.zones import load_zone

PAGE = 100
# Seconds after which a page that shows progress asks again.
REFRESH = 2
# Our field → what people are asked for, the needed ones first.
COLUMNS: dict[str, Any] = {
    "code": gettext_lazy("Milestone or status code"),
    "occurred_at": gettext_lazy("Date and time"),
    "date": gettext_lazy("Date alone"),
    "time": gettext_lazy("Time alone"),
    "unit": gettext_lazy("Container or other unit"),
    "reference": gettext_lazy("Reference"),
    "reference_type": gettext_lazy("Kind of the reference"),
    "shipment": gettext_lazy("Our shipment reference"),
    "po": gettext_lazy("Purchase order"),
    "booking": gettext_lazy("Booking"),
    "mbl": gettext_lazy("Master bill of lading"),
    "hbl": gettext_lazy("House bill of lading"),
    "mawb": gettext_lazy("Air waybill"),
    "unlocode": gettext_lazy("Place (UN/LOCODE)"),
    "place": gettext_lazy("Place by name"),
    "country": gettext_lazy("Country"),
    "classifier": gettext_lazy("Actual, estimated or planned"),
    "time_zone": gettext_lazy("Time zone"),
    "remarks": gettext_lazy("Remarks"),
}
# A field with a problem → the column of the check that it stands in.
_SPOTS = {
    "code": "code", "classifier": "code", "occurred_at": "when", "date": "when", "time": "when", "time_zone": "when",
    "unlocode": "place", "place": "place", "country": "place", "facility": "place",
}  # fmt: skip
_GOES: dict[str, tuple[str, Any]] = {
    "duplicate": ("info", gettext_lazy("known already")),
    "unmatched": ("warn", gettext_lazy("waits: no shipment known")),
    "ambiguous": ("warn", gettext_lazy("waits: several shipments fit")),
    "quarantined": ("warn", gettext_lazy("waits: doubtful date")),
}
_BECAME: dict[str, tuple[str, Any]] = {
    "matched": ("ok", gettext_lazy("matched")),
    "waiting": ("warn", gettext_lazy("waits")),
    "duplicate": ("info", gettext_lazy("known before")),
    "undone": ("mute", gettext_lazy("taken back")),
}


@dataclass(slots=True)
class Line:
    """A row of the check. `wrong`: where the problem stands (reference, code, when, place); `value`: what is there."""

    row: int
    reference: str = ""
    code: str = ""
    foreign: bool = False
    when: LocalTime | None = None
    place: str = ""
    shipment: str = ""
    shipment_id: str = ""
    tone: str = ""
    goes: str = ""
    wrong: str = ""
    value: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    row: str
    what: str
    reference: str
    when: LocalTime | None
    tone: str
    word: str
    detail: str
    shipments: Sequence[Any]


@dataclass(slots=True)
class View:
    """`state`: checking, stopped (the check is), check, columns, refused, reading, failed, result, discarded, undoing,
    undone. `refresh`: in seconds."""

    upload: Upload
    state: str
    report: Mapping[str, Any]
    lines: list[Line] = field(default_factory=list)
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    message: Message | None = None
    job: Job | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    counts: list[tuple[str, str]] = field(default_factory=list)
    percent: int = 0
    page: int = 1
    pages: int = 1

    @property
    def refresh(self) -> int:
        return REFRESH if self.state in ("checking", "reading", "undoing") else 0

    @property
    def import_words(self) -> str:
        ready = int(self.report.get("ready", 0))
        return ngettext("Import %(n)d row", "Import %(n)d rows", ready) % {"n": ready}

    @property
    def ready_words(self) -> str:
        return _("%(n)d ready") % {"n": self.report.get("ready", 0)}

    @property
    def refused_words(self) -> str:
        refused = int(self.report.get("refused", 0))
        return ngettext("%(n)d with a problem", "%(n)d with problems", refused) % {"n": refused}

    @property
    def checking_words(self) -> str:
        """How far the check is. How many rows there are is known at its end."""
        found = self.job.result if self.job else {}
        rows = int(found.get("ready", 0)) + int(found.get("refused", 0))
        said = ngettext("%(n)d row checked", "%(n)d rows checked", rows)
        return f"{said % {'n': rows}} · {self.percent} %"

    @property
    def reading_words(self) -> str:
        """How far it is; a small table is read at once, a large one says rows."""
        done = self.message.events_read if self.message else 0
        return _("%(done)d of %(all)d rows") % {"done": done, "all": self.report.get("ready", 0)}

    @property
    def unmapped(self) -> list[tuple[str, int]]:
        return list(self.report.get("unmapped", {}).items())[:20]

    @property
    def unseen(self) -> int:
        """Rows that are not among the lines shown."""
        return max(0, int(self.report.get("rows", 0)) - len(self.lines))

    @property
    def may_remember(self) -> bool:
        return bool(self.upload.column_mapping) and self.upload.column_mapping != self.upload.source.column_mapping


def size_words() -> str:
    said = _("CSV or Excel (XLSX), %(mib)d MiB at most, with a row of headings such as %(headings)s.")
    return said % {"mib": settings.WAYMARK_PARSE_LIMIT >> 20, "headings": "reference, event, date, time, unlocode"}


def take(source: Source, file: UploadedFile[Any], *, by: User) -> Upload:
    """Have the file checked. Raises DomainError as check_upload."""
    # One byte more than is allowed is enough to be refused.
    raw = file.read(settings.WAYMARK_PARSE_LIMIT + 1)
    return check_upload(source, raw, filename=file.name or "", column_mapping=None, by=by)


def with_columns(upload: Upload, said: QueryDict, *, by: User) -> Upload:
    """The same file checked again with the columns that the person has chosen; the first check is discarded."""
    headings = set(upload.report.get("headings", ()))
    chosen = {name: heading for name in COLUMNS if (heading := said.get(f"column_{name}", "")) in headings}
    if (order := said.get("date_order", "")) in ("DMY", "MDY"):
        chosen["date_order"] = order
    if (zone := said.get("zone", "").strip()) and load_zone(zone):
        chosen.setdefault("time_zone", zone)
    again = check_upload(
        upload.source,
        bytes(upload.raw),
        filename=upload.filename,
        column_mapping={**_cleared(upload.source), **chosen},
        by=by,
    )
    discard_upload(upload, by=by)
    return again


def _cleared(source: Source) -> dict[str, str]:
    """What the source's mapping says is not what the person has chosen."""
    return dict.fromkeys(COLUMNS.keys() & source.column_mapping.keys(), "")


def view_of(upload: Upload, *, by: User, page: int = 1) -> View:
    """Everything that the page of an upload shows."""
    message = Message.objects.without_raw().filter(pk=upload.message_id).first() if upload.message_id else None
    job = _job_of(upload)
    view = View(upload, _state(upload, message, job), upload.report, message=message, job=job)
    if view.state in ("check", "columns", "refused", "discarded"):
        view.lines = _lines(upload.report)
        # Without rows there is no table in which a problem of a row could stand.
        problems, has_rows = upload.report.get("problems", ()), bool(upload.report.get("rows"))
        view.whole = [problem["message"] for problem in problems if not (problem["row"] and has_rows)]
        view.fields = _fields(upload)
    elif view.state in ("result", "undone", "undoing") and message is not None:
        view.pages = max(1, -(-(message.events_found + message.events_duplicate) // PAGE))
        view.page = min(max(1, page), view.pages)
        view.outcomes = [_outcome(one) for one in outcomes_of(upload, by=by, first=(view.page - 1) * PAGE, count=PAGE)]
        view.counts = _counts(message, upload.report) if view.state == "result" else []
    if view.state == "reading" and message is not None:
        view.percent = message.progress
    if job is not None:
        view.percent = job.percent or 0
    return view


def to_take_back(upload: Upload) -> int:
    """How many events an undo would take back: those of the import that count still."""
    rows = Event.objects.filter(message__uploads=upload, occurred_at__isnull=False)
    corrected = Event.objects.filter(supersedes__in=rows.values("pk")).values("supersedes")
    return rows.exclude(pk__in=corrected).count()


def _job_of(upload: Upload) -> Job | None:
    """What the workers do with it, beside reading it."""
    if upload.state == UploadState.CHECKING:
        return check_of(upload)
    if upload.state != UploadState.UNDONE:
        return None
    return Job.objects.filter(kind="undo_upload", parameters__upload=upload.pk).order_by("-pk").first()


def _state(upload: Upload, message: Message | None, job: Job | None) -> str:
    if upload.state == UploadState.CHECKED:
        if upload.report.get("rows"):
            return "check"
        return "columns" if upload.report.get("headings") else "refused"
    if upload.state == UploadState.CHECKING:
        return "checking" if _runs(job) else "stopped"
    if upload.state == UploadState.DISCARDED:
        return "discarded"
    if upload.state == UploadState.UNDONE:
        return "undoing" if _runs(job) else "undone"
    if message is None or message.state == MessageState.RECEIVED:
        return "reading"
    return "failed" if message.state in (MessageState.REJECTED, MessageState.PARKED) else "result"


def _runs(job: Job | None) -> bool:
    return job is not None and job.state == JobState.RUNNING


# --- the check -----------------------------------------------------------------------------------------------------


def _lines(report: Mapping[str, Any]) -> list[Line]:
    lines = [_ready(row) for row in report.get("preview", ())]
    lines += [_wrong(problem) for problem in report.get("problems", ()) if problem["row"]]
    return sorted(lines, key=lambda line: line.row)


def _ready(row: Mapping[str, Any]) -> Line:
    tone, goes = _GOES.get(row["status"], ("", ""))
    when = times.local(datetime.fromisoformat(row["occurred_at"]) if row["occurred_at"] else None, row["time_zone"])
    names = [row["unit"], *(value for _kind, value in row["references"])]
    return Line(
        row["row"],
        reference=", ".join(dict.fromkeys(filter(None, names))),
        code=row["code"] or row["raw_code"],
        foreign=not row["code"],
        when=when,
        place=row["place"],
        shipment=row["shipment"],
        shipment_id=row["shipment_id"],
        tone=tone,
        goes=str(goes),
    )


def _wrong(problem: Mapping[str, Any]) -> Line:
    return Line(
        problem["row"],
        tone="bad",
        goes=_("skipped"),
        wrong=_SPOTS.get(problem["field"], "reference"),
        value=_excerpt(problem["value"]),
        message=problem["message"],
    )


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _fields(upload: Upload) -> list[tuple[str, str, str]]:
    """(our field, words, the heading it is taken from) of every column a person may choose."""
    chosen = {**upload.report.get("proposed", {}), **{k: v for k, v in upload.column_mapping.items() if v}}
    return [(name, str(words), str(chosen.get(name, ""))) for name, words in COLUMNS.items()]


# --- the result ----------------------------------------------------------------------------------------------------


def _outcome(one: RowOutcome) -> Outcome:
    tone, word = _BECAME[one.status]
    event = one.event
    names = [event.equipment, *(ref.get("value", "") for ref in event.references)]
    return Outcome(
        row=one.row,
        what=event.code.name if event.code_id != "INFO" else event.raw_code,
        reference=", ".join(dict.fromkeys(filter(None, names))),
        when=times.local(event.occurred_at, event.time_zone),
        tone=tone,
        word=str(word),
        detail=", ".join(str(WaitReason(reason).label) for reason in one.reasons) if one.status == "waiting" else "",
        shipments=one.shipments,
    )


def _counts(message: Message, report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(tone, words) of all that became of the rows; what did not occur is left out."""
    waiting = message.events_unmatched + message.events_unmapped + message.events_quarantined
    found = [
        ("ok", message.events_matched, _("%(n)d matched")),
        ("warn", waiting, ngettext("%(n)d waits", "%(n)d wait", waiting)),
        ("info", message.events_duplicate, _("%(n)d known before")),
        ("bad", int(report.get("refused", 0)), _("%(n)d left out")),
    ]
    return [(tone, words % {"n": n}) for tone, n, words in found if n]
