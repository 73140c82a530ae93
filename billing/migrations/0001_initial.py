import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('partners', '0001_initial'),
        ('partners', '__first__'),
        ('shipments', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChargeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='code')),
                ('charge_code', models.CharField(max_length=24, verbose_name='charge code')),
                ('description', models.CharField(max_length=150, verbose_name='description')),
                ('side', models.CharField(choices=[('sell', 'Sell'), ('buy', 'Buy')], default='sell', max_length=8, verbose_name='side')),
                ('mode', models.CharField(blank=True, choices=[('ocean', 'Ocean'), ('air', 'Air'), ('road', 'Road'), ('rail', 'Rail'), ('parcel', 'Parcel')], max_length=16, verbose_name='mode')),
                ('place_role', models.CharField(choices=[('any', 'Anywhere'), ('origin', 'Origin'), ('pol', 'Place of loading'), ('transit', 'In transit'), ('pod', 'Place of discharge'), ('destination', 'Destination')], default='any', max_length=16, verbose_name='place')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shipments.milestonetype', verbose_name='milestone')),
            ],
            options={
                'verbose_name': 'charge rule',
                'verbose_name_plural': 'charge rules',
            },
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('slot', models.CharField(max_length=80, verbose_name='milestone slot')),
                ('sequence', models.PositiveSmallIntegerField(default=1, verbose_name='sequence')),
                ('cause', models.CharField(choices=[('milestone', 'Milestone reached'), ('retraction', 'Milestone retracted'), ('credit', 'Credited by a person')], default='milestone', max_length=16, verbose_name='cause')),
                ('side', models.CharField(choices=[('sell', 'Sell'), ('buy', 'Buy')], max_length=8, verbose_name='side')),
                ('charge_code', models.CharField(max_length=24, verbose_name='charge code')),
                ('description', models.CharField(max_length=200, verbose_name='description')),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=12, verbose_name='quantity')),
                ('price', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='price')),
                ('amount', models.DecimalField(decimal_places=3, max_digits=16, verbose_name='amount')),
                ('tax_percent', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='tax in percent')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('explanation', models.CharField(max_length=300, verbose_name='how it was computed')),
                ('earned_at', models.DateTimeField(help_text='When the milestone was reached', verbose_name='earned')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('state', models.CharField(choices=[('unbilled', 'Unbilled'), ('drafted', 'On a draft'), ('invoiced', 'Invoiced'), ('cancelled', 'Cancelled')], default='unbilled', max_length=16, verbose_name='state')),
                ('cancel_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner', verbose_name='customer')),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='billing.charge', verbose_name='reverses')),
                ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='shipments.shipment', verbose_name='shipment')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.chargerule', verbose_name='rule')),
            ],
            options={
                'verbose_name': 'charge',
                'verbose_name_plural': 'charges',
                'indexes': [models.Index(condition=models.Q(('state', 'unbilled')), fields=['customer', 'currency'], name='charge_unbilled')],
                'constraints': [models.UniqueConstraint(fields=('rule', 'shipment', 'slot', 'sequence'), name='charge_is_made_once'), models.CheckConstraint(condition=models.Q(('state__in', ['unbilled', 'drafted', 'invoiced', 'cancelled'])), name='charge_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'cancelled'), _negated=True), models.Q(('cancel_reason', ''), _negated=True), _connector='OR'), name='charge_cancelled_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('amount__gte', 0), ('reverses', None)), models.Q(('amount__lte', 0), ('reverses__isnull', False)), _connector='OR'), name='charge_is_negative_only_when_it_reverses'), models.CheckConstraint(condition=models.Q(models.Q(('cause', 'milestone'), ('reverses', None)), models.Q(('cause__in', ['retraction', 'credit']), ('reverses__isnull', False)), _connector='OR'), name='charge_cause_fits_what_it_is')],
            },
        ),
        migrations.CreateModel(
            name='ExportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('format', models.CharField(choices=[('journal_csv', 'Journal (CSV)')], max_length=16, verbose_name='format')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('content', models.BinaryField(verbose_name='content')),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('rows', models.PositiveIntegerField(verbose_name='rows')),
                ('totals', models.JSONField(default=dict, help_text='Per currency: debit and credit', verbose_name='totals')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
            ],
            options={
                'verbose_name': 'export batch',
                'verbose_name_plural': 'export batches',
            },
        ),
        migrations.CreateModel(
            name='InvoiceSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=16, unique=True, verbose_name='code')),
                ('prefix', models.CharField(max_length=16, verbose_name='prefix')),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit note')], max_length=16, verbose_name='kind')),
                ('next_number', models.PositiveIntegerField(default=1, verbose_name='next number')),
                ('issuer_name', models.CharField(max_length=200, verbose_name='issuer')),
                ('issuer_address', models.TextField(blank=True, verbose_name="issuer's address")),
                ('issuer_tax_id', models.CharField(blank=True, max_length=64, verbose_name="issuer's tax number")),
            ],
            options={
                'verbose_name': 'number series',
                'verbose_name_plural': 'number series',
                'constraints': [models.CheckConstraint(condition=models.Q(('next_number__gte', 1)), name='series_counts_from_one')],
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('credit_note', 'Credit note')], default='invoice', max_length=16, verbose_name='kind')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('issued', 'Issued')], default='draft', max_length=16, verbose_name='state')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('sequence_number', models.PositiveIntegerField(blank=True, null=True, verbose_name='number in the series')),
                ('number', models.CharField(blank=True, max_length=32, verbose_name='number')),
                ('issued_at', models.DateTimeField(blank=True, null=True, verbose_name='issued')),
                ('issued_on', models.DateField(blank=True, null=True, verbose_name='invoice date')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='due')),
                ('issuer_name', models.CharField(blank=True, max_length=200, verbose_name='issuer')),
                ('issuer_address', models.TextField(blank=True, verbose_name="issuer's address")),
                ('issuer_tax_id', models.CharField(blank=True, max_length=64, verbose_name="issuer's tax number")),
                ('customer_name', models.CharField(blank=True, max_length=200, verbose_name='customer name')),
                ('customer_address', models.TextField(blank=True, verbose_name='customer address')),
                ('customer_tax_id', models.CharField(blank=True, max_length=64, verbose_name='tax number')),
                ('net', models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=16, verbose_name='net')),
                ('tax', models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=16, verbose_name='tax')),
                ('total', models.DecimalField(decimal_places=3, default=Decimal('0'), max_digits=16, verbose_name='total')),
                ('digest', models.CharField(blank=True, editable=False, max_length=64, verbose_name='SHA-256 of the issued facts')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('credits', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='billing.invoice', verbose_name='credits')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='partners.partner', verbose_name='customer')),
                ('issued_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='issued by')),
                ('series', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.invoiceseries', verbose_name='series')),
            ],
            options={
                'verbose_name': 'invoice',
                'verbose_name_plural': 'invoices',
                'indexes': [models.Index(fields=['customer', '-id'], name='invoice_by_customer')],
                'constraints': [models.UniqueConstraint(fields=('series', 'sequence_number'), name='invoice_number_is_unique'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'issued'])), name='invoice_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('number', ''), ('sequence_number', None), ('state', 'draft')), models.Q(('issued_at__isnull', False), ('issued_on__isnull', False), ('sequence_number__isnull', False), ('series__isnull', False), ('state', 'issued'), models.Q(('number', ''), _negated=True), models.Q(('digest', ''), _negated=True)), _connector='OR'), name='invoice_issued_is_numbered_and_sealed'), models.CheckConstraint(condition=models.Q(('total', django.db.models.expressions.CombinedExpression(models.F('net'), '+', models.F('tax')))), name='invoice_total_is_net_and_tax'), models.CheckConstraint(condition=models.Q(models.Q(('credits', None), ('kind', 'invoice')), models.Q(('credits__isnull', False), ('kind', 'credit_note')), _connector='OR'), name='credit_note_names_its_invoice')],
            },
        ),
        migrations.CreateModel(
            name='ExportedInvoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(choices=[('journal_csv', 'Journal (CSV)')], max_length=16)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='billing.exportbatch', verbose_name='batch')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'exported invoice',
                'constraints': [models.UniqueConstraint(fields=('invoice', 'format'), name='invoice_is_exported_once_per_format')],
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('shipment_reference', models.CharField(max_length=64, verbose_name='shipment')),
                ('charge_code', models.CharField(max_length=24, verbose_name='charge code')),
                ('description', models.CharField(max_length=200, verbose_name='description')),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=12, verbose_name='quantity')),
                ('price', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='price')),
                ('net', models.DecimalField(decimal_places=3, max_digits=16, verbose_name='net')),
                ('tax_percent', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='tax in percent')),
                ('charge', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_line', to='billing.charge', verbose_name='charge')),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='billing.invoice', verbose_name='invoice')),
            ],
            options={
                'verbose_name': 'invoice line',
                'verbose_name_plural': 'invoice lines',
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('invoice', 'position'), name='invoice_line_position_is_unique')],
            },
        ),
        migrations.CreateModel(
            name='ShipmentAccount',
            fields=[
                ('shipment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='account', serialize=False, to='shipments.shipment')),
                ('seen_revision', models.BigIntegerField(default=0)),
                ('rated_at', models.DateTimeField(blank=True, null=True)),
                ('unpriced', models.JSONField(blank=True, default=list, verbose_name='without a price')),
            ],
            options={
                'verbose_name': 'shipment account',
                'indexes': [models.Index(condition=models.Q(('unpriced', []), _negated=True), fields=['rated_at'], name='account_without_a_price')],
            },
        ),
        migrations.CreateModel(
            name='Tariff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('side', models.CharField(choices=[('sell', 'Sell'), ('buy', 'Buy')], default='sell', max_length=8, verbose_name='side')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='valid until')),
                ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'tariff',
                'verbose_name_plural': 'tariffs',
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='tariff_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='tariff_currency_is_iso_4217')],
            },
        ),
        migrations.CreateModel(
            name='TariffRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('charge_code', models.CharField(max_length=24, verbose_name='charge code')),
                ('mode', models.CharField(blank=True, choices=[('ocean', 'Ocean'), ('air', 'Air'), ('road', 'Road'), ('rail', 'Rail'), ('parcel', 'Parcel')], max_length=16, verbose_name='mode')),
                ('basis', models.CharField(choices=[('shipment', 'Per shipment'), ('unit', 'Per unit (container, ULD, package)')], default='shipment', max_length=16, verbose_name='basis')),
                ('price', models.DecimalField(decimal_places=4, max_digits=14, verbose_name='price')),
                ('minimum', models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True, verbose_name='minimum')),
                ('tax_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5, verbose_name='tax in percent')),
                ('tariff', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rates', to='billing.tariff', verbose_name='tariff')),
            ],
            options={
                'verbose_name': 'rate',
                'verbose_name_plural': 'rates',
                'constraints': [models.UniqueConstraint(fields=('tariff', 'charge_code', 'mode'), name='rate_is_unique_in_its_tariff'), models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='rate_price_is_not_negative'), models.CheckConstraint(condition=models.Q(('tax_percent__gte', 0), ('tax_percent__lte', 100)), name='rate_tax_is_a_percentage')],
            },
        ),
        migrations.CreateModel(
            name='Accrual',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveSmallIntegerField(verbose_name='sequence')),
                ('amount', models.DecimalField(decimal_places=3, max_digits=16, verbose_name='amount')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('reason', models.CharField(choices=[('earned', 'Earned'), ('billed', 'Billed'), ('reversed', 'Reversed')], max_length=16, verbose_name='reason')),
                ('booked_on', models.DateField(verbose_name='booked on')),
                ('charge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accruals', to='billing.charge', verbose_name='charge')),
            ],
            options={
                'verbose_name': 'accrual',
                'verbose_name_plural': 'accruals',
                'constraints': [models.UniqueConstraint(fields=('charge', 'sequence'), name='accrual_is_booked_once')],
            },
        ),
    ]
