"""Create, read, update and delete an owner with psycopg2, and survive a conflict."""

import os
import random
import sys
import time

import psycopg2


def variable(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f'{name} is not set. For the local cluster: eval "$(npx dsql env)"')
    return value


def token(endpoint, user, region):
    """`dsql env` sets one in PGPASSWORD. A token lives 15 minutes: make one for each connection."""
    if "PGPASSWORD" in os.environ:
        return os.environ["PGPASSWORD"]
    import boto3

    client = boto3.client("dsql", region_name=region)
    if user == "admin":
        return client.generate_db_connect_admin_auth_token(endpoint, region)
    return client.generate_db_connect_auth_token(endpoint, region)


def connect():
    endpoint, user, region = variable("CLUSTER_ENDPOINT"), variable("CLUSTER_USER"), variable("REGION")
    options = {
        "host": endpoint,
        "port": os.environ.get("PGPORT", "5432"),
        "dbname": "postgres",
        "user": user,
        "password": token(endpoint, user, region),
        "sslmode": "verify-full",
        # With libpq before 16, the file of Amazon Root CA 1. `dsql env` names the local authority.
        "sslrootcert": os.environ.get("PGSSLROOTCERT", "system"),
    }
    # Direct TLS, a round trip less, came with libpq 17.
    if psycopg2.extensions.libpq_version() >= 170000:
        options["sslnegotiation"] = "direct"
    connection = psycopg2.connect(**options)
    # Each statement is a transaction unless BEGIN says otherwise: DSQL takes one DDL statement in each, and no other change beside it.
    connection.autocommit = True
    with connection.cursor() as cursor:
        # The admin's tables are in `public`; every other role works in a schema of its own.
        cursor.execute(f"SET search_path = {'public' if user == 'admin' else 'myschema'}")
    return connection


def with_retry(cursor, work, attempts=5):
    """Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001."""
    for attempt in range(attempts):
        cursor.execute("BEGIN")
        try:
            work()
            cursor.execute("COMMIT")
            return
        except psycopg2.Error as error:
            # After a COMMIT that lost nothing is open; a lost connection has nothing to roll back.
            if cursor.connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_INERROR:
                cursor.execute("ROLLBACK")
            if not isinstance(error, psycopg2.errors.SerializationFailure) or attempt == attempts - 1:
                raise
            time.sleep(random.uniform(0, 0.05 * 2**attempt))


def recipe(cursor):
    cursor.execute(
        """CREATE TABLE IF NOT EXISTS owner (
            id UUID NOT NULL DEFAULT gen_random_uuid(),
            name VARCHAR(30) NOT NULL,
            city VARCHAR(80) NOT NULL,
            telephone VARCHAR(20) DEFAULT NULL,
            PRIMARY KEY (id)
        )"""
    )
    john = ("John Doe", "Anytown", "555-555-1999")
    cursor.execute("INSERT INTO owner (name, city, telephone) VALUES (%s, %s, %s)", john)
    cursor.execute("SELECT name, city FROM owner WHERE name = %s", ("John Doe",))
    for name, city in cursor.fetchall():
        print(f"inserted {name}, {city}")
    cursor.execute("UPDATE owner SET city = %s WHERE name = %s", ("Springfield", "John Doe"))
    print(f"updated {cursor.rowcount}")


def conflict(cursor, other):
    """Another transaction changes the row between reading and COMMIT, the first time."""
    attempts = 0

    def move():
        nonlocal attempts
        attempts += 1
        cursor.execute("SELECT city FROM owner WHERE name = 'John Doe'")
        if attempts == 1:
            other.execute("UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'")
        cursor.execute("UPDATE owner SET city = city || '!' WHERE name = 'John Doe'")

    with_retry(cursor, move)
    cursor.execute("SELECT city FROM owner WHERE name = 'John Doe'")
    (city,) = cursor.fetchone()
    print(f"after {attempts} attempts: {city}")


def main():
    connections = []
    try:
        for _ in range(2):
            connections.append(connect())
        cursor, other = (connection.cursor() for connection in connections)
        recipe(cursor)
        conflict(cursor, other)
        cursor.execute("DELETE FROM owner WHERE name = %s", ("John Doe",))
        print(f"deleted {cursor.rowcount}")
    finally:
        for connection in connections:
            connection.close()


main()
