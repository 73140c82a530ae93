"""The controlled vocabulary and what the codes of X12 214 and DCSA mean in it, as we ship them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from shipments.tables import read_table


def load(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    milestone_type = apps.get_model("shipments", "MilestoneType")
    milestone_type.objects.bulk_create(
        milestone_type(**{**row, "sequence": int(row["sequence"])}) for row in read_table("vocabulary")
    )
    code_mapping = apps.get_model("shipments", "CodeMapping")
    code_mapping.objects.bulk_create(
        code_mapping(
            format=row["format"],
            code_list=row["code_list"],
            raw_code=row["raw_code"],
            code_id=row["code"],
            classifier=row["classifier"],
            attributes=dict(pair.split("=", 1) for pair in row["attributes"].split(";") if pair),
        )
        for row in read_table("code_mappings")
    )


class Migration(migrations.Migration):
    dependencies = [("shipments", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop, elidable=False)]
