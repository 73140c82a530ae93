"""More of the world's ports and airports, and the other names that carriers use for them.

A place or an alias that somebody has loaded or made meanwhile stays as it is; only empty coordinates are filled in.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from shipments.tables import read_table


def load(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    location, alias = apps.get_model("shipments", "Location"), apps.get_model("shipments", "LocationAlias")
    rows = {row["unlocode"]: row for row in read_table("places_more")}
    stands = {place.unlocode: place for place in location.objects.filter(unlocode__in=rows, facility_code="")}
    for code, place in stands.items():
        if place.latitude is None and rows[code]["latitude"]:
            place.latitude, place.longitude = rows[code]["latitude"], rows[code]["longitude"]
            place.save(update_fields=["latitude", "longitude"])
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
        for code, row in rows.items()
        if code not in stands
    )
    said = read_table("aliases")
    meant = location.objects.filter(unlocode__in={row["unlocode"] for row in said}, facility_code="")
    ids = dict(meant.values_list("unlocode", "pk"))
    alias.objects.bulk_create(
        (
            alias(kind=row["kind"], value=row["value"], mode=row["mode"], location_id=ids[row["unlocode"]])
            for row in said
        ),
        ignore_conflicts=True,
    )


def unload(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """The places stay: events and shipments may stand at them."""
    alias = apps.get_model("shipments", "LocationAlias")
    for row in read_table("aliases"):
        alias.objects.filter(
            kind=row["kind"], value=row["value"], mode=row["mode"], source=None, created_by=None,
            location__unlocode=row["unlocode"],
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("shipments", "0007_checks_validated")]

    operations = [migrations.RunPython(load, unload, elidable=False)]
