from __future__ import annotations

from django.urls import path

from portal.pages import account, shipments

app_name = "pages"

urlpatterns = [
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.SignOut.as_view(), name="logout"),
    path("choices/", account.Choices.as_view(), name="choices"),
    path("", shipments.ShipmentList.as_view(), name="shipments"),
    path("shipments/<uuid:public_id>/", shipments.ShipmentPage.as_view(), name="shipment"),
]
