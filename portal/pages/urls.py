from __future__ import annotations

from django.urls import path

from portal.pages import account, invoices, reports, shipments

app_name = "pages"

urlpatterns = [
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.SignOut.as_view(), name="logout"),
    path("choices/", account.Choices.as_view(), name="choices"),
    path("", shipments.ShipmentList.as_view(), name="shipments"),
    path("shipments/<uuid:public_id>/", shipments.ShipmentPage.as_view(), name="shipment"),
    path("shipments/<uuid:public_id>/report/", reports.ReportEvent.as_view(), name="report"),
    path("invoices/", invoices.InvoiceList.as_view(), name="invoices"),
    path("invoices/<uuid:public_id>/", invoices.InvoicePage.as_view(), name="invoice"),
    path("invoices/<uuid:public_id>/pdf/", invoices.InvoiceFile.as_view(), name="invoice_pdf"),
    path("invoices/<uuid:public_id>/csv/", invoices.InvoiceTable.as_view(), name="invoice_csv"),
]
