-- Login roles of the product, once per PostgreSQL server; safe to run again.
-- No passwords in here: ALTER ROLE … PASSWORD comes from the place where secrets are kept.
-- pwa_owner owns the schemas and runs migrations; each service's role works in its own schema only
-- (its migration grants that), owns nothing and reads no other schema.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'pwa_owner', 'pwa_intake', 'pwa_sla', 'pwa_escalation', 'pwa_survey', 'pwa_reporting'
  ] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
    END IF;
  END LOOP;
END $$;
