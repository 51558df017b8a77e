"""Create, read, update and delete an owner with SQLAlchemy and AWS's dialect, and survive a conflict."""

import os
import random
import sys
import time
import uuid

from aurora_dsql_sqlalchemy import create_dsql_engine
from sqlalchemy import String, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


def variable(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f'{name} is not set. For the local cluster: eval "$(npx dsql env)"')
    return value


ENDPOINT, USER, REGION = variable("CLUSTER_ENDPOINT"), variable("CLUSTER_USER"), variable("REGION")
# The admin's tables are in `public`; every other role works in a schema of its own.
SCHEMA = "public" if USER == "admin" else "myschema"


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    name: Mapped[str] = mapped_column(String(30))
    city: Mapped[str] = mapped_column(String(80))
    telephone: Mapped[str | None] = mapped_column(String(20))


def engine():
    made = create_dsql_engine(
        host=ENDPOINT,
        user=USER,
        # `dsql env` names the local authority.
        sslrootcert=os.environ.get("PGSSLROOTCERT", "system"),
        pool_size=4,
        # DSQL ends a connection after an hour, in use or not.
        pool_recycle=50 * 60,
        connect_args={"region": REGION, "port": os.environ.get("PGPORT", "5432")},
    )

    @event.listens_for(made, "connect")
    def choose_schema(connection, _record):
        # In a transaction of its own, which is over before the first statement.
        with connection.cursor() as cursor:
            cursor.execute(f"SET search_path = {SCHEMA}")
        connection.commit()

    return made


def with_retry(engine, work, attempts=5):
    """Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001."""
    for attempt in range(attempts):
        try:
            with Session(engine) as session, session.begin():
                return work(session)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "40001" or attempt == attempts - 1:
                raise
            time.sleep(random.uniform(0, 0.05 * 2**attempt))


def john(session):
    return session.scalars(select(Owner).where(Owner.name == "John Doe")).one()


def conflict(engine):
    """Another transaction changes the row between reading and COMMIT, the first time."""
    attempts = 0

    def move(session):
        nonlocal attempts
        attempts += 1
        owner = john(session)
        if attempts == 1:
            with Session(engine) as other, other.begin():
                john(other).city = "Capital City"
        owner.city += "!"

    with_retry(engine, move)
    with Session(engine) as session:
        print(f"after {attempts} attempts: {john(session).city}")


def main():
    dsql = engine()
    try:
        Base.metadata.create_all(dsql)
        with Session(dsql) as session, session.begin():
            session.add(Owner(name="John Doe", city="Anytown", telephone="555-555-1999"))
        with Session(dsql) as session, session.begin():
            owner = john(session)
            print(f"inserted {owner.name}, {owner.city}")
            owner.city = "Springfield"
        print("updated 1")
        conflict(dsql)
        with Session(dsql) as session, session.begin():
            session.delete(john(session))
        print("deleted 1")
    finally:
        dsql.dispose()


main()
