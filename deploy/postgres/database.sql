-- Rights and extensions of one database of the product, run inside it by a superuser; safe to run again.
-- Nobody else connects; only pwa_owner may create schemas; nothing is created in schema public.
DO $$
DECLARE
  name text;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  FOR name IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'pwa\_%' AND rolcanlogin LOOP
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
  END LOOP;
  EXECUTE format('GRANT CREATE ON DATABASE %I TO pwa_owner', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
