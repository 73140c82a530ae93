"""The one list of what has a room in the console."""

from __future__ import annotations

from django.contrib import admin

from billing.models import Charge, ChargeRule, ExportBatch, Invoice, Tariff
from milestones.models import (
    ConflictPolicy,
    EtaScore,
    ExceptionRule,
    MilestoneTemplate,
    PlanUpgrade,
    ShipmentException,
    WorkTask,
)
from partners.models import ApiKey, Delivery, Job, Partner, User, WebhookEndpoint
from portal.console import (
    charges,
    connections,
    deliveries,
    documents,
    event_log,
    exceptions,
    inbox,
    invoices,
    jobs,
    keys,
    mappings,
    partners,
    places,
    policies,
    rules,
    shipments,
    sources,
    tariffs,
    tasks,
    template_room,
    upgrades,
    uploads,
    users,
    vocabulary,
    webhooks,
)
from shipments.models import (
    CodeMapping,
    Connection,
    Document,
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
    Document: documents.DocumentRoom,
    Charge: charges.ChargeRoom,
    Invoice: invoices.InvoiceRoom,
    ExportBatch: invoices.ExportRoom,
    Tariff: tariffs.TariffRoom,
    ChargeRule: tariffs.ChargeRuleRoom,
    Partner: partners.PartnerRoom,
    User: users.UserRoom,
    ApiKey: keys.ApiKeyRoom,
    Delivery: deliveries.DeliveryRoom,
    WebhookEndpoint: webhooks.WebhookRoom,
    Job: jobs.JobRoom,
    Source: sources.SourceRoom,
    Connection: connections.ConnectionRoom,
    Location: places.PlaceRoom,
    LocationAlias: places.AliasRoom,
    MilestoneType: vocabulary.MilestoneTypeRoom,
    CodeMapping: mappings.MappingRoom,
    MilestoneTemplate: template_room.TemplateRoom,
    PlanUpgrade: upgrades.UpgradeRoom,
    ConflictPolicy: policies.PolicyRoom,
    EtaScore: policies.AccuracyRoom,
    ExceptionRule: rules.ExceptionRuleRoom,
}

for model, room in ROOMS.items():
    admin.site.register(model, room)
