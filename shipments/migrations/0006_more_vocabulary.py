"""What the codes of the further formats mean in our vocabulary, as we ship them; and lists that several formats share.

From here on a mapping without a format counts for every format with the list: DCSA 2 and 3 speak the same one.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from shipments.tables import read_table

TABLES = ("157", "r4", "rec24", "coarri_codeco", "tdt", "fsu", "cbv", "cbp", "ups", "fedex", "dhl")


def load(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    code_mapping = apps.get_model("shipments", "CodeMapping")
    ours = code_mapping.objects.filter(code_list="dcsa", source=None)
    # Before this ran the first time there are none for every format.
    taken = list(ours.filter(format="").values_list("raw_code", flat=True))
    ours.filter(format="dcsa_2").exclude(raw_code__in=taken).update(format="")
    # What somebody has said otherwise before this ran another time stays.
    mappings = [
        code_mapping(
            format=row["format"],
            code_list=row["code_list"],
            raw_code=row["raw_code"],
            code_id=row["code"],
            classifier=row["classifier"],
            attributes=dict(pair.split("=", 1) for pair in row["attributes"].split(";") if pair),
            note=row["note"],
        )
        for table in TABLES
        for row in read_table(f"codes_{table}")
    ]
    code_mapping.objects.bulk_create(mappings, ignore_conflicts=True)


def unload(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    code_mapping = apps.get_model("shipments", "CodeMapping")
    ours = code_mapping.objects.filter(code_list="dcsa", source=None)
    taken = list(ours.filter(format="dcsa_2").values_list("raw_code", flat=True))
    ours.filter(format="", version=1).exclude(raw_code__in=taken).update(format="dcsa_2")
    for table in TABLES:
        for row in read_table(f"codes_{table}"):
            code_mapping.objects.filter(
                format=row["format"], code_list=row["code_list"], raw_code=row["raw_code"],
                source=None, created_by=None, version=1,
            ).delete()  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("shipments", "0005_sources_of_every_kind")]

    operations = [migrations.RunPython(load, unload, elidable=False)]
