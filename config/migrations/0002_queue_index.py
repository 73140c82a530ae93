from django.db import migrations

# django-q2 gives its queue no index but the primary key. Takers ask for the oldest row that is free.
_CREATE = "CREATE INDEX waymark_queue_lock ON django_q_ormq (lock, id)"


class Migration(migrations.Migration):
    dependencies = [("config", "0001_initial"), ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more")]
    operations = [migrations.RunSQL(_CREATE, "DROP INDEX waymark_queue_lock")]
