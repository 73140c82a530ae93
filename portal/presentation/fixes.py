"""What would make a shipment's picture more complete, in plain words (milestones.completeness)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def text(fix: Mapping[str, Any] | None) -> str:
    """ "Report “Vessel departed”"; empty when nothing is left to fix."""
    if not fix:
        return ""
    if fix["code"] == "report":
        return _("Report “%(milestone)s”") % {"milestone": fix.get("milestone", "")}
    return _texts().get(fix["code"], "")


def _texts() -> dict[str, str]:
    return {
        "date_booked_at": _("Say when it was booked"),
        "date_cargo_ready_at": _("Say when the cargo is ready"),
        "date_cut_off_at": _("Say when the cut-off is"),
        "date_etd": _("Say when it should depart (ETD)"),
        "date_eta": _("Say when it should arrive (ETA)"),
        "dates": _("Give the plan its dates"),
        "reference": _("Add a number that the carrier knows it by"),
        "carrier": _("Say who carries it"),
        "voyage": _("Add the voyage, flight or train"),
        "unit": _("Add the container"),
        "zone": _("Settle the place of a report whose time zone is not known"),
    }
