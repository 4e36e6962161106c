"""What every bucket does, the one in memory and S3 alike."""

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from signtally.aws.clients import AwsClients
from signtally.aws.s3 import S3ObjectStore
from signtally.local.local_aws import LocalAws
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import segment

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

HOUR = dt.timedelta(hours=1)
AWKWARD_KEYS = [
    "a/b c/d+e/f%2Fg.json",
    "tenants/O'Hara & Söhne.json",
    "東京/😀.pdf",
    f"tenants/{segment('😀' * 256)}.json",  # the longest that our stores make of an id
    "state/a=b;c,d@e!f(g)h*i$j.json",
]


def keys_below(objects: ObjectStore, prefix: str, *, after: str | None = None) -> list[str]:
    return [summary.key for summary in objects.list_objects(prefix, after=after)]


def test_what_was_put_comes_back_with_its_etag(objects: ObjectStore) -> None:
    etag = objects.put("a/b.json", b"one")
    found = objects.get("a/b.json")
    assert (found.body, found.etag) == (b"one", etag)
    assert objects.put("a/b.json", b"two") != etag
    assert objects.get("a/b.json").body == b"two"


def test_a_listing_tells_when_an_object_was_stored(objects: ObjectStore) -> None:
    objects.put("a", b"one")
    (found,) = objects.list_objects("a")
    assert abs(dt.datetime.now(dt.UTC) - found.stored_at) < dt.timedelta(minutes=1)


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"x" * 2_000_000])
def test_any_bytes_can_be_stored(objects: ObjectStore, body: bytes) -> None:
    objects.put("a", body, content_type="application/octet-stream")
    assert objects.get("a").body == body


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_any_key_of_ours_can_be_stored_listed_and_deleted(objects: ObjectStore, key: str) -> None:
    objects.put(key, b"{}")
    assert objects.get(key).body == b"{}"
    assert keys_below(objects, key[:4]) == [key]
    objects.delete([key])
    assert keys_below(objects, "") == []


def test_what_is_not_there_is_missing(objects: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError):
        objects.get("absent")
    with pytest.raises(ObjectMissingError):
        objects.signed_url("absent", ttl=HOUR, filename="a.pdf")
    objects.delete(["absent"])
    assert keys_below(objects, "absent") == []
    assert list(objects.list_prefixes("absent/")) == []


def test_a_key_is_claimed_once(objects: ObjectStore) -> None:
    assert objects.put_if_absent("a", b"mine")
    assert not objects.put_if_absent("a", b"yours")
    assert not objects.put_if_absent("a", b"mine")
    assert objects.get("a").body == b"mine"
    objects.delete(["a"])
    assert objects.put_if_absent("a", b"yours")


def test_of_many_who_claim_at_once_one_wins(objects: ObjectStore) -> None:
    ready = threading.Barrier(8)

    def claim(number: int) -> bool:
        ready.wait()
        return objects.put_if_absent("a", str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(8)))
    assert won.count(True) == 1
    assert objects.get("a").body == str(won.index(True)).encode()


def test_only_the_version_that_was_read_is_replaced(objects: ObjectStore) -> None:
    first = objects.put("a", b"one")
    assert objects.put_if_match("a", b"two", etag=first)
    assert not objects.put_if_match("a", b"three", etag=first)
    assert objects.get("a").body == b"two"
    objects.delete(["a"])
    assert not objects.put_if_match("a", b"four", etag=first)
    with pytest.raises(ObjectMissingError):
        objects.get("a")


def test_increments_by_compare_and_set_lose_none(objects: ObjectStore) -> None:
    objects.put("count", b"0")

    def increment(_: int) -> None:
        while True:
            held = objects.get("count")
            if objects.put_if_match("count", str(int(held.body) + 1).encode(), etag=held.etag):
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(12)))
    assert objects.get("count").body == b"12"


