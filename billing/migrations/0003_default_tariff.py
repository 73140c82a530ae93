"""Loads the tables of billing.defaults."""

from django.db import migrations

from billing import defaults


def load(apps, schema_editor):
    tariff = apps.get_model("billing", "Tariff").objects.create(
        code=defaults.TARIFF_CODE, name=defaults.TARIFF_NAME, currency=defaults.CURRENCY, valid_from=defaults.VALID_FROM
    )
    rate = apps.get_model("billing", "TariffRate")
    names = ("charge_code", "mode", "basis", "price", "minimum", "tax_percent")
    rate.objects.bulk_create(rate(tariff=tariff, **dict(zip(names, row, strict=True))) for row in defaults.RATES)
    rule = apps.get_model("billing", "ChargeRule")
    names = ("code", "charge_code", "description", "type_id")
    rule.objects.bulk_create(rule(**dict(zip(names, row, strict=True))) for row in defaults.RULES)
    series = apps.get_model("billing", "InvoiceSeries")
    names = ("code", "prefix", "kind")
    series.objects.bulk_create(
        series(issuer_name=defaults.ISSUER, **dict(zip(names, row, strict=True))) for row in defaults.SERIES
    )


def unload(apps, schema_editor):
    codes = [row[0] for row in defaults.SERIES]
    apps.get_model("billing", "InvoiceSeries").objects.filter(code__in=codes).delete()
    apps.get_model("billing", "ChargeRule").objects.filter(code__in=[row[0] for row in defaults.RULES]).delete()
    apps.get_model("billing", "Tariff").objects.filter(code=defaults.TARIFF_CODE).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_immutability"), ("shipments", "0002_vocabulary")]

    operations = [migrations.RunPython(load, unload)]
