"""The words callers use for our closed vocabularies, in any case and by the field's other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from shipments.enums import Mode, ReferenceType
from shipments.references import reference_type


class StrictSerializer(serializers.Serializer[Any]):
    """An object of the request. A member that nobody knows is refused, so that a slip of the pen is not lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({name[:64]: self.refusal(name) for name in unknown})
        return super().to_internal_value(data)

    def refusal(self, name: str) -> str:
        """What is said of a member that is not taken here."""
        return _("There is no such field here.")


_MODES: dict[str, str] = {
    "sea": Mode.OCEAN, "vessel": Mode.OCEAN, "fcl": Mode.OCEAN, "lcl": Mode.OCEAN, "truck": Mode.ROAD, "ftl": Mode.ROAD,
    "ltl": Mode.ROAD, "train": Mode.RAIL, "courier": Mode.PARCEL, "express": Mode.PARCEL, "flight": Mode.AIR,
    **{mode.value: mode for mode in Mode},
}  # fmt: skip


class ModeField(serializers.CharField):
    """A mode of transport: ocean, air, road, rail, parcel; sea, vessel, truck, train, courier are understood."""

    def to_internal_value(self, data: Any) -> str:
        word = super().to_internal_value(data)
        if word.lower() not in _MODES:
            raise serializers.ValidationError(_("One of: %(known)s.") % {"known": ", ".join(Mode.values)})
        return str(_MODES[word.lower()])


class ReferenceTypeField(serializers.CharField):
    """A type of reference by our name or one of the field's (BM, CN, 2I, BKG, tracking_number ...)."""

    def to_internal_value(self, data: Any) -> str:
        known = reference_type(super().to_internal_value(data))
        if known is None:
            raise serializers.ValidationError(_("One of: %(known)s.") % {"known": ", ".join(ReferenceType.values)})
        return str(known)


class LowerChoiceField(serializers.ChoiceField):
    """A closed vocabulary, in any case."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.lower() if isinstance(data, str) else data)
