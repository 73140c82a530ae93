"""Every route of the API."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal.api import (
    cases,
    charges,
    clinic,
    events,
    inbound,
    invoices,
    messages,
    milestones,
    outgoing,
    partners,
    shipments,
    tasks,
    timeline,
)
from portal.api.nowhere import Nowhere

app_name = "api"

urlpatterns = [
    path("messages/", messages.Messages.as_view(), name="messages"),
    path("messages/<uuid:id>/", messages.OneMessage.as_view(), name="message"),
    path("messages/<uuid:id>/reprocess/", messages.Reprocess.as_view(), name="message-reprocess"),
    path(
        "messages/<uuid:id>/acknowledgement/",
        messages.OneAcknowledgement.as_view(),
        name="message-acknowledgement",
    ),
    path("inbound/<uuid:id>/", inbound.Inbound.as_view(), name="inbound"),
    path("clinic/", clinic.Clinic.as_view(), name="clinic"),
    path("events/", events.Events.as_view(), name="events"),
    path("shipments/", shipments.Shipments.as_view(), name="shipments"),
    path("shipments/<uuid:id>/", shipments.OneShipment.as_view(), name="shipment"),
    path("shipments/<uuid:id>/timeline/", timeline.Timeline.as_view(), name="timeline"),
    path("shipments/<uuid:id>/dcsa/", outgoing.DcsaEvents.as_view(), name="shipment-dcsa"),
    path("shipments/<uuid:id>/epcis/", outgoing.EpcisDocument.as_view(), name="shipment-epcis"),
    path("milestone-templates/", milestones.Templates.as_view(), name="milestone-templates"),
    path("exceptions/", cases.Exceptions.as_view(), name="exceptions"),
    path("exceptions/<uuid:id>/", cases.OneException.as_view(), name="exception"),
    path("exceptions/<uuid:id>/acknowledge/", cases.Acknowledge.as_view(), name="exception-acknowledge"),
    path("exceptions/<uuid:id>/snooze/", cases.Snooze.as_view(), name="exception-snooze"),
    path("exceptions/<uuid:id>/resolve/", cases.Resolve.as_view(), name="exception-resolve"),
    path("tasks/", tasks.Tasks.as_view(), name="tasks"),
    path("tasks/<uuid:id>/close/", tasks.CloseTask.as_view(), name="task-close"),
    path("tasks/<uuid:id>/assign/", tasks.AssignTask.as_view(), name="task-assign"),
    path("partners/", partners.Partners.as_view(), name="partners"),
    path("partners/<str:code>/", partners.OnePartner.as_view(), name="partner"),
    path("charges/", charges.Charges.as_view(), name="charges"),
    path("accruals/", charges.Accruals.as_view(), name="accruals"),
    path("invoices/", invoices.Invoices.as_view(), name="invoices"),
    path("invoices/draft/", invoices.Drafts.as_view(), name="invoices-draft"),
    path("invoices/<uuid:id>/", invoices.OneInvoice.as_view(), name="invoice"),
    path("invoices/<uuid:id>/pdf/", invoices.InvoicePdf.as_view(), name="invoice-pdf"),
    path("invoices/<uuid:id>/csv/", invoices.InvoiceCsv.as_view(), name="invoice-csv"),
    path("invoices/<uuid:id>/issue/", invoices.Issue.as_view(), name="invoice-issue"),
    path("invoices/<uuid:id>/credit/", invoices.Credit.as_view(), name="invoice-credit"),
    path("exports/", invoices.Exports.as_view(), name="exports"),
    path("exports/<uuid:id>/file/", invoices.ExportFile.as_view(), name="export-file"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema", permission_classes=[]), name="docs"),
    re_path(r"", Nowhere.as_view(), name="nowhere"),
]
