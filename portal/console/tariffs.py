"""Price lists, and what is charged when."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.enums import Side
from portal.console import cells
from portal.console.base import ConsoleAdmin
from portal.console.filters import Many
from portal.console.listing import Column
from portal.console.record import Section

_OLD_DAYS = 30
_GROUPS = 200


class TariffRoom(ConsoleAdmin):
    related = ("customer",)
    columns = (
        Column("name", gettext_lazy("Tariff"), lambda t: cells.strong(t.name, t.code), "code"),
        Column(
            "customer", gettext_lazy("For"), lambda t: str(t.customer) if t.customer else _("everybody"), "", "c-pair"
        ),
        Column("side", gettext_lazy("Side"), lambda t: t.get_side_display(), "side", "c-pair"),
        Column("currency", gettext_lazy("Currency"), lambda t: t.currency, "currency", "c-pair"),
        Column(
            "valid",
            gettext_lazy("Valid"),
            lambda t: cells.lines([cells.day(t.valid_from)] + ([cells.day(t.valid_until)] if t.valid_until else [])),
            "valid_from",
            "c-pair",
        ),
    )
    filters = (Many("side", gettext_lazy("Side"), "side", Side.choices),)
    facts = ("code", "name", "side", "currency", "customer", "valid_from", "valid_until")

    def sections(self, request: HttpRequest, row: Any) -> list[Section]:
        lines = [
            [
                r.charge_code,
                r.get_mode_display() or _("any"),
                r.get_basis_display(),
                cells.amount(r.price, row.currency),
                f"{r.tax_percent.normalize():f} %",
            ]
            for r in row.rates.order_by("charge_code", "mode")
        ]
        head = [_("Charge code"), _("Mode"), _("Basis"), _("Price"), _("Tax")]
        return [Section(_("Rates"), head, lines, numeric=frozenset({3, 4}), empty=_("This tariff has no rate yet."))]


class ChargeRuleRoom(ConsoleAdmin):
    related = ("type",)
    has_page = False
    order = ("code",)
    columns = (
        Column("code", gettext_lazy("Rule"), lambda r: cells.strong(r.description, r.code), "code"),
        Column("charge", gettext_lazy("Charge code"), lambda r: r.charge_code, "charge_code", "c-pair"),
        Column("side", gettext_lazy("Side"), lambda r: r.get_side_display(), "side", "c-pair"),
        Column(
            "when",
            gettext_lazy("When reached"),
            lambda r: cells.two(r.type.name, r.get_place_role_display()),
            "",
            "c-pair",
        ),
        Column("mode", gettext_lazy("Mode"), lambda r: r.get_mode_display() or _("any"), "mode", "c-pair"),
        Column("active", gettext_lazy("Active"), lambda r: _("yes") if r.is_active else _("no"), "is_active", "c-pair"),
    )
    filters = (Many("side", gettext_lazy("Side"), "side", Side.choices),)
