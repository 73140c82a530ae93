import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='name')),
                ('kind', models.CharField(choices=[('internal', 'Internal'), ('partner', 'Partner'), ('service', 'API key')], default='partner', max_length=16, verbose_name='kind')),
                ('language', models.CharField(default='en', max_length=16, verbose_name='language')),
                ('time_zone', models.CharField(default='UTC', help_text='IANA name, such as Europe/Berlin', max_length=64, verbose_name='time zone')),
                ('clock', models.CharField(choices=[('place', 'Time of the place'), ('mine', 'My time'), ('utc', 'UTC')], default='place', max_length=8, verbose_name='times are shown in')),
                ('is_staff', models.BooleanField(default=False, verbose_name='may use the console')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_is_unique_in_any_case', violation_error_message='This e-mail address is already in use.'), models.CheckConstraint(condition=models.Q(('is_staff', False), ('kind', 'internal'), _connector='OR'), name='user_in_console_is_internal', violation_error_message='Only internal people may use the console.'), models.CheckConstraint(condition=models.Q(('is_superuser', False), ('kind', 'internal'), _connector='OR'), name='user_with_all_rights_is_internal', violation_error_message='Only internal people may hold all rights.'), models.CheckConstraint(condition=models.Q(('kind__in', ['internal', 'partner', 'service'])), name='user_kind_is_known'), models.CheckConstraint(condition=models.Q(('clock__in', ['place', 'mine', 'utc'])), name='user_clock_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('topic', models.CharField(choices=[('exception_opened', 'A problem was opened'), ('milestone_reached', 'A milestone was reached'), ('eta_changed', 'The expected arrival changed'), ('invoice_issued', 'An invoice was issued')], max_length=32, verbose_name='topic')),
                ('key', models.CharField(max_length=200, unique=True, verbose_name='key')),
                ('subject', models.CharField(help_text='What it is about, such as shipment:<uuid>', max_length=100, verbose_name='subject')),
                ('facts', models.JSONField(default=dict, help_text='Plain values that the templates of the channels show', verbose_name='facts')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'indexes': [models.Index(fields=['subject'], name='notification_by_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('topic__in', ['exception_opened', 'milestone_reached', 'eta_changed', 'invoice_issued'])), name='notification_topic_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Partner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('code', models.CharField(max_length=32, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('customer', 'Customer'), ('shipper', 'Shipper'), ('consignee', 'Consignee'), ('forwarder', 'Forwarder or agent'), ('carrier', 'Carrier'), ('warehouse', 'Warehouse'), ('customs_broker', 'Customs broker'), ('customs_authority', 'Customs authority'), ('terminal', 'Terminal'), ('last_mile_carrier', 'Last-mile carrier'), ('3pl', '3PL')], max_length=24), size=None, verbose_name='kinds')),
                ('country', models.CharField(blank=True, help_text='ISO 3166-1 alpha-2', max_length=2, verbose_name='country')),
                ('time_zone', models.CharField(blank=True, max_length=64, verbose_name='time zone')),
                ('language', models.CharField(default='en', max_length=16, verbose_name='language')),
                ('billing_currency', models.CharField(default='EUR', max_length=3, verbose_name='billing currency')),
                ('billing_address', models.TextField(blank=True, max_length=1000, verbose_name='billing address')),
                ('payment_days', models.PositiveSmallIntegerField(default=30, verbose_name='payment days')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'partner',
                'verbose_name_plural': 'partners',
                'permissions': [('view_shipments', "May see the partner's shipments"), ('report_events', 'May report events for the partner'), ('change_shipments', 'May create and change shipments of the partner'), ('view_invoices', "May see the partner's invoices"), ('manage_members', "May manage the partner's people and keys"), ('see_all_partners', 'May see the rows of all partners')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kinds__contained_by', ['customer', 'shipper', 'consignee', 'forwarder', 'carrier', 'warehouse', 'customs_broker', 'customs_authority', 'terminal', 'last_mile_carrier', '3pl']), ('kinds__len__gt', 0)), name='partner_has_known_kinds', violation_error_message='A partner needs at least one kind from the list.'), models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9][A-Z0-9_.-]{0,31}$')), name='partner_code_is_plain', violation_error_message='A code has capital letters, digits, dots, dashes and underscores only.'), models.CheckConstraint(condition=models.Q(('country', ''), ('country__regex', '^[A-Z]{2}$'), _connector='OR'), name='partner_country_is_iso_3166', violation_error_message='A country is two capital letters (ISO 3166).')],
            },
        ),
        migrations.CreateModel(
            name='NotificationAudience',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audiences', to='partners.notification')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='partners.partner')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('notification', 'partner'), name='audience_is_named_once')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('editor', 'Editor'), ('administrator', 'Administrator')], max_length=16, verbose_name='role')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='partners.partner', verbose_name='partner')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'constraints': [models.UniqueConstraint(fields=('user', 'partner'), name='membership_is_one_per_partner'), models.CheckConstraint(condition=models.Q(('role__in', ['viewer', 'editor', 'administrator'])), name='membership_role_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'E-mail')], max_length=16, verbose_name='channel')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('sent', 'Sent'), ('failed', 'Failed'), ('withdrawn', 'Withdrawn')], default='queued', max_length=16, verbose_name='state')),
                ('message_id', models.UUIDField(default=uuid.uuid4, editable=False, help_text='The same over all attempts', unique=True, verbose_name='message id')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('not_before', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='not before')),
                ('lease_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('lease_token', models.UUIDField(blank=True, editable=False, null=True)),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
                ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='partners.notification', verbose_name='notification')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='partners.partner', verbose_name='on behalf of')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['not_before', 'id'], name='delivery_waiting')],
                'constraints': [models.UniqueConstraint(fields=('notification', 'user', 'channel'), name='delivery_is_one_per_recipient_and_channel'), models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sent', 'failed', 'withdrawn'])), name='delivery_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='delivery_sent_says_when'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='delivery_failed_says_why')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('prefix', models.CharField(max_length=12, unique=True, verbose_name='prefix')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='digest')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'Read'), ('write', 'Write'), ('ingest', 'Send events'), ('finance', 'Finance')], max_length=16), size=None, verbose_name='scopes')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('last_used_at', models.DateTimeField(blank=True, null=True, verbose_name='last used')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='api_key', to=settings.AUTH_USER_MODEL, verbose_name='service user')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='partners.partner', verbose_name='partner')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'constraints': [models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['read', 'write', 'ingest', 'finance']), ('scopes__len__gt', 0)), name='api_key_has_known_scopes'), models.UniqueConstraint(fields=('partner', 'name'), name='api_key_name_is_unique_per_partner')],
            },
        ),
        migrations.CreateModel(
            name='PartnerGroupGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='partners.partner')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
            ],
            options={
                'abstract': False,
                'unique_together': {('group', 'permission', 'content_object')},
            },
        ),
        migrations.CreateModel(
            name='PartnerIdentifier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scheme', models.CharField(choices=[('scac', 'SCAC'), ('iata', 'IATA airline code'), ('tax_id', 'Tax number'), ('eori', 'EORI'), ('gln', 'GLN')], max_length=16, verbose_name='scheme')),
                ('value', models.CharField(max_length=64, verbose_name='value')),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identifiers', to='partners.partner', verbose_name='partner')),
            ],
            options={
                'verbose_name': 'identifier',
                'verbose_name_plural': 'identifiers',
                'constraints': [models.UniqueConstraint(fields=('scheme', 'value'), name='identifier_names_one_partner', violation_error_message='Another partner has this identifier.'), models.CheckConstraint(condition=models.Q(('scheme__in', ['scac', 'iata', 'tax_id', 'eori', 'gln'])), name='identifier_scheme_is_known')],
            },
        ),
        migrations.CreateModel(
            name='PartnerUserGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='partners.partner')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'unique_together': {('user', 'permission', 'content_object')},
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(choices=[('exception_opened', 'A problem was opened'), ('milestone_reached', 'A milestone was reached'), ('eta_changed', 'The expected arrival changed'), ('invoice_issued', 'An invoice was issued')], max_length=32, verbose_name='topic')),
                ('channel', models.CharField(choices=[('email', 'E-mail')], default='email', max_length=16, verbose_name='channel')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('partner', models.ForeignKey(blank=True, help_text='Empty for internal people: all partners', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='partners.partner', verbose_name='partner')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
                'constraints': [models.UniqueConstraint(fields=('user', 'partner', 'topic', 'channel'), name='subscription_is_one_per_topic_and_channel', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('topic__in', ['exception_opened', 'milestone_reached', 'eta_changed', 'invoice_issued'])), name='subscription_topic_is_known'), models.CheckConstraint(condition=models.Q(('channel__in', ['email'])), name='subscription_channel_is_known')],
            },
        ),
    ]
