#!/bin/sh
# Runs owner.sql with psql: a token as the password, TLS that verifies the server, the user's schema.
set -eu

: "${CLUSTER_ENDPOINT:?is not set. For the local cluster: eval \"\$(npx dsql env)\"}" "${CLUSTER_USER:?}" "${REGION:?}"

# The admin's tables are in public; every other role works in a schema of its own.
if [ "$CLUSTER_USER" = admin ]; then schema=public action=generate-db-connect-admin-auth-token
else schema=myschema action=generate-db-connect-auth-token; fi

# `dsql env` has set a token already.
PGPASSWORD=${PGPASSWORD:-$(aws dsql "$action" --hostname "$CLUSTER_ENDPOINT" --region "$REGION")}
export PGPASSWORD PGHOST="$CLUSTER_ENDPOINT" PGPORT="${PGPORT:-5432}" PGUSER="$CLUSTER_USER" PGDATABASE=postgres
export PGSSLMODE=verify-full PGSSLROOTCERT="${PGSSLROOTCERT:-system}" PGOPTIONS="-c search_path=$schema"

# Direct TLS, a round trip less, came with libpq 17.
version=$(psql --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
if [ "$version" -ge 17 ]; then export PGSSLNEGOTIATION=direct; fi

exec psql --no-psqlrc --set ON_ERROR_STOP=1 --file "$(dirname "$0")/owner.sql"
