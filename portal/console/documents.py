"""Papers of shipments: the room, the dialog that files one, and the section on the page of a shipment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User
from portal.console import cells
from portal.console.actions import Action
from portal.console.base import ConsoleAdmin, File, View
from portal.console.fields import ActionForm, Reason
from portal.console.filters import Choice, Days, Many, Text
from portal.console.listing import Column, Found, by_reference
from portal.console.record import Fact, Section, facts_of
from portal.presentation.documents import ACCEPTED, taken_words
from shipments.enums import DocumentAudience, DocumentType
from shipments.models import Document, Shipment
from shipments.services import body_of, file_document, withdraw_document

# A paper is part of its shipment: who may look at that, or change it.
VIEW, CHANGE = "shipments.view_shipment", "shipments.change_shipment"
_SHOWN = 100


class FileDocument(ActionForm):
    type = forms.ChoiceField(label=gettext_lazy("What it is"), choices=DocumentType.choices)
    file = forms.FileField(
        label=gettext_lazy("File"), max_length=255, widget=forms.FileInput(attrs={"accept": ACCEPTED})
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("Who may see it"), choices=DocumentAudience.choices, initial=DocumentAudience.INTERNAL
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = taken_words()


def file_paper(shipment: Shipment, values: Mapping[str, Any], by: User) -> Document:
    """What the dialog does."""
    file = values["file"]
    # One byte more than is allowed is enough to be refused.
    body = file.read(settings.WAYMARK_DOCUMENT_BYTES + 1)
    document, _is_new = file_document(
        shipment, body=body, by=by, type=values["type"], name=file.name, audience=values["audience"]
    )
    return document


def _download(document: Document) -> tuple[bytes, str, str]:
    return body_of(document), document.content_type, document.name


def _stands(document: Document) -> bool:
    return document.withdrawn_at is None


def _state(document: Document) -> Any:
    if _stands(document):
        return cells.nothing(_("stands"))
    return cells.two(_("Withdrawn"), document.withdraw_reason)


def _named(document: Document) -> Any:
    name = cells.link(reverse("admin:shipments_document_file", args=[document.pk, "body"]), document.name)
    return cells.two(name, filesizeformat(document.size))


class DocumentRoom(ConsoleAdmin):
    related = ("shipment__customer", "received_by")
    search_hint = gettext_lazy("Reference or container of the shipment")
    empty = gettext_lazy("Documents that are filed on shipments stand here.")
    columns = (
        Column("type", gettext_lazy("Document"), lambda d: cells.strong(d.get_type_display(), d.name), "type"),
        Column(
            "shipment",
            gettext_lazy("Shipment"),
            lambda d: cells.two(cells.row_link("shipments_shipment", d.shipment_id, d.shipment), d.shipment.customer),
        ),
        Column("size", gettext_lazy("Size"), lambda d: filesizeformat(d.size), "size", "c-pair is-number"),
        Column("audience", gettext_lazy("Who may see it"), lambda d: d.get_audience_display(), "audience", "c-pair"),
        Column("withdrawn", gettext_lazy("Withdrawn"), _state, "withdrawn_at", "c-pair"),
        Column("by", gettext_lazy("By"), lambda d: d.received_by or cells.nothing(), "", "c-pair"),
        Column("received", gettext_lazy("Received"), lambda d: cells.ago(d.received_at), "received_at", "c-pair"),
    )
    filters = (
        Many("type", gettext_lazy("Type"), "type", DocumentType.choices),
        Many("audience", gettext_lazy("Who may see it"), "audience", DocumentAudience.choices),
        Choice(
            "stands",
            gettext_lazy("Stands"),
            [
                ("yes", gettext_lazy("Standing"), lambda: Q(withdrawn_at=None)),
                ("no", gettext_lazy("Withdrawn"), lambda: Q(withdrawn_at__isnull=False)),
            ],
        ),
        Text(
            "customer", gettext_lazy("Customer"), ("shipment__customer__code", "shipment__customer__name"),
            "partners_partner",
        ),
        Days("received", gettext_lazy("Received"), "received_at"),
    )  # fmt: skip
    views = (View(gettext_lazy("Standing"), "stands=yes"), View(gettext_lazy("Everything"), ""))
    facts = ("type", "name", "content_type", "size", "digest", "audience", "received_at", "received_by")
    files = (File("body", gettext_lazy("Download"), VIEW, _download),)
    operations = (
        Action(
            name="withdraw",
            label=gettext_lazy("Withdraw…"),
            permission=CHANGE,
            form=Reason,
            explain=gettext_lazy("It is kept, and counts no more: what it was needed for is missing again."),
            in_row=True,
            is_danger=True,
            fits=_stands,
            perform=lambda document, values, by: withdraw_document(document, reason=values["reason"], by=by),
            done=gettext_lazy("Document withdrawn."),
        ),
    )

    @property
    def _view_permission(self) -> str:
        return VIEW

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("body")

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        shipment = Fact(_("Shipment"), cells.row_link("shipments_shipment", row.shipment_id, row.shipment))
        gone = [] if _stands(row) else facts_of(row, ("withdrawn_at", "withdrawn_by", "withdraw_reason"))
        return {"facts": [shipment, *facts_of(row, self.facts), *gone], "sections": []}


def section(request: HttpRequest, shipment: Shipment) -> Section:
    """The papers of a shipment, those that stand first. One query."""
    rows = Document.objects.for_user(request.user).without_body().filter(shipment=shipment)
    may_change = request.user.has_perm(CHANGE)
    lines = [
        [
            cells.row_link("shipments_document", d.pk, d.get_type_display()),
            _named(d),
            d.get_audience_display(),
            cells.two(cells.moment(d.received_at), d.received_by or ""),
            _withdraw(request, d) if may_change and _stands(d) else _state(d),
        ]
        for d in rows.select_related("received_by").order_by("-withdrawn_at", "type", "pk")[:_SHOWN]
    ]
    head = [_("Document"), _("File"), _("Who may see it"), _("Received"), _("State")]
    return Section(_("Documents"), head, lines, empty=_("No document has been filed yet."))


def _withdraw(request: HttpRequest, document: Document) -> Any:
    return format_html(
        '<a class="wm-btn" data-dialog href="{}?next={}" aria-label="{}">{}</a>',
        reverse("admin:shipments_document_do_row", args=[document.pk, "withdraw"]),
        request.path,
        _("Withdraw %(name)s") % {"name": document.name},
        _("Withdraw…"),
    )
