"""The world's main ports, airports and inland hubs, so that the product works before `load_unlocode` was ever run."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from shipments.tables import read_table


def load(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    location = apps.get_model("shipments", "Location")
    rows = read_table("places")
    location.objects.bulk_create(
        location(
            unlocode=row["unlocode"],
            name=row["name"],
            country=row["country"],
            subdivision=row["subdivision"],
            iata=row["iata"],
            time_zone=row["time_zone"],
            latitude=row["latitude"] or None,
            longitude=row["longitude"] or None,
        )
        for row in rows
    )
    for row in rows:
        if row["same_as"]:
            main = location.objects.get(unlocode=row["same_as"], facility_code="")
            location.objects.filter(unlocode=row["unlocode"], facility_code="").update(same_as=main)


class Migration(migrations.Migration):
    dependencies = [("shipments", "0002_vocabulary")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop, elidable=False)]