@pytest.mark.parametrize("beaten", [False, True])
@pytest.mark.parametrize("first_write", [False, True])
def test_a_conditional_put_whose_answer_got_lost_does_not_lose_to_itself(
    local_aws: LocalAws, *, first_write: bool, beaten: bool
) -> None:
    """Botocore sends it again, and S3 refuses the second one because of the first."""
    del local_aws
    s3 = AwsClients().s3
    bucket = f"b-{uuid.uuid4().hex}"
    objects, other = (S3ObjectStore(client, bucket=bucket) for client in (s3, AwsClients().s3))
    objects.provision()
    sent: list[AWSPreparedRequest] = []

    def lose_the_first_answer(request: AWSPreparedRequest, **_: object) -> Any:
        sent.append(request)
        if len(sent) > 1:
            return None
        with httpx.Client() as client:
            content: Any = request.body
            body = content.read() if hasattr(content, "read") else content
            client.put(request.url, content=body, headers={**request.headers}).raise_for_status()
        if hasattr(content, "seek"):
            content.seek(0)
        if beaten:  # by somebody who happens to write the same
            other.put("a", b"two")
        return AWSResponse(request.url, 500, HTTPHeaders(), _NoBody())

    etag = None if first_write else objects.put("a", b"one")
    s3.meta.events.register("before-send.s3.PutObject", lose_the_first_answer)
    won = objects.put_if_absent("a", b"two") if etag is None else objects.put_if_match("a", b"two", etag=etag)
    assert (won, len(sent)) == (not beaten, 2)
    assert objects.get("a").body == b"two"


class _NoBody:
    def stream(self) -> Iterator[bytes]:
        return iter(())


def test_listings_are_in_key_order_below_a_prefix_and_behind_a_key(objects: ObjectStore) -> None:
    for key in ("p/b", "p/a", "p/c/d", "q/a", "p/B", "p"):
        objects.put(key, key.encode())
    assert keys_below(objects, "p/") == ["p/B", "p/a", "p/b", "p/c/d"]
    assert keys_below(objects, "p/", after="p/a") == ["p/b", "p/c/d"]
    assert [(found.etag, found.size_bytes) for found in objects.list_objects("p/c/")] == [
        (objects.get("p/c/d").etag, 5)
    ]


def test_folders_are_the_next_segments_each_once(objects: ObjectStore) -> None:
    for key in ("r/b/v1/x", "r/a/v1/x", "r/a/v2/x", "r/a/v10/x", "r/file", "s/z/v1/x"):
        objects.put(key, b"")
    assert list(objects.list_prefixes("r/")) == ["a", "b"]
    assert list(objects.list_prefixes("r/a/")) == ["v1", "v10", "v2"]


def test_long_listings_and_deletions_come_whole(objects: ObjectStore) -> None:
    """S3 answers and deletes a thousand keys at a time."""
    keys = [f"many/{number:05}/x" for number in range(1_050)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: objects.put(key, b""), keys))
    assert keys_below(objects, "many/") == keys
    assert len(list(objects.list_prefixes("many/"))) == len(keys)
    objects.delete(iter(keys[1:]))
    assert keys_below(objects, "many/") == keys[:1]


def test_a_bucket_is_made_once(s3_objects: ObjectStore) -> None:
    s3_objects.put("a", b"{}")
    assert not s3_objects.provision()
    assert s3_objects.get("a").body == b"{}"


def test_a_bucket_expires_what_is_passing_and_keeps_its_owners_rules(local_aws: LocalAws) -> None:
    """Also a bucket that is older than the rules, or whose owner changed it."""
    del local_aws
    s3, bucket = AwsClients().s3, f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    objects = S3ObjectStore(s3, bucket=bucket)
    assert objects.provision()
    ours, *others = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    theirs: LifecycleRuleOutputTypeDef = {
        "ID": "archive",
        "Status": "Enabled",
        "Filter": {"Prefix": "reports/"},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
    }
    changed: LifecycleRuleOutputTypeDef = {**ours, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [changed, theirs]})
    assert objects.provision()
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"]: rule for rule in rules} == {rule["ID"]: rule for rule in (theirs, ours, *others)}
    assert not objects.provision()


def test_a_signed_url_downloads_under_its_name_until_it_expires(s3_objects: ObjectStore) -> None:
    s3_objects.put("reports/a b/v1/usage.pdf", b"%PDF", content_type="application/pdf")
    url = s3_objects.signed_url("reports/a b/v1/usage.pdf", ttl=HOUR, filename="Acme usage 2026-10.pdf")
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Acme%20usage%202026-10.pdf"
    assert httpx.get(url.replace("Expires=3600", "Expires=7200")).status_code == 403
    expired = s3_objects.signed_url("reports/a b/v1/usage.pdf", ttl=dt.timedelta(seconds=-1), filename="a.pdf")
    assert httpx.get(expired).status_code == 403


def test_without_a_bucket_it_says_what_to_do(local_aws: LocalAws) -> None:
    del local_aws
    objects = S3ObjectStore(AwsClients().s3, bucket="absent")
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        objects.get("a")
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        objects.put("a", b"")
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        list(objects.list_objects(""))


def test_an_s3_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    objects = S3ObjectStore(AwsClients().s3, bucket="signtally")
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        objects.get("a")
