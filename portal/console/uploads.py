"""Tables that people hand in: the list, a new one, its check, its progress and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError, NotVisible
from partners.models import User
from portal.console import cells
from portal.console.actions import Action, person
from portal.console.base import ConsoleAdmin, File, View
from portal.console.fields import ActionForm, Reason
from portal.console.filters import Many, Text
from portal.console.listing import Column, Found
from portal.console.record import Fact
from portal.entry import upload_desk
from portal.presentation import words
from shipments.enums import Format, UploadState
from shipments.models import Source, Upload
from shipments.services import discard_upload, error_file, import_upload, undo_upload

_ADD, _CHANGE = "shipments.add_upload", "shipments.change_upload"
_TABLES = (Format.CSV, Format.AUTO)


class SourceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.code} · {obj.partner}"


class UploadForm(forms.Form):
    source = SourceField(Source.objects.none(), label=gettext_lazy("Source"), empty_label=None)
    file = forms.FileField(label=gettext_lazy("File"), max_length=255)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Source.objects.for_user(by).active().filter(format__in=_TABLES).select_related("partner")
        self.fields["source"].queryset = mine.order_by("code")  # type: ignore[attr-defined]


class Import(ActionForm):
    remember = forms.BooleanField(label=gettext_lazy("Remember the columns for this source"), required=False)


class Undo(Reason):
    """Says how much is taken back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.row is not None:
            count = upload_desk.to_take_back(self.row)
            text = ngettext("%(n)d event is taken back.", "%(n)d events are taken back.", count)
            self.fields["reason"].help_text = text % {"n": count} + " " + _("What others have reported too stays.")


def _is(*states: UploadState) -> Any:
    return lambda upload: upload.state in states


