"""Expected arrivals, transit times and who was right; upgrades of plans; money that rules ask for."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('milestones', '0007_rules_with_versions'),
        ('partners', '0002_jobs'),
        ('shipments', '0012_fewer_indexes_of_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConflictPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(choices=[('planned', 'Planned'), ('estimated', 'Estimated'), ('actual', 'Actual')], max_length=12, verbose_name='value')),
                ('order', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('trust', 'The most trusted source'), ('corroboration', 'What another source confirms'), ('recency', 'The latest report'), ('earliest', 'The earliest time'), ('latest', 'The latest time')], max_length=16), size=None, verbose_name='what decides, in this order')),
            ],
            options={
                'verbose_name': 'conflict policy',
                'verbose_name_plural': 'conflict policies',
            },
        ),
        migrations.CreateModel(
            name='EtaScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('ocean', 'Ocean'), ('air', 'Air'), ('road', 'Road'), ('rail', 'Rail'), ('parcel', 'Parcel')], max_length=16, verbose_name='mode')),
                ('horizon', models.PositiveSmallIntegerField(verbose_name='days before')),
                ('samples', models.PositiveIntegerField(verbose_name='journeys')),
                ('carrier_error', models.PositiveIntegerField(blank=True, null=True, verbose_name='error of the carrier')),
                ('carrier_bias', models.IntegerField(blank=True, null=True, verbose_name='bias of the carrier')),
                ('own_error', models.PositiveIntegerField(blank=True, null=True, verbose_name='our own error')),
                ('own_bias', models.IntegerField(blank=True, null=True, verbose_name='our own bias')),
                ('refreshed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='worked out')),
            ],
            options={
                'verbose_name': 'accuracy of arrivals',
                'verbose_name_plural': 'accuracy of arrivals',
            },
        ),
        migrations.CreateModel(
            name='EtaVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('plan', 'The plan'), ('carrier', 'The carrier'), ('own', 'Our own history')], max_length=8, verbose_name='by')),
                ('told_at', models.DateTimeField(verbose_name='told')),
                ('expected_at', models.DateTimeField(verbose_name='expected arrival')),
                ('low_at', models.DateTimeField(blank=True, null=True, verbose_name='at the earliest')),
                ('high_at', models.DateTimeField(blank=True, null=True, verbose_name='at the latest')),
                ('event', models.UUIDField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'expected arrival',
                'verbose_name_plural': 'expected arrivals',
            },
        ),
        migrations.CreateModel(
            name='PlanUpgrade',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('previewed', 'Previewed'), ('applied', 'Applied'), ('undone', 'Undone')], default='previewed', max_length=16, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='applied')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='undone')),
            ],
            options={
                'verbose_name': 'template upgrade',
                'verbose_name_plural': 'template upgrades',
            },
        ),
        migrations.CreateModel(
            name='PlanUpgradeItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_reason', models.CharField(blank=True, max_length=300, verbose_name='why that one')),
                ('baselines', models.JSONField(default=dict, editable=False)),
                ('effect', models.JSONField(default=dict, verbose_name='what changes')),
                ('is_chosen', models.BooleanField(default=True, verbose_name='chosen')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='applied')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='undone')),
            ],
            options={
                'verbose_name': 'shipment of an upgrade',
                'verbose_name_plural': 'shipments of an upgrade',
            },
        ),
        migrations.CreateModel(
            name='ShipmentMoney',
            fields=[
                ('shipment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='money', serialize=False, to='shipments.shipment', verbose_name='shipment')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('expected_cost', models.DecimalField(blank=True, decimal_places=2, max_digits=16, null=True, verbose_name='expected cost')),
                ('cost', models.DecimalField(blank=True, decimal_places=2, max_digits=16, null=True, verbose_name='cost')),
                ('revenue', models.DecimalField(blank=True, decimal_places=2, max_digits=16, null=True, verbose_name='revenue')),
                ('updated_at', models.DateTimeField(verbose_name='updated')),
            ],
            options={
                'verbose_name': 'money of a shipment',
                'verbose_name_plural': 'money of shipments',
            },
        ),
        migrations.CreateModel(
            name='TransitTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(choices=[('ocean', 'Ocean'), ('air', 'Air'), ('road', 'Road'), ('rail', 'Rail'), ('parcel', 'Parcel')], max_length=16, verbose_name='mode')),
                ('samples', models.PositiveIntegerField(verbose_name='journeys')),
                ('p10', models.PositiveIntegerField(verbose_name='P10 in minutes')),
                ('p50', models.PositiveIntegerField(verbose_name='P50 in minutes')),
                ('p80', models.PositiveIntegerField(verbose_name='P80 in minutes')),
                ('p90', models.PositiveIntegerField(verbose_name='P90 in minutes')),
                ('refreshed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='worked out')),
            ],
            options={
                'verbose_name': 'transit time',
                'verbose_name_plural': 'transit times',
            },
        ),
        migrations.AddField(
            model_name='conflictpolicy',
            name='type',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shipments.milestonetype', verbose_name='milestone'),
        ),
        migrations.AddField(
            model_name='etascore',
            name='carrier',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='partners.partner', verbose_name='carrier'),
        ),
        migrations.AddField(
            model_name='etascore',
            name='destination',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shipments.location', verbose_name='to'),
        ),
        migrations.AddField(
            model_name='etascore',
            name='origin',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shipments.location', verbose_name='from'),
        ),
        migrations.AddField(
            model_name='etaversion',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='eta_versions', to='shipments.shipment', verbose_name='shipment'),
        ),
        migrations.AddField(
            model_name='etaversion',
            name='source',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shipments.source', verbose_name='source'),
        ),
        migrations.AddField(
            model_name='planupgrade',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by'),
        ),
        migrations.AddField(
            model_name='planupgrade',
            name='job',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='partners.job', verbose_name='job'),
        ),
        migrations.AddField(
            model_name='planupgrade',
            name='template',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='upgrades', to='milestones.milestonetemplate', verbose_name='template'),
        ),
        migrations.AddField(
            model_name='planupgradeitem',
            name='from_template',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='milestones.milestonetemplate', verbose_name='template before'),
        ),
        migrations.AddField(
            model_name='planupgradeitem',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shipments.shipment', verbose_name='shipment'),
        ),
        migrations.AddField(
            model_name='planupgradeitem',
            name='upgrade',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='milestones.planupgrade', verbose_name='template upgrade'),
        ),
        migrations.AddConstraint(
            model_name='shipmentmoney',
            constraint=models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='money_currency_is_iso_4217'),
        ),
        migrations.AddField(
            model_name='transittime',
            name='carrier',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='partners.partner', verbose_name='carrier'),
        ),
        migrations.AddField(
            model_name='transittime',
            name='destination',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shipments.location', verbose_name='to'),
        ),
        migrations.AddField(
            model_name='transittime',
            name='origin',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shipments.location', verbose_name='from'),
        ),
        migrations.AddConstraint(
            model_name='conflictpolicy',
            constraint=models.UniqueConstraint(fields=('type', 'field'), name='policy_is_one_per_field', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='conflictpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('field__in', ['planned', 'estimated', 'actual'])), name='policy_field_is_known'),
        ),
        migrations.AddConstraint(
            model_name='conflictpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('order__contained_by', ['trust', 'corroboration', 'recency', 'earliest', 'latest']), ('order__len__gt', 0)), name='policy_order_is_known'),
        ),
        migrations.AddConstraint(
            model_name='etascore',
            constraint=models.UniqueConstraint(fields=('origin', 'destination', 'mode', 'carrier', 'horizon'), name='eta_score_is_one_per_lane_and_horizon', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='etaversion',
            constraint=models.UniqueConstraint(fields=('shipment', 'kind', 'told_at', 'expected_at', 'source'), name='eta_version_is_kept_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='etaversion',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['plan', 'carrier', 'own'])), name='eta_version_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='etaversion',
            constraint=models.CheckConstraint(condition=models.Q(('low_at', None), ('high_at', None), ('high_at__gte', models.F('low_at')), _connector='OR'), name='eta_version_range_is_one'),
        ),
        migrations.AddConstraint(
            model_name='planupgrade',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['previewed', 'applied', 'undone'])), name='upgrade_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='planupgrade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'applied'), _negated=True), ('applied_at__isnull', False), _connector='OR'), name='upgrade_applied_says_when'),
        ),
        migrations.AddConstraint(
            model_name='planupgrade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'undone'), _negated=True), ('undone_at__isnull', False), _connector='OR'), name='upgrade_undone_says_when'),
        ),
        migrations.AddConstraint(
            model_name='planupgradeitem',
            constraint=models.UniqueConstraint(fields=('upgrade', 'shipment'), name='upgrade_names_a_shipment_once'),
        ),
        migrations.AddConstraint(
            model_name='transittime',
            constraint=models.UniqueConstraint(fields=('origin', 'destination', 'mode', 'carrier'), name='transit_time_is_one_per_lane', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='transittime',
            constraint=models.CheckConstraint(condition=models.Q(('p50__gte', models.F('p10')), ('p80__gte', models.F('p50')), ('p90__gte', models.F('p80'))), name='transit_time_quantiles_are_in_order'),
        ),
    ]
