"""The page of the ingest clinic: paste a payload and see what would become of it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from portal.clinic import DUPLICATE, MOST_BYTES, MOST_EVENTS, NEW, REPEATED, Finding, Found, examine
from portal.console import cells
from portal.console.actions import person
from portal.console.effects import presented
from portal.console.event_log import happened
from portal.console.fields import ActionForm, SourceField
from portal.console.mappings import format_name, page_of
from portal.console.payloads import lines_of, marked, places_of
from portal.console.record import Fact, Section
from portal.presentation import words
from shipments.enums import Format, ZoneCertainty
from shipments.formats.registry import FORMATS

PERMISSION = "shipments.change_message"


class Payload(ActionForm):
    payload = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "is-mono"}),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        help_text=gettext_lazy("5 MiB at most; it goes before the text."),
    )
    source = SourceField(
        label=gettext_lazy("As if it came from the source"),
        required=False,
        help_text=gettext_lazy("Its mappings, places, zone and options hold."),
    )
    format = forms.ChoiceField(
        label=gettext_lazy("Or in the format"),
        required=False,
        initial=Format.AUTO.value,
        choices=[(value, words) for value, words in Format.choices if value in FORMATS],
    )

    def raw(self) -> bytes:
        """The bytes of the file, or of the text."""
        file = self.cleaned_data["file"]
        if file is None:
            text: str = self.cleaned_data["payload"]
            return text.encode("utf-8", "surrogateescape")
        if file.size > MOST_BYTES:
            raise DomainError("too_large", _("The clinic takes 5 MiB at most. Try a part of it."), field="file")
        content: bytes = file.read()
        return content


def page(request: HttpRequest, frame: Mapping[str, Any]) -> HttpResponse:
    """The form, and below it what was found out."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    by = person(request)
    is_sent = request.method == "POST"
    form = Payload(request.POST if is_sent else None, request.FILES if is_sent else None, by=by)
    context: dict[str, Any] = {**frame, "title": _("Ingest clinic"), "form": form}
    if is_sent and form.is_valid():
        try:
            raw = form.raw()
            source = form.cleaned_data["source"]
            finding = examine(raw, by=by, source=source, format=form.cleaned_data["format"] or Format.AUTO.value)
            context |= _shown(finding, raw)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
    return render(request, "console/clinic.html", context, status=422 if form.errors else 200)


def _shown(finding: Finding, raw: bytes) -> dict[str, Any]:
    return {
        "finding": finding,
        "facts": _facts(finding),
        "sections": _sections(finding, raw),
        "changed": presented(finding.trial.changed),
        "left_out": finding.trial.left_out,
    }


def _facts(finding: Finding) -> list[Fact]:
    new, stored, repeated = (finding.count(standing) for standing in (NEW, DUPLICATE, REPEATED))
    changed = len(finding.trial.changed)
    known = _("These bytes came from this source before.") if finding.is_known else ""
    return [
        Fact(_("Read as"), format_name(finding.format) if finding.format in Format.values else finding.format),
        Fact(_("The message would be"), cells.pill(words.message_state(finding.state)), known),
        Fact(_("New events"), new),
        Fact(_("Known already"), stored, _("%d said twice here") % repeated if repeated else ""),
        Fact(_("Wait for something"), sum(bool(found.waits) for found in finding.events)),
        Fact(_("Shipments that change"), changed),
    ]


def _sections(finding: Finding, raw: bytes) -> list[Section]:
    sections = []
    if finding.errors:
        head = [_("Problem"), _("What is wrong"), _("Where"), _("Element"), _("What stands there")]
        lines = [
            [e.get("code", ""), e.get("message", ""), e.get("segment", ""), e.get("element", ""), e.get("snippet", "")]
            for e in finding.errors
        ]
        sections.append(Section(_("Problems"), head, lines))
    if finding.envelopes:
        head = [_("Interchange"), _("From"), _("To"), _("Standard"), _("Messages in it")]
        lines = [[e.number, e.sender, e.receiver, e.standard.upper(), len(e.sets)] for e in finding.envelopes]
        sections.append(Section(_("Envelopes"), head, lines))
    head = [_("Where"), _("Their code"), _("Means"), _("Happened"), _("Zone"), _("Place"), _("About"), _("Then")]
    lines = [_event(found) for found in finding.events]
    title = _("Events")
    if finding.left_out:
        title = _("The first %(shown)d events; %(more)d more") % {"shown": MOST_EVENTS, "more": finding.left_out}
    sections.append(Section(title, head, lines, empty=_("No event was found in it.")))
    hits = places_of(raw, [str(error.get("segment", "")) for error in finding.errors])
    return [*sections, Section(_("The message"), payload=marked(lines_of(raw), hits))]


def _event(found: Found) -> list[Any]:
    event = found.event
    return [
        found.segment or _("event %d") % (found.position + 1),
        cells.two(event.raw_code or "–", event.code_list),
        cells.two(event.code.name, _decided(found)),
        cells.two(happened(event), _("said: %s") % event.wall_time.replace("T", " ") if event.wall_time else ""),
        cells.two(event.time_zone or "–", _certainty(event.zone_certainty)),
        _place(found),
        _about(found),
        _fate(found),
    ]


def _decided(found: Found) -> Any:
    how = found.event.get_classifier_display()
    mapping = found.mapping
    if not found.is_mapped:
        return _("%s · nobody mapped it") % how
    if mapping is None:
        return _("%s · our own code") % how
    who = mapping.source.code if mapping.source else format_name(mapping.format)
    return format_html("{} · {}", how, cells.link(page_of(mapping), _("mapping of %s") % who))


def _certainty(value: str) -> str:
    return str(ZoneCertainty(value).label) if value else ""


def _place(found: Found) -> Any:
    event = found.event
    if event.location is None:
        said = event.location_text or "–"
        return cells.two(said, _("not known")) if event.location_text else cells.nothing()
    return cells.two(event.location.name, event.location.code)


def _about(found: Found) -> Any:
    named = [f"{said.get('type', '')} {said.get('value', '')}" for said in found.event.references]
    named += [found.event.equipment] if found.event.equipment else []
    links = [cells.row_link("shipments_shipment", one.pk, one.reference) for one in found.shipments]
    return cells.two(cells.lines(links) if links else cells.nothing(_("no shipment")), ", ".join(named))


def _fate(found: Found) -> Any:
    said: list[Any] = []
    if found.standing == DUPLICATE:
        said.append(cells.row_link("shipments_event", found.event.pk, _("stored before")))
    if found.standing == REPEATED:
        said.append(_("said before in this message"))
    said += [cells.tag(words.wait_reason(reason)) for reason in found.waits]
    if found.event.quarantine:
        said.append(found.event.quarantine)
    return cells.lines(said) if said else _("counts")
