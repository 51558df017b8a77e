#!/bin/sh
# Builds the samples in Go, with the versions that go.sum names.
set -eu
cd "$(dirname "$0")/pgx"
if ! command -v go >/dev/null; then
  echo "The samples in Go need go from 1.25: https://go.dev/dl" >&2
  exit 69
fi
# What a registry refuses for a moment is asked for once more.
go mod download || { sleep 10 && go mod download; }
go build -o ../.bin/pgx .
