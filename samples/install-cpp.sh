#!/bin/sh
# Builds the samples in C++ with the system's compiler and libpq.
set -eu
cd "$(dirname "$0")/cpp-libpq"
compiler=${CXX:-c++}
if ! command -v "$compiler" >/dev/null || ! command -v pg_config >/dev/null ||
  [ ! -f "$(pg_config --includedir)/libpq-fe.h" ]; then
  echo "The samples in C++ need a compiler and libpq (Debian: apt-get install g++ libpq-dev)." >&2
  exit 69
fi
mkdir -p ../.bin
"$compiler" -std=c++17 -O1 -Wall -Wextra -I"$(pg_config --includedir)" owner.cpp -L"$(pg_config --libdir)" -lpq -pthread -o ../.bin/cpp-libpq
