"""What the workflows are written with: hours in place of minutes, a line as what another one counts from."""

from __future__ import annotations

from typing import Any

from milestones.drafts import LineDraft
from milestones.enums import AnchorKind, DayBasis, LineScope, PlaceRole, Requirement, Roll

ANY, ORIGIN, POL, TRANSIT, POD, END = (
    role.value
    for role in (
        PlaceRole.ANY,
        PlaceRole.ORIGIN,
        PlaceRole.POL,
        PlaceRole.TRANSIT,
        PlaceRole.POD,
        PlaceRole.DESTINATION,
    )
)
BOOKED, ETD, ETA, LEG_ETD, LEG_ETA = (
    kind.value for kind in (AnchorKind.BOOKED, AnchorKind.ETD, AnchorKind.ETA, AnchorKind.LEG_ETD, AnchorKind.LEG_ETA)
)
DAY = 24
OPTIONAL: dict[str, Any] = {"requirement": Requirement.OPTIONAL.value}
PER_UNIT: dict[str, Any] = {"scope": LineScope.UNIT.value}
PER_LEG: dict[str, Any] = {"scope": LineScope.LEG.value}
PER_STOP: dict[str, Any] = {"scope": LineScope.STOP.value}
# Working days of the place; what falls on a day off goes on, or back, to one.
WORKING: dict[str, Any] = {"day_basis": DayBasis.WORKING.value, "roll": Roll.NEXT.value}
WORKING_BEFORE: dict[str, Any] = {"day_basis": DayBasis.WORKING.value, "roll": Roll.PREVIOUS.value}

_EU = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
# Within each of these there is no customs border either.
_ALONE = (
    "AE", "AU", "BR", "CA", "CH", "CL", "CN", "CO", "GB", "ID", "IN", "JP", "KR", "MX", "MY", "NO", "NZ", "PH", "SA",
    "SG", "TH", "TR", "US", "VN", "ZA",
)  # fmt: skip


def only_where(condition: dict[str, Any]) -> dict[str, Any]:
    """Mandatory there, else not in the plan."""
    return {"requirement": Requirement.CONDITIONAL.value, "condition": condition}


def _both_ends(op: str, value: object) -> dict[str, Any]:
    ends = ("shipment.origin_country", "shipment.destination_country")
    return {"all": [{"field": end, "op": op, "value": value} for end in ends]}


CROSSES_CUSTOMS: dict[str, Any] = {
    "not": {"any": [_both_ends("in", list(_EU)), *(_both_ends("is", country) for country in _ALONE)]}
}
TO_USA: dict[str, Any] = {"field": "shipment.destination_country", "op": "is", "value": "US"}


def line(position: int, code: str, name: str, anchor: str | int, hours: float = 0, **more: Any) -> LineDraft:
    """`anchor`: an AnchorKind, or the position of the line it counts from. `early`, `late`: tolerances in hours.

    `role` and the rest: fields of the draft, by these names.
    """
    fields: dict[str, Any] = {
        "position": position,
        "type": code,
        "name": name,
        "anchor": AnchorKind.LINE.value if isinstance(anchor, int) else anchor,
        "anchor_line": anchor if isinstance(anchor, int) else None,
        "offset_minutes": int(hours * 60),
        "place_role": more.pop("role", ANY),
        "early_tolerance_minutes": int(more.pop("early", DAY) * 60),
        "late_tolerance_minutes": int(more.pop("late", 12) * 60),
    }
    return LineDraft(**fields, **more)
