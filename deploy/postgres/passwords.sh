#!/bin/sh
# Gives every login role of roles.sql one password, for a server that only this compose file uses.
# In production each role has its own, from where secrets are kept.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$PWA_DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
SELECT format('ALTER ROLE %I PASSWORD %L', rolname, :'password')
FROM pg_roles WHERE rolname LIKE 'pwa\_%' AND rolcanlogin
\gexec
SQL
