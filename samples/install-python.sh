#!/bin/sh
# A virtual environment of the samples' own, with the versions that their requirements and python-lock.txt name.
set -eu
cd "$(dirname "$0")"
if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  echo "The samples in Python need python3 from 3.10 with its venv (Debian: apt-get install python3-venv)." >&2
  exit 69
fi
python3 -m venv .venv
# Gives up after some two minutes without an answer, and says of which package.
.venv/bin/pip install --quiet --no-compile --disable-pip-version-check --retries 4 --timeout 20 --constraint python-lock.txt \
  -r psycopg/requirements.txt -r asyncpg/requirements.txt -r sqlalchemy/requirements.txt \
  -r python/requirements.txt
