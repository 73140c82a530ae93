from __future__ import annotations

from django.urls import path

from portal.pages import account, documents, grids, invoices, notices, reports, shipments, uploads, webhooks

app_name = "pages"

urlpatterns = [
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.SignOut.as_view(), name="logout"),
    path("choices/", account.Choices.as_view(), name="choices"),
    path("", shipments.ShipmentList.as_view(), name="shipments"),
    path("shipments/<uuid:public_id>/", shipments.ShipmentPage.as_view(), name="shipment"),
    path("shipments/<uuid:public_id>/report/", reports.ReportEvent.as_view(), name="report"),
    path("shipments/<uuid:public_id>/follow/", notices.Follow.as_view(), name="follow"),
    path("notices/", notices.NoticeList.as_view(), name="notices"),
    path("preferences/", notices.PreferencesPage.as_view(), name="preferences"),
    path("webhooks/", webhooks.WebhookList.as_view(), name="webhooks"),
    path("webhooks/<uuid:public_id>/", webhooks.WebhookPage.as_view(), name="webhook"),
    path("shipments/<uuid:public_id>/documents/", documents.FileDocument.as_view(), name="file_document"),
    path("documents/<uuid:public_id>/", documents.DocumentFile.as_view(), name="document"),
    path("report/grid/", grids.GridPage.as_view(), name="grid"),
    path("uploads/", uploads.UploadList.as_view(), name="uploads"),
    path("uploads/<uuid:public_id>/", uploads.UploadPage.as_view(), name="upload"),
    path("uploads/<uuid:public_id>/errors/", uploads.UploadErrors.as_view(), name="upload_errors"),
    path("invoices/", invoices.InvoiceList.as_view(), name="invoices"),
    path("invoices/<uuid:public_id>/", invoices.InvoicePage.as_view(), name="invoice"),
    path("invoices/<uuid:public_id>/pdf/", invoices.InvoiceFile.as_view(), name="invoice_pdf"),
    path("invoices/<uuid:public_id>/csv/", invoices.InvoiceTable.as_view(), name="invoice_csv"),
]
