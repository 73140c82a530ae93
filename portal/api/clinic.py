"""`/clinic/`: what would become of a payload, without storing anything."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from partners.access import ScopedQuerySet
from partners.enums import Scope
from portal.api import examples
from portal.api.base import AnyAnswer, Door, Row, caller
from portal.api.messages import AnyParser
from portal.api.times import at_place
from portal.clinic import Finding, Found, examine
from portal.trial import Effect, MilestoneChange, Moment
from shipments.enums import Classifier, Format, MessageState, WaitReason
from shipments.models import CodeMapping, Message, Source


class MappingOut(serializers.Serializer[CodeMapping]):
    """The mapping that decided. Empty `format`: for every format with the list; empty `source`: for everybody."""

    format = serializers.CharField()
    code_list = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    version = serializers.IntegerField()


class ClinicEventOut(serializers.Serializer[Message]):
    position = serializers.IntegerField()
    segment = serializers.CharField(help_text="Where it stands in the message")
    standing = serializers.ChoiceField(choices=["new", "duplicate", "repeated"])
    event = serializers.UUIDField(allow_null=True, help_text="The stored event that a duplicate repeats")
    raw_code = serializers.CharField()
    code_list = serializers.CharField()
    code = serializers.CharField()
    classifier = serializers.ChoiceField(choices=Classifier.choices)
    is_mapped = serializers.BooleanField()
    mapping = MappingOut(allow_null=True)
    occurred_at = serializers.DateTimeField(allow_null=True)
    wall_time = serializers.CharField(help_text="As reported, without offset")
    time_zone = serializers.CharField()
    zone_certainty = serializers.CharField(help_text="given, derived, assumed")
    location = serializers.CharField(allow_null=True, help_text="Our code of the place, null when it is not known")
    location_text = serializers.CharField()
    equipment = serializers.CharField()
    references = serializers.ListField(child=serializers.DictField())
    quarantine = serializers.CharField()
    waits = serializers.ListField(child=serializers.ChoiceField(choices=WaitReason.choices))
    shipments = serializers.ListField(child=serializers.UUIDField(), help_text="Those that you may see")


class ClinicOut(serializers.Serializer[Message]):
    """What would become of the payload. Nothing of it was stored."""

    format = serializers.CharField(help_text="What it was read as")
    state = serializers.ChoiceField(choices=MessageState.choices)
    is_known = serializers.BooleanField(help_text="These bytes came from this source before")
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    envelopes = serializers.ListField(child=serializers.DictField())
    events = ClinicEventOut(many=True)
    events_left_out = serializers.IntegerField(help_text="Beyond the first 500")
    effects = serializers.ListField(child=serializers.DictField(), help_text="Of the shipments that you may see")
    effects_left_out = serializers.IntegerField()


def present(finding: Finding) -> Row:
    return {
        "format": finding.format,
        "state": finding.state,
        "is_known": finding.is_known,
        "errors": finding.errors,
        "envelopes": [
            {
                "standard": e.standard,
                "sender": e.sender,
                "receiver": e.receiver,
                "number": e.number,
                "sets": len(e.sets),
            }
            for e in finding.envelopes
        ],
        "events": [_event(found) for found in finding.events],
        "events_left_out": finding.left_out,
        "effects": [_effect(effect) for effect in finding.effects],
        "effects_left_out": finding.trial.left_out,
    }


def _event(found: Found) -> Row:
    event = found.event
    return {
        "position": found.position,
        "segment": found.segment,
        "standing": found.standing,
        "event": str(event.public_id) if found.standing == "duplicate" else None,
        "raw_code": event.raw_code,
        "code_list": event.code_list,
        "code": event.code_id,
        "classifier": event.classifier,
        "is_mapped": found.is_mapped,
        "mapping": _mapping(found.mapping),
        "occurred_at": at_place(event.occurred_at, event.time_zone),
        "wall_time": event.wall_time,
        "time_zone": event.time_zone,
        "zone_certainty": event.zone_certainty,
        "location": event.location.code if event.location else None,
        "location_text": event.location_text,
        "equipment": event.equipment,
        "references": event.references,
        "quarantine": event.quarantine,
        "waits": list(found.waits),
        "shipments": [str(shipment.public_id) for shipment in found.shipments],
    }


def _mapping(mapping: CodeMapping | None) -> Row | None:
    if mapping is None:
        return None
    source = mapping.source.code if mapping.source else ""
    return {
        "format": mapping.format, "code_list": mapping.code_list, "source": source, "version": mapping.version,
    }  # fmt: skip


def _effect(effect: Effect) -> Row:
    def standing(side: Any) -> Row:
        expected = at_place(side.expected_arrival_at, effect.shipment.destination.time_zone)
        return {"status": side.status, "health": side.health, "expected_arrival_at": expected}

    return {
        "shipment": str(effect.shipment.public_id),
        "reference": effect.shipment.reference,
        "before": standing(effect.before),
        "after": standing(effect.after),
        "milestones": [_milestone(change) for change in effect.milestones],
    }


def _milestone(change: MilestoneChange) -> Row:
    def moment(side: Moment) -> Row:
        times = {name: at_place(getattr(side, name), change.time_zone) for name in ("planned_at", "estimated_at")}
        return {"state": side.state, **times, "actual_at": at_place(side.actual_at, change.time_zone)}

    before, after = moment(change.before), moment(change.after)
    return {"code": change.code, "name": change.name, "location": change.place, "before": before, "after": after}


class Clinic(Door[Message]):
    model = Message
    scopes: ClassVar[dict[str, str]] = {"POST": Scope.INGEST}
    permissions: ClassVar[dict[str, str]] = {"POST": "shipments.change_message"}
    parameters: ClassVar[dict[str, frozenset[str]]] = {"POST": frozenset({"source", "format"})}
    parser_classes = (AnyParser,)
    # REST framework would take ?format= for the format of the answer.
    content_negotiation_class = AnyAnswer
    serializer_class = ClinicOut

    def rows(self) -> ScopedQuerySet[Message]:
        return Message.objects.none()

    @extend_schema(
        operation_id="clinic",
        parameters=[
            OpenApiParameter("source", str, description="Code of a source of yours that would send it"),
            OpenApiParameter("format", str, enum=Format.values, description="Of the house only: as what to read it"),
        ],
        request={"*/*": OpenApiTypes.BINARY},
        responses={200: ClinicOut},
        examples=examples.PAYLOAD + examples.CLINIC,
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Say what would become of a payload: how it is read, mapped and matched, and what it would change.

        The body is the payload as it is, 5 MiB at most. Nothing is stored.
        """
        given = request.query_params
        if "source" in given and "format" in given:
            raise ValidationError({"format": _("Name a source or a format, not both.")})
        by = caller(request)
        source = None
        if "source" in given:
            source = Source.objects.active().get_for_user(by, code=given["source"])
        payload = self.body(request)
        return Response(present(examine(payload, by=by, source=source, format=given.get("format", Format.AUTO.value))))
