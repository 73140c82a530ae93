"""What was received and reported is never edited or deleted, whoever asks: the console, a shell, a wrong query."""

from django.db import migrations

_FORWARDS = """
CREATE FUNCTION shipments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON shipments_event FOR EACH ROW EXECUTE FUNCTION
    shipments_refuse_change('An event is never edited or deleted. Correct it with a new event that retracts it.');

CREATE TRIGGER event_match_is_append_only BEFORE UPDATE OR DELETE ON shipments_eventmatch FOR EACH ROW EXECUTE FUNCTION
    shipments_refuse_change('That an event was matched to a shipment stays on record.');

CREATE TRIGGER message_is_kept BEFORE DELETE ON shipments_message FOR EACH ROW EXECUTE FUNCTION
    shipments_refuse_change('A received message is never deleted.');

CREATE TRIGGER message_payload_is_kept BEFORE UPDATE OF raw, digest, size, source_id, received_at ON shipments_message
    FOR EACH ROW WHEN (
        OLD.raw IS DISTINCT FROM NEW.raw OR OLD.digest IS DISTINCT FROM NEW.digest OR OLD.size IS DISTINCT FROM NEW.size
        OR OLD.source_id IS DISTINCT FROM NEW.source_id OR OLD.received_at IS DISTINCT FROM NEW.received_at
    ) EXECUTE FUNCTION
    shipments_refuse_change('A received message stays exactly as it was received.');
"""
_BACKWARDS = """
DROP TRIGGER message_payload_is_kept ON shipments_message;
DROP TRIGGER message_is_kept ON shipments_message;
DROP TRIGGER event_match_is_append_only ON shipments_eventmatch;
DROP TRIGGER event_is_append_only ON shipments_event;
DROP FUNCTION shipments_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("shipments", "0003_places")]

    operations = [migrations.RunSQL(_FORWARDS, _BACKWARDS)]
