"""Two buckets, three usage stores: a test that takes `objects` or `store` runs over the fake and over the real ones."""

import uuid
from collections.abc import Iterator

import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.s3 import S3ObjectStore
from signtally.local.local_aws import LocalAws
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.objects import ObjectStore
from signtally.ports.usage_store import UsageStore
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.usage_stores import timestream


@pytest.fixture
def memory_objects() -> ObjectStore:
    return MemoryObjectStore()


@pytest.fixture
def s3_objects(local_aws: LocalAws) -> ObjectStore:
    """A bucket that no other test uses."""
    del local_aws  # it only has to run
    objects = S3ObjectStore(AwsClients().s3, bucket=f"b-{uuid.uuid4().hex}")
    assert objects.provision()
    return objects


@pytest.fixture(params=["memory", "s3"])
def objects(request: pytest.FixtureRequest) -> ObjectStore:
    made: ObjectStore = request.getfixturevalue(f"{request.param}_objects")
    return made


@pytest.fixture
def memory_store() -> UsageStore:
    return MemoryUsageStore()


@pytest.fixture
def timestream_store(local_aws: LocalAws) -> UsageStore:
    del local_aws  # it only has to run
    store = timestream(database=f"t-{uuid.uuid4().hex[:12]}")
    assert store.provision()
    return store


@pytest.fixture(scope="session")
def postgresql_connections(postgresql: str) -> Iterator[PostgresqlConnections]:
    """The same for all tests: making them takes longer than most tests do."""
    connections = PostgresqlConnections(postgresql)
    yield connections
    connections.close()


@pytest.fixture
def schema() -> str:
    """Of PostgreSQL; no other test uses it."""
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def postgresql_store(postgresql_connections: PostgresqlConnections, schema: str) -> PostgresqlUsageStore:
    store = PostgresqlUsageStore(postgresql_connections, schema=schema)
    assert store.provision()
    return store


@pytest.fixture(params=["memory", "timestream", "postgresql"])
def store(request: pytest.FixtureRequest) -> UsageStore:
    made: UsageStore = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture(params=["memory", "timestream"])
def repeating_store(request: pytest.FixtureRequest) -> UsageStore:
    """Those that store an id again that comes with another time, user or tenant, until reconciliation finds it."""
    made: UsageStore = request.getfixturevalue(f"{request.param}_store")
    return made
