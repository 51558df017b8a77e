#!/bin/sh
# A virtual environment of the samples' own, with the versions that their requirements name.
set -eu
cd "$(dirname "$0")"
if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  echo "The samples in Python need python3 from 3.10 with its venv (Debian: apt-get install python3-venv)." >&2
  exit 1
fi
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --retries 10 --timeout 60 \
  -r psycopg/requirements.txt -r asyncpg/requirements.txt -r sqlalchemy/requirements.txt
