"""How much of the means a shipment takes, its papers, and what it was before a change."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0002_jobs'),
        ('shipments', '0012_fewer_indexes_of_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('type', models.CharField(choices=[('booking_confirmation', 'Booking confirmation'), ('commercial_invoice', 'Commercial invoice'), ('packing_list', 'Packing list'), ('mbl', 'Master bill of lading'), ('hbl', 'House bill of lading'), ('mawb', 'Master air waybill'), ('hawb', 'House air waybill'), ('cmr', 'Road waybill (CMR)'), ('arrival_notice', 'Arrival notice'), ('delivery_order', 'Delivery order'), ('pod', 'Proof of delivery'), ('export_declaration', 'Export declaration'), ('import_declaration', 'Import declaration'), ('certificate_of_origin', 'Certificate of origin'), ('dangerous_goods', 'Dangerous goods declaration'), ('insurance', 'Insurance certificate'), ('carrier_invoice', 'Carrier invoice'), ('other', 'Other')], max_length=24, verbose_name='type')),
                ('name', models.CharField(max_length=200, verbose_name='file name')),
                ('content_type', models.CharField(max_length=100, verbose_name='content type')),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('body', models.BinaryField()),
                ('audience', models.CharField(choices=[('internal', 'Internal'), ('partner', 'Partners'), ('customer', 'Partners and the customer')], default='internal', max_length=16, verbose_name='who may see it')),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='received')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
                ('withdraw_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
            },
        ),
        migrations.CreateModel(
            name='ShipmentPast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('facts', models.JSONField(default=dict, verbose_name='facts')),
            ],
            options={
                'verbose_name': 'earlier state of a shipment',
                'verbose_name_plural': 'earlier states of shipments',
            },
        ),
        migrations.AddField(
            model_name='shipment',
            name='service',
            field=models.CharField(blank=True, choices=[('fcl', 'Full container (FCL)'), ('lcl', 'Less than a container (LCL)'), ('ftl', 'Full truck (FTL)'), ('ltl', 'Less than a truck (LTL)'), ('intermodal', 'Intermodal'), ('warehouse_in', 'Into the warehouse'), ('warehouse_out', 'Out of the warehouse'), ('customs', 'Customs clearance only')], db_default='', max_length=16, verbose_name='service'),
        ),
        AddConstraintNotValid(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(('service', ''), ('service__in', ['fcl', 'lcl', 'ftl', 'ltl', 'intermodal', 'warehouse_in', 'warehouse_out', 'customs']), _connector='OR'), name='shipment_service_is_known'),
        ),
        migrations.AddField(
            model_name='document',
            name='received_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='received by'),
        ),
        migrations.AddField(
            model_name='document',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='shipments.shipment', verbose_name='shipment'),
        ),
        migrations.AddField(
            model_name='document',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by'),
        ),
        migrations.AddField(
            model_name='shipmentpast',
            name='changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by'),
        ),
        migrations.AddField(
            model_name='shipmentpast',
            name='shipment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pasts', to='shipments.shipment', verbose_name='shipment'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('shipment', 'type', 'digest'), name='document_is_filed_once', violation_error_message='This file is there already.'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['booking_confirmation', 'commercial_invoice', 'packing_list', 'mbl', 'hbl', 'mawb', 'hawb', 'cmr', 'arrival_notice', 'delivery_order', 'pod', 'export_declaration', 'import_declaration', 'certificate_of_origin', 'dangerous_goods', 'insurance', 'carrier_invoice', 'other'])), name='document_type_is_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('audience__in', ['internal', 'partner', 'customer'])), name='document_audience_is_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('withdraw_reason', ''), _negated=True), _connector='OR'), name='document_withdrawn_says_why'),
        ),
        migrations.AddIndex(
            model_name='shipmentpast',
            index=models.Index(fields=['shipment', 'until'], name='past_by_shipment'),
        ),
    ]