class UploadRoom(ConsoleAdmin):
    related = ("source__partner", "created_by")
    title = gettext_lazy("Uploads")
    search_hint = gettext_lazy("File name")
    empty = gettext_lazy("Tables that people hand in stand here, with what became of them.")
    page_template = "console/upload.html"
    columns = (
        Column(
            "file", gettext_lazy("File"), lambda u: cells.strong(u, f"{u.source.code} · {u.source.partner}"), "filename"
        ),
        Column("state", gettext_lazy("State"), lambda u: cells.pill(words.upload_state(u.state)), "state", "c-corner"),
        Column("ready", gettext_lazy("Ready"), lambda u: u.report.get("ready", 0), "", "c-pair is-number"),
        Column(
            "refused",
            gettext_lazy("With problems"),
            lambda u: u.report.get("refused") or cells.nothing(),
            "",
            "c-pair is-number",
        ),
        Column("by", gettext_lazy("By"), lambda u: u.created_by, "", "c-pair"),
        Column("created", gettext_lazy("Uploaded"), lambda u: cells.ago(u.created_at), "created_at", "c-pair"),
    )
    filters = (
        Many("state", gettext_lazy("State"), "state", UploadState.choices),
        Text("source", gettext_lazy("Source"), ("source__code",), "shipments_source"),
        Text("by", gettext_lazy("Uploaded by (e-mail)"), ("created_by__email",), "partners_user"),
    )
    views = (
        View(gettext_lazy("Waits for a person"), "state=checked"),
        View(gettext_lazy("Imported"), "state=imported"),
        View(gettext_lazy("Everything"), ""),
    )
    operations = (
        Action(
            name="import",
            label=gettext_lazy("Import…"),
            permission=_CHANGE,
            form=Import,
            submit=gettext_lazy("Import"),
            icon="upload",
            fits=lambda upload: upload.state == UploadState.CHECKED and bool(upload.report.get("ready")),
            perform=lambda upload, values, by: import_upload(upload, by=by, remember=values["remember"]),
            done=gettext_lazy("The table is being imported."),
        ),
        Action(
            name="discard",
            label=gettext_lazy("Discard"),
            permission=_CHANGE,
            explain=gettext_lazy("Nothing of the table is reported."),
            fits=_is(UploadState.CHECKING, UploadState.CHECKED),
            perform=lambda upload, values, by: discard_upload(upload, by=by),
            done=gettext_lazy("Discarded."),
        ),
        Action(
            name="undo",
            label=gettext_lazy("Undo the import…"),
            permission=_CHANGE,
            form=Undo,
            submit=gettext_lazy("Take back"),
            is_danger=True,
            fits=_is(UploadState.IMPORTED),
            perform=lambda upload, values, by: undo_upload(upload, reason=values["reason"], by=by),
            done=gettext_lazy("The import is taken back."),
        ),
    )
    files = (
        File("errors", gettext_lazy("Rows with problems"), "shipments.view_upload", lambda upload: errors_of(upload)),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("raw").order_by("-pk")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return Found(rows.filter(filename__icontains=text.replace("\x00", "")[:100]))

    def links_for(self, request: HttpRequest) -> Sequence[tuple[Any, str]]:
        return [(_("Upload a table"), self.address("new"))] if request.user.has_perm(_ADD) else []

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("new/", view(self.new), name="shipments_upload_new"),
            path("<str:key>/columns/", view(self.choose_columns), name="shipments_upload_columns"),
            *super().get_urls(),
        ]

    def new(self, request: HttpRequest) -> HttpResponse:
        """The form; posting it checks the file and leads to what was found. Nothing is reported yet."""
        self._require_view(request)
        if not request.user.has_perm(_ADD):
            raise PermissionDenied
        by = person(request)
        form = UploadForm(request.POST or None, request.FILES or None, by=by)
        if request.method == "POST" and form.is_valid():
            try:
                upload = upload_desk.take(form.cleaned_data["source"], form.cleaned_data["file"], by=by)
                return HttpResponseRedirect(self.address("change", upload.pk))
            except DomainError as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        context = {"title": _("Upload a table"), "form": form, "limit": upload_desk.size_words()}
        response = self._render(request, "console/upload_new.html", context)
        response.status_code = 422 if form.errors else 200
        return response

    def choose_columns(self, request: HttpRequest, key: str) -> HttpResponse:
        """Check the file again with the columns that the person has chosen."""
        self._require_view(request)
        if not request.user.has_perm(_CHANGE):
            raise PermissionDenied
        upload = self._row(request, key)
        if request.method != "POST" or upload.state != UploadState.CHECKED:
            return HttpResponseRedirect(self.address("change", upload.pk))
        try:
            again = upload_desk.with_columns(upload, request.POST, by=person(request))
        except NotVisible as error:
            raise Http404 from error
        return HttpResponseRedirect(self.address("change", again.pk))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        number = request.GET.get("page", "")
        page = int(number) if number.isdecimal() and len(number) < 7 else 1
        view = upload_desk.view_of(row, by=person(request), page=page)
        return {
            "view": view,
            "facts": _facts(row, view),
            "columns_url": self.address("columns", row.pk),
            "import_url": self.address("do_row", row.pk, "import"),
            "discard_url": self.address("do_row", row.pk, "discard"),
            "undo_url": self.address("do_row", row.pk, "undo"),
            "errors_url": self.address("file", row.pk, "errors"),
            "may_change": request.user.has_perm(_CHANGE),
            "row_actions": [],
            "row_files": [],
        }


def _facts(upload: Upload, view: upload_desk.View) -> list[Fact]:
    facts = [
        Fact(_("State"), str(words.upload_state(upload.state))),
        Fact(
            _("Source"), cells.row_link("shipments_source", upload.source_id, upload.source.code), upload.source.partner
        ),
        Fact(_("Uploaded"), cells.moment(upload.created_at), upload.created_by),
    ]
    if view.message is not None:
        facts.append(Fact(_("Message"), cells.row_link("shipments_message", view.message.pk, _("Open"))))
    return facts


def errors_of(upload: Upload) -> tuple[Iterator[bytes], str, str]:
    """The rows with problems as a download: (bytes, content type, file name)."""
    stem = (upload.filename or "table").rpartition(".")[0] or "table"
    return error_file(upload), "text/csv; charset=utf-8", f"{stem}-problems.csv"
