"""The bucket: an ObjectStore over S3, with conditional writes for claims and compare-and-set."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from signtally.aws.errors import map_errors, service_error
from signtally.aws.s3_bucket import S3Bucket
from signtally.domain.batches import batched
from signtally.ports.objects import ObjectMissingError, ObjectSummary, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETE_MAX_KEYS = 1_000  # a DeleteObjects call
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "404", "NoSuchKey"}
_CALL_ID = "call-id"  # user metadata of conditional puts
_ABSENT = {"NoSuchKey", "404", "NotFound"}


class S3ObjectStore:
    """One bucket of S3."""

    def __init__(self, s3: "S3Client", *, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._what = f"bucket {bucket}"

    def get(self, key: str) -> StoredObject:
        with map_errors("S3", self._what):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                raise self._missing(error, key) from error
            return StoredObject(answer["Body"].read(), answer["ETag"])

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        with map_errors("S3", self._what):
            return self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)["ETag"]

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        return self._put_if(key, body, content_type, IfNoneMatch="*")

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        return self._put_if(key, body, content_type, IfMatch=etag)

    def delete(self, keys: Iterable[str]) -> None:
        for many in batched(keys, _DELETE_MAX_KEYS):
            with map_errors("S3", self._what):
                self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in many], "Quiet": True}
                )

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after or ""
        )
        with map_errors("S3", self._what):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield ObjectSummary(found["Key"], found["ETag"], found["Size"], found["LastModified"])

    def list_prefixes(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        with map_errors("S3", self._what):
            for page in pages:
                for found in page.get("CommonPrefixes", ()):
                    yield found["Prefix"].removeprefix(prefix).rstrip("/")

    def signed_url(self, key: str, *, ttl: dt.timedelta, filename: str, is_seen: bool = False) -> str:
        with map_errors("S3", self._what):
            if not is_seen:
                self._look_for(key)
            where = {
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            }
            return self._s3.generate_presigned_url("get_object", Params=where, ExpiresIn=int(ttl.total_seconds()))

    def _look_for(self, key: str) -> None:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise self._missing(error, key) from error

    def provision(self) -> bool:
        with map_errors("S3", self._what):
            return S3Bucket(self._s3, self._bucket).provision()

    def _put_if(self, key: str, body: bytes, content_type: str, **condition: str) -> bool:
        """A conditional put. Its metadata name the call, since botocore repeats a request whose answer got lost."""
        call_id = uuid.uuid4().hex
        with map_errors("S3", self._what):
            try:
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata={_CALL_ID: call_id},
                    **condition,  # type: ignore[arg-type]
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _CONFLICTS:
                    raise
                was_repeated = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
                return was_repeated and self._is_of_call(key, call_id)
        return True

    def _is_of_call(self, key: str, call_id: str) -> bool:
        """Whether the stored version was put by the first try of this very call, to which the next one then lost."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=key)["Metadata"].get(_CALL_ID) == call_id
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return False
            raise

    def _missing(self, error: ClientError, key: str) -> Exception:
        if error.response["Error"]["Code"] in _ABSENT:
            return ObjectMissingError(key)  # only absence is ours to translate
        return service_error(error, service="S3", what=self._what)
