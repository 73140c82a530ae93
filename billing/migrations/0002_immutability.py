"""What is issued or exported never changes, whoever asks: the console, a shell, a wrong query."""

from django.db import migrations

_FORWARDS = """
CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER invoice_never_changes_once_issued BEFORE UPDATE OR DELETE ON billing_invoice FOR EACH ROW
    WHEN (OLD.state = 'issued') EXECUTE FUNCTION
    billing_refuse('An issued invoice never changes. Answer it with a credit note.');

CREATE FUNCTION billing_keep_issued_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM billing_invoice
        WHERE state = 'issued' AND id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.invoice_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.invoice_id END
        )
    ) THEN
        RAISE EXCEPTION 'The lines of an issued invoice never change. Answer it with a credit note.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER invoice_lines_never_change_once_issued BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_keep_issued_lines();

CREATE TRIGGER export_batch_never_changes BEFORE UPDATE OR DELETE ON billing_exportbatch FOR EACH ROW EXECUTE FUNCTION
    billing_refuse('An export batch never changes.');

CREATE TRIGGER exported_invoice_never_changes BEFORE UPDATE OR DELETE ON billing_exportedinvoice
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('What was exported stays on record.');

CREATE FUNCTION billing_refuse_to_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_invoice WHERE state = 'issued') THEN
        RAISE EXCEPTION 'There are issued invoices: they are never deleted.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER invoices_are_never_emptied BEFORE TRUNCATE ON billing_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_to_empty();
CREATE TRIGGER invoice_lines_are_never_emptied BEFORE TRUNCATE ON billing_invoiceline
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_to_empty();
CREATE TRIGGER export_batches_are_never_emptied BEFORE TRUNCATE ON billing_exportbatch
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_to_empty();
CREATE TRIGGER exported_invoices_are_never_emptied BEFORE TRUNCATE ON billing_exportedinvoice
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_to_empty();
"""
_BACKWARDS = """
DROP TRIGGER exported_invoices_are_never_emptied ON billing_exportedinvoice;
DROP TRIGGER export_batches_are_never_emptied ON billing_exportbatch;
DROP TRIGGER invoice_lines_are_never_emptied ON billing_invoiceline;
DROP TRIGGER invoices_are_never_emptied ON billing_invoice;
DROP TRIGGER exported_invoice_never_changes ON billing_exportedinvoice;
DROP TRIGGER export_batch_never_changes ON billing_exportbatch;
DROP TRIGGER invoice_lines_never_change_once_issued ON billing_invoiceline;
DROP TRIGGER invoice_never_changes_once_issued ON billing_invoice;
DROP FUNCTION billing_refuse_to_empty();
DROP FUNCTION billing_keep_issued_lines();
DROP FUNCTION billing_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(_FORWARDS, _BACKWARDS)]
