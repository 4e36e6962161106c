"""The two buckets: a test that takes `objects` runs over the fake and over S3."""

import uuid

import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.s3 import S3ObjectStore
from signtally.local.local_aws import LocalAws
from signtally.memory.objects import MemoryObjectStore
from signtally.ports.objects import ObjectStore


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
