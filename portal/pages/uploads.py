"""A partner's people hand in tables: the list with a form, and the page of one from its check to its end."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from partners.access import granted_partners
from partners.enums import Permission
from partners.models import Partner, User
from portal.entry import upload_desk
from portal.pages.base import Page, page_of
from portal.presentation import times, words
from shipments.enums import UploadState
from shipments.models import Upload
from shipments.services import discard_upload, error_file, import_upload, table_source, undo_upload


class UploadForm(forms.Form):
    partner = forms.ModelChoiceField(Partner.objects.none(), label=gettext_lazy("For"), empty_label=None)
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partners = granted_partners(by, Permission.REPORT_EVENTS).order_by("name")
        field = self.fields["partner"]
        field.queryset = partners  # type: ignore[attr-defined]
        only = list(partners[:2])
        if len(only) == 1:
            field.initial, field.widget = only[0], forms.HiddenInput()


class _Uploads(Page):
    room: ClassVar[str] = "uploads"

    def own(self) -> QuerySet[Upload]:
        self.must(self.may_report, Permission.REPORT_EVENTS)
        return Upload.objects.for_user(self.person).select_related("source__partner", "created_by").defer("raw")


class UploadList(_Uploads):
    template_name = "portal/uploads.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(UploadForm(by=self.person))

    def post(self, request: HttpRequest) -> HttpResponse:
        self.own()
        form = UploadForm(request.POST, request.FILES, by=self.person)
        if form.is_valid():
            try:
                source = table_source(form.cleaned_data["partner"], by=self.person)
                upload = upload_desk.take(source, form.cleaned_data["file"], by=self.person)
                return HttpResponseRedirect(reverse("pages:upload", args=[upload.public_id]))
            except DomainError as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return self._show(form)

    def _show(self, form: UploadForm) -> HttpResponse:
        rows, following = page_of(self.own(), self.request.GET.get("after", ""))
        context = self.get_context_data(
            uploads=[
                (one, words.upload_state(one.state), times.local(one.created_at, self.person.time_zone or "UTC"))
                for one in rows
            ],
            form=form,
            limit=upload_desk.size_words(),
            following=following,
            is_first=not self.request.GET.get("after"),
        )
        return self.render_to_response(context, status=400 if form.is_bound else 200)


class UploadPage(_Uploads):
    template_name = "portal/upload.html"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return self._show(self._find(public_id))

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        upload = self._find(public_id)
        try:
            upload = self._do(upload, request.POST.get("step", ""))
        except DomainError as refused:
            return self._show(upload, problem=refused.message)
        if upload.state == UploadState.DISCARDED:
            messages.success(request, _("Discarded. Nothing of it was reported."))
            return HttpResponseRedirect(reverse("pages:uploads"))
        return HttpResponseRedirect(reverse("pages:upload", args=[upload.public_id]))

    def _do(self, upload: Upload, step: str) -> Upload:
        """What the pressed button asks for; returns the upload whose page comes next."""
        said = self.request.POST
        if step == "import":
            import_upload(upload, by=self.person, remember=said.get("remember") == "on")
        elif step == "discard":
            discard_upload(upload, by=self.person)
        elif step == "undo":
            undo_upload(upload, reason=said.get("reason", ""), by=self.person)
        elif step == "columns" and upload.state == UploadState.CHECKED:
            return upload_desk.with_columns(upload, said, by=self.person)
        return upload

    def _find(self, public_id: UUID) -> Upload:
        self.own()
        return self.find(Upload.objects.select_related("source__partner", "created_by"), public_id)

    def _show(self, upload: Upload, problem: str = "") -> HttpResponse:
        number = self.request.GET.get("page", "")
        page = int(number) if number.isdecimal() and len(number) < 7 else 1
        context = self.get_context_data(
            view=upload_desk.view_of(upload, by=self.person, page=page),
            upload=upload,
            word=words.upload_state(upload.state),
            problem=problem,
            columns_url=self.request.path,
            errors_url=reverse("pages:upload_errors", args=[upload.public_id]),
            to_take_back=upload_desk.to_take_back(upload) if upload.state == UploadState.IMPORTED else 0,
        )
        return self.render_to_response(context, status=400 if problem else 200)


class UploadErrors(_Uploads):
    """The rows with problems, to put right and hand in again."""

    def get(self, request: HttpRequest, public_id: UUID) -> StreamingHttpResponse:
        self.own()
        upload = self.find(Upload.objects.select_related("source"), public_id)
        response = StreamingHttpResponse(error_file(upload), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="problems.csv"'
        response["X-Content-Type-Options"] = "nosniff"
        return response
