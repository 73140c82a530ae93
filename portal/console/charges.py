"""Charges, and what of them could be billed now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.enums import ChargeState, Side
from billing.models import Charge, Invoice
from billing.services import create_drafts
from partners.models import User
from portal.console import cells
from portal.console.actions import Action, run
from portal.console.base import ConsoleAdmin, View
from portal.console.fields import ActionForm
from portal.console.filters import Days, Many, Text
from portal.console.listing import Column, Found, by_reference
from portal.console.record import Fact, Section, facts_of
from portal.presentation import words

_OLD_DAYS = 30
_GROUPS = 200


# --- charges -------------------------------------------------------------------------------------------------------


def _make_drafts(row: Any, values: Mapping[str, Any], by: User) -> list[Invoice]:
    chosen = Q()
    for customer, currency in values["groups"]:
        chosen |= Q(customer=customer, currency=currency)
    return create_drafts(Charge.objects.for_user(by).filter(chosen), by=by)


class ChosenGroups(ActionForm):
    """What was ticked: "customer id:currency", carried through the dialog."""

    groups = forms.CharField(widget=forms.HiddenInput, max_length=20_000)

    def clean_groups(self) -> list[tuple[int, str]]:
        pairs = [entry.partition(":") for entry in self.cleaned_data["groups"].split(",")]
        chosen = [(int(k), c) for k, _colon, c in pairs if k.isdecimal() and len(k) < 19 and len(c) == 3]
        if not chosen:
            raise forms.ValidationError(_("Choose at least one customer."), code="none_chosen")
        return chosen


DRAFT = Action(
    name="draft",
    label=gettext_lazy("Create draft invoices…"),
    permission="billing.add_invoice",
    form=ChosenGroups,
    explain=gettext_lazy("One draft for each customer and currency. A charge is on one document only."),
    on_list=True,
    submit=gettext_lazy("Create drafts"),
    perform=_make_drafts,
    done=gettext_lazy("Drafts created."),
    is_main=True,
    then=lambda made: reverse("admin:billing_invoice_changelist") + "?state=draft",
)


class ChargeRoom(ConsoleAdmin):
    related = ("shipment", "customer", "rule", "invoice_line__invoice")
    search_hint = gettext_lazy("Reference or container")
    links = ((gettext_lazy("Unbilled by customer"), "billing_charge_unbilled"),)
    empty = gettext_lazy("Charges appear here when a milestone earns them.")
    columns = (
        Column("charge", gettext_lazy("Charge"), lambda c: cells.strong(c.description, c.charge_code)),
        Column(
            "shipment",
            gettext_lazy("Shipment"),
            lambda c: cells.two(cells.row_link("shipments_shipment", c.shipment_id, c.shipment.reference), c.customer),
        ),
        Column("side", gettext_lazy("Side"), lambda c: c.get_side_display(), "side", "c-pair"),
        Column("earned", gettext_lazy("Earned"), lambda c: cells.ago(c.earned_at), "earned_at", "c-pair"),
        Column("state", gettext_lazy("State"), lambda c: cells.tag(words.charge_state(c.state)), "state", "c-corner"),
        Column(
            "amount", gettext_lazy("Amount"), lambda c: cells.amount(c.amount, c.currency), "amount", "c-pair is-number"
        ),
    )
    filters = (
        Text("customer", gettext_lazy("Customer"), ("customer__code", "customer__name"), "partners_partner"),
        Text("currency", gettext_lazy("Currency"), ("currency",)),
        Many("state", gettext_lazy("State"), "state", ChargeState.choices),
        Many("side", gettext_lazy("Side"), "side", Side.choices),
        Days("earned", gettext_lazy("Earned"), "earned_at"),
    )
    views = (
        View(gettext_lazy("Unbilled"), "state=unbilled"),
        View(gettext_lazy("On a draft"), "state=drafted"),
        View(gettext_lazy("Invoiced"), "state=invoiced"),
        View(gettext_lazy("Cancelled"), "state=cancelled"),
        View(gettext_lazy("Everything"), ""),
    )
    facts = (
        "customer",
        "side",
        "charge_code",
        "quantity",
        "price",
        "tax_percent",
        "explanation",
        "cause",
        "earned_at",
        "created_at",
        "state",
        "cancel_reason",
    )

    def search(self, rows: QuerySet[Any], text: str) -> Found:
        return by_reference(rows, text)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("unbilled/", view(self.unbilled), name="billing_charge_unbilled"),
            path("unbilled/draft/", view(self.draft), name="billing_charge_draft"),
            *super().get_urls(),
        ]

    def unbilled(self, request: HttpRequest) -> HttpResponse:
        """What could be billed now, by customer and currency."""
        self._require_view(request)
        rows = Charge.objects.for_user(request.user).billable()
        groups = list(
            rows.values("customer", "currency", name=F("customer__name"), code=F("customer__code"))
            .annotate(
                charges=Count("pk"),
                shipments=Count("shipment", distinct=True),
                total=Sum("amount"),
                oldest=Min("earned_at"),
            )
            .order_by("oldest")[:_GROUPS]
        )
        sums = list(rows.values("currency").annotate(total=Sum("amount")).order_by("-total"))
        context = {
            "title": _("Unbilled charges"),
            "groups": [_group(g) for g in groups],
            "sums": [cells.amount(s["total"], s["currency"]) for s in sums],
            "customers": len({g["customer"] for g in groups}),
            "may_draft": request.user.has_perm(DRAFT.permission),
            "draft": DRAFT,
        }
        return self._render(request, "console/unbilled.html", context)

    def draft(self, request: HttpRequest) -> HttpResponse:
        """The dialog that turns the ticked groups into drafts."""
        self._require_view(request)
        if not request.user.has_perm(DRAFT.permission):
            raise PermissionDenied
        chosen = ",".join(request.GET.getlist("group"))[:20_000]
        form = type("ChosenNow", (ChosenGroups,), {"starting_values": lambda form: {"groups": chosen}})
        action = Action(**{**{f: getattr(DRAFT, f) for f in DRAFT.__dataclass_fields__}, "form": form})
        return run(request, action, [], self._frame(request))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        line = getattr(row, "invoice_line", None)
        top = [
            Fact(_("Shipment"), cells.row_link("shipments_shipment", row.shipment_id, row.shipment.reference)),
            Fact(_("Amount"), cells.amount(row.amount, row.currency)),
            Fact(
                _("Document"),
                cells.row_link("billing_invoice", line.invoice_id, line.invoice) if line else cells.nothing(),
            ),
        ]
        booked = [
            [a.get_reason_display(), cells.day(a.booked_on), cells.amount(a.amount, a.currency)]
            for a in row.accruals.order_by("sequence")
        ]
        accruals = Section(
            _("Accruals"),
            [_("Why"), _("Booked on"), _("Amount")],
            booked,
            empty=_("None was booked."),
            numeric=frozenset({2}),
        )
        return {"facts": top + [f for f in facts_of(row, self.facts) if f.value != "–"], "sections": [accruals]}


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    age = (timezone.now() - group["oldest"]).days
    return {
        **group,
        "key": f"{group['customer']}:{group['currency']}",
        "amount": cells.amount(group["total"], group["currency"]),
        "age": ngettext("%(n)d day", "%(n)d days", age) % {"n": age},
        "is_old": age > _OLD_DAYS,
        "href": reverse("admin:billing_charge_changelist")
        + f"?state=unbilled&side=sell&customer={group['code']}&currency={group['currency']}",
    }
