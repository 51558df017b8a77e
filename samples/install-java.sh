#!/bin/sh
# Builds the samples in Java, with the versions that pom.xml names.
set -eu
cd "$(dirname "$0")/java-jdbc"
if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
  echo "The samples in Java need a JDK from 17 and Maven (Debian: apt-get install maven)." >&2
  exit 69
fi
# Gives up after a minute without an answer, and says on what.
build() { mvn --batch-mode --quiet -Dmaven.wagon.http.readTimeout=60000 -Dmaven.wagon.rto=60000 process-classes; }
# What a registry refuses for a moment is asked for once more.
build || { sleep 10 && build; }
