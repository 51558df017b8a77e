"""Create, read, update and delete an owner with psycopg 3 and a pool, and survive a conflict."""

import os
import random
import sys
import time

import boto3
import psycopg
from psycopg_pool import ConnectionPool


def variable(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f'{name} is not set. For the local cluster: eval "$(npx dsql env)"')
    return value


ENDPOINT, USER, REGION = variable("CLUSTER_ENDPOINT"), variable("CLUSTER_USER"), variable("REGION")
# The admin's tables are in `public`; every other role works in a schema of its own.
SCHEMA = "public" if USER == "admin" else "myschema"
DSQL = boto3.client("dsql", region_name=REGION)


def token():
    """Made on this machine, without a request; good for 15 minutes."""
    if USER == "admin":
        return DSQL.generate_db_connect_admin_auth_token(ENDPOINT, REGION)
    return DSQL.generate_db_connect_auth_token(ENDPOINT, REGION)


class DsqlConnection(psycopg.Connection):
    """A pool opens connections for as long as it lives: each gets a token of its own."""

    @classmethod
    def connect(cls, conninfo="", **kwargs):
        return super().connect(conninfo, password=token(), **kwargs)


def pool():
    options = {
        "host": ENDPOINT,
        "port": os.environ.get("PGPORT", "5432"),
        "dbname": "postgres",
        "user": USER,
        "sslmode": "verify-full",
        # `dsql env` names the local authority.
        "sslrootcert": os.environ.get("PGSSLROOTCERT", "system"),
        # Each statement is a transaction unless `connection.transaction()` says otherwise: DSQL takes one DDL statement in each.
        "autocommit": True,
    }
    # Direct TLS, a round trip less, came with libpq 17; the `binary` package brings it.
    if psycopg.pq.version() >= 170000:
        options["sslnegotiation"] = "direct"
    return ConnectionPool(
        connection_class=DsqlConnection,
        kwargs=options,
        configure=lambda connection: connection.execute(f"SET search_path = {SCHEMA}"),
        min_size=1,
        max_size=4,
        # DSQL ends a connection after an hour, in use or not.
        max_lifetime=50 * 60,
        open=True,
    )


def with_retry(connections, work, attempts=5):
    """Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001."""
    for attempt in range(attempts):
        try:
            with connections.connection() as connection, connection.transaction():
                return work(connection)
        except psycopg.errors.SerializationFailure:
            if attempt == attempts - 1:
                raise
            time.sleep(random.uniform(0, 0.05 * 2**attempt))


def recipe(connection):
    connection.execute(
        """CREATE TABLE IF NOT EXISTS owner (
            id UUID NOT NULL DEFAULT gen_random_uuid(),
            name VARCHAR(30) NOT NULL,
            city VARCHAR(80) NOT NULL,
            telephone VARCHAR(20) DEFAULT NULL,
            PRIMARY KEY (id)
        )"""
    )
    john = ("John Doe", "Anytown", "555-555-1999")
    connection.execute("INSERT INTO owner (name, city, telephone) VALUES (%s, %s, %s)", john)
    for name, city in connection.execute("SELECT name, city FROM owner WHERE name = %s", ("John Doe",)):
        print(f"inserted {name}, {city}")
    move = connection.execute("UPDATE owner SET city = %s WHERE name = %s", ("Springfield", "John Doe"))
    print(f"updated {move.rowcount}")


def conflict(connections):
    """Another transaction changes the row between reading and COMMIT, the first time."""
    attempts = 0

    def move(connection):
        nonlocal attempts
        attempts += 1
        connection.execute("SELECT city FROM owner WHERE name = 'John Doe'").fetchone()
        if attempts == 1:
            with connections.connection() as other:
                other.execute("UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'")
        connection.execute("UPDATE owner SET city = city || '!' WHERE name = 'John Doe'")

    with_retry(connections, move)
    with connections.connection() as connection:
        (city,) = connection.execute("SELECT city FROM owner WHERE name = 'John Doe'").fetchone()
    print(f"after {attempts} attempts: {city}")


def main():
    with pool() as connections:
        with connections.connection() as connection:
            recipe(connection)
        conflict(connections)
        with connections.connection() as connection:
            gone = connection.execute("DELETE FROM owner WHERE name = %s", ("John Doe",))
            print(f"deleted {gone.rowcount}")


main()
