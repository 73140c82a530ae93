"""An upload may be one that is being checked. The table is new and small: its rows are looked at on the way."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shipments', '0010_message_by_source'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='upload',
            name='upload_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='upload',
            name='upload_imported_names_its_message',
        ),
        migrations.AlterField(
            model_name='upload',
            name='state',
            field=models.CharField(choices=[('checking', 'Being checked'), ('checked', 'Checked, waits for a person'), ('imported', 'Imported'), ('discarded', 'Discarded'), ('undone', 'Undone')], default='checked', max_length=16, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['checking', 'checked', 'imported', 'discarded', 'undone'])), name='upload_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['checking', 'checked', 'discarded']), ('message__isnull', False), _connector='OR'), name='upload_imported_names_its_message'),
        ),
    ]
