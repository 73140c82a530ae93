"""Papers of a shipment: what is there for this person, and handing one in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from partners.enums import Permission
from partners.models import User
from portal.pages.base import Page
from portal.presentation import times
from portal.presentation.documents import ACCEPTED, taken_words
from portal.presentation.times import LocalTime
from shipments.enums import DocumentAudience, DocumentType
from shipments.models import Document, Shipment
from shipments.services import body_of, file_document, may_file

_SHOWN = 100
# As those outside the house say it.
_AUDIENCES = [
    (DocumentAudience.INTERNAL.value, gettext_lazy("Only the forwarder")),
    (DocumentAudience.PARTNER.value, gettext_lazy("The forwarder and the partners who handle it")),
    (DocumentAudience.CUSTOMER.value, gettext_lazy("Everybody on this shipment")),
]


@dataclass(frozen=True, slots=True)
class Paper:
    """A line of the list, its time on the person's own clock."""

    document: Document
    size: str
    received: LocalTime | None


class DocumentForm(forms.Form):
    type = forms.ChoiceField(label=gettext_lazy("What it is"), choices=DocumentType.choices)
    file = forms.FileField(
        label=gettext_lazy("File"), max_length=255, widget=forms.FileInput(attrs={"accept": ACCEPTED})
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("Who may see it"), choices=_AUDIENCES, initial=DocumentAudience.INTERNAL.value
    )


def papers_of(shipment: Shipment, user: User) -> list[Paper]:
    """The documents of the shipment that are for this person. One query, without their bytes."""
    rows = Document.objects.standing().for_user(user).without_body().filter(shipment=shipment)
    zone = user.time_zone or "UTC"
    return [Paper(d, filesizeformat(d.size), times.local(d.received_at, zone)) for d in rows.order_by("-pk")[:_SHOWN]]


class FileDocument(Page):
    """The form, and what becomes of it."""

    template_name = "portal/document.html"
    room: ClassVar[str] = "shipments"

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return self._form(self._shipment(public_id), DocumentForm())

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        shipment = self._shipment(public_id)
        form = DocumentForm(request.POST, request.FILES)
        if form.is_valid() and self._file(shipment, form):
            messages.success(request, _("Thank you. The document is filed."))
            return HttpResponseRedirect(reverse("pages:shipment", args=[shipment.public_id]))
        return self._form(shipment, form)

    def _shipment(self, public_id: UUID) -> Shipment:
        shipment = self.find(Shipment.objects.select_related("origin", "destination"), public_id)
        self.must(may_file(shipment, self.person), Permission.REPORT_EVENTS)
        return shipment

    def _file(self, shipment: Shipment, form: DocumentForm) -> bool:
        """Whether the service took it; its refusal becomes an error of the form."""
        said: dict[str, Any] = form.cleaned_data
        file = said["file"]
        # One byte more than is allowed is enough to be refused.
        body = file.read(settings.WAYMARK_DOCUMENT_BYTES + 1)
        try:
            file_document(
                shipment, body=body, by=self.person, type=said["type"], name=file.name, audience=said["audience"]
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            return False
        return True

    def _form(self, shipment: Shipment, form: DocumentForm) -> HttpResponse:
        context = self.get_context_data(shipment=shipment, title=shipment.reference, form=form, taken=taken_words())
        return self.render_to_response(context, status=400 if form.is_bound else 200)


class DocumentFile(Page):
    """The bytes as they were filed, to keep and never to be shown as a page of ours."""

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        document = self.find(Document.objects.standing().without_body(), public_id)
        response = HttpResponse(body_of(document), content_type=document.content_type)
        response["Content-Disposition"] = content_disposition_header(True, document.name) or ""
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response
