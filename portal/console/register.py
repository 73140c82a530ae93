"""The one list of what has a room in the console."""

from __future__ import annotations

from django.contrib import admin

from billing.models import Charge, ChargeRule, ExportBatch, Invoice, Tariff
from milestones.models import ExceptionRule, MilestoneTemplate, ShipmentException, WorkTask
from partners.models import ApiKey, Delivery, Job, Partner, User
from portal.console import (
    charges,
    connections,
    event_log,
    exceptions,
    inbox,
    invoices,
    jobs,
    keys,
    mappings,
    partners,
    places,
    rules,
    shipments,
    sources,
    tariffs,
    tasks,
    templates,
    uploads,
    users,
    vocabulary,
)
from shipments.models import (
    CodeMapping,
    Connection,
    Event,
    Location,
    LocationAlias,
    Message,
    MilestoneType,
    Shipment,
    Source,
    Upload,
    WaitingEvent,
)

ROOMS = {
    Shipment: shipments.ShipmentRoom,
    ShipmentException: exceptions.ExceptionRoom,
    WorkTask: tasks.TaskRoom,
    WaitingEvent: inbox.WaitingRoom,
    Message: inbox.MessageRoom,
    Upload: uploads.UploadRoom,
    Event: event_log.EventRoom,
    Charge: charges.ChargeRoom,
    Invoice: invoices.InvoiceRoom,
    ExportBatch: invoices.ExportRoom,
    Tariff: tariffs.TariffRoom,
    ChargeRule: tariffs.ChargeRuleRoom,
    Partner: partners.PartnerRoom,
    User: users.UserRoom,
    ApiKey: keys.ApiKeyRoom,
    Delivery: keys.DeliveryRoom,
    Job: jobs.JobRoom,
    Source: sources.SourceRoom,
    Connection: connections.ConnectionRoom,
    Location: places.PlaceRoom,
    LocationAlias: places.AliasRoom,
    MilestoneType: vocabulary.MilestoneTypeRoom,
    CodeMapping: mappings.MappingRoom,
    MilestoneTemplate: templates.TemplateRoom,
    ExceptionRule: rules.ExceptionRuleRoom,
}

for model, room in ROOMS.items():
    admin.site.register(model, room)
