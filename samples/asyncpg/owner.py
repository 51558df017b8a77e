"""Create, read, update and delete an owner with asyncpg and a pool, and survive a conflict."""

import asyncio
import os
import random
import ssl
import sys

import asyncpg
import boto3


def variable(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f'{name} is not set. For the local cluster: eval "$(npx dsql env --for go)"')
    return value


ENDPOINT, USER, REGION = variable("CLUSTER_ENDPOINT"), variable("CLUSTER_USER"), variable("REGION")
# The admin's tables are in `public`; every other role works in a schema of its own.
SCHEMA = "public" if USER == "admin" else "myschema"
DSQL = boto3.client("dsql", region_name=REGION)


async def token():
    """Made on this machine, without a request; good for 15 minutes. The pool asks for one with each connection."""
    if USER == "admin":
        return DSQL.generate_db_connect_admin_auth_token(ENDPOINT, REGION)
    return DSQL.generate_db_connect_auth_token(ENDPOINT, REGION)


def pool():
    # Verifies the certificate and its name, as verify-full does; SSL_CERT_FILE names other authorities.
    tls = ssl.create_default_context()
    # Who begins with TLS at once has to say what is spoken inside it.
    tls.set_alpn_protocols(["postgresql"])
    return asyncpg.create_pool(
        host=ENDPOINT,
        port=int(os.environ.get("PGPORT", "5432")),
        database="postgres",
        user=USER,
        password=token,
        ssl=tls,
        direct_tls=True,
        server_settings={"search_path": SCHEMA},
        min_size=1,
        max_size=4,
        # A connection given back is not reset: DSQL has no advisory locks, LISTEN or cursors that outlive a transaction.
        reset=reset,
    )


async def reset(_connection):
    return


async def with_retry(connections, work, attempts=5):
    """Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001."""
    for attempt in range(attempts):
        try:
            async with connections.acquire() as connection:
                # DSQL has one isolation level, which is PostgreSQL's REPEATABLE READ.
                async with connection.transaction():
                    return await work(connection)
        except asyncpg.SerializationError:
            if attempt == attempts - 1:
                raise
            await asyncio.sleep(random.uniform(0, 0.05 * 2**attempt))


async def recipe(connection):
    await connection.execute(
        """CREATE TABLE IF NOT EXISTS owner (
            id UUID NOT NULL DEFAULT gen_random_uuid(),
            name VARCHAR(30) NOT NULL,
            city VARCHAR(80) NOT NULL,
            telephone VARCHAR(20) DEFAULT NULL,
            PRIMARY KEY (id)
        )"""
    )
    john = ("John Doe", "Anytown", "555-555-1999")
    await connection.execute("INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)", *john)
    for row in await connection.fetch("SELECT name, city FROM owner WHERE name = $1", "John Doe"):
        print(f"inserted {row['name']}, {row['city']}")
    tag = await connection.execute("UPDATE owner SET city = $1 WHERE name = $2", "Springfield", "John Doe")
    print(f"updated {tag.split()[-1]}")


async def conflict(connections):
    """Another transaction changes the row between reading and COMMIT, the first time."""
    attempts = 0

    async def move(connection):
        nonlocal attempts
        attempts += 1
        await connection.fetchval("SELECT city FROM owner WHERE name = 'John Doe'")
        if attempts == 1:
            async with connections.acquire() as other:
                await other.execute("UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'")
        await connection.execute("UPDATE owner SET city = city || '!' WHERE name = 'John Doe'")

    await with_retry(connections, move)
    city = await connections.fetchval("SELECT city FROM owner WHERE name = 'John Doe'")
    print(f"after {attempts} attempts: {city}")


async def main():
    async with pool() as connections:
        async with connections.acquire() as connection:
            await recipe(connection)
        await conflict(connections)
        tag = await connections.execute("DELETE FROM owner WHERE name = $1", "John Doe")
        print(f"deleted {tag.split()[-1]}")


asyncio.run(main())
