"""The files of one UNLOAD, brought to S3 with their metadata and manifest."""

import functools
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from timestream_local.protocol.errors import ValidationError
from timestream_local.query.execution import Result
from timestream_local.unload.options import UnloadOptions

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One result file on the local disk, with the partition it belongs to as ``col=value`` parts."""

    path: Path
    rows: int
    partition: tuple[str, ...] = ()


class Upload:
    """Uploads the files of one UNLOAD, their metadata and their manifest."""

    def __init__(self, options: UnloadOptions, *, query_id: str, s3_endpoint: str | None) -> None:
        self._options = options
        self._query_id = query_id
        self._s3 = s3_client(s3_endpoint)

    def run(self, files: list[WrittenFile], columns: list[Json]) -> Result:
        """Upload everything, the manifest last, so that every file it names is there.

        Raises ValidationError when S3 refuses.
        """
        options = self._options
        try:
            results = [self._result(file) for file in files]
            metadata = {"ColumnInfo": columns, "Author": {"Name": "Timestream", "MetadataFileVersion": "1.0"}}
            metadata_url = self._document("metadata", metadata)
            total = sum(file.rows for file in files)
            manifest = {
                "result_files": results,
                "query_metadata": {
                    "content_length_in_bytes": sum(
                        result["file_metadata"]["content_length_in_bytes"] for result in results
                    ),
                    "total_row_count": total,
                    "result_format": options.format,
                    "result_version": "Amazon Timestream version 1.0.0",
                },
                "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
            }
            manifest_url = self._document("manifest", manifest)
        except self._failures() as error:
            raise ValidationError(
                f"UNLOAD could not write to s3://{options.bucket}/{options.prefix}: {error}"
            ) from error
        answer = {"rows": pa.array([total], pa.int64()), "metadataFile": [metadata_url], "manifestFile": [manifest_url]}
        return Result(pa.table(answer), list(answer))

    def _result(self, file: WrittenFile) -> Json:
        name = f"{self._query_id}_{uuid.uuid4().hex}.{self._options.extension}"
        key = self._options.key("results", *file.partition, name)
        size = file.path.stat().st_size
        self._s3.upload_file(str(file.path), self._options.bucket, key, ExtraArgs=self._options.encryption_arguments)
        file.path.unlink()
        url = f"s3://{self._options.bucket}/{key}"
        return {"url": url, "file_metadata": {"content_length_in_bytes": size, "row_count": file.rows}}

    def _document(self, kind: str, document: Json) -> str:
        key = self._options.key(f"{self._query_id}_{uuid.uuid4().hex}_{kind}.json")
        body = json.dumps(document).encode()
        self._s3.put_object(Bucket=self._options.bucket, Key=key, Body=body, **self._options.encryption_arguments)
        return f"s3://{self._options.bucket}/{key}"

    @staticmethod
    def _failures() -> tuple[type[Exception], ...]:
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see s3_client
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        return (Boto3Error, BotoCoreError, ClientError)


@functools.cache
def s3_client(endpoint: str | None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """The S3 client for *endpoint*: made once, which takes as long as a small UNLOAD; threads may share it.

    boto3 is imported for UNLOAD alone, which most servers never see.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.session.Session()
    keys: Json = {}
    if session.get_credentials() is None:  # a local S3 takes any
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    region = session.region_name or os.environ.get("AWS_REGION", "us-east-1")
    config = Config(s3={"addressing_style": "path"}, region_name=region)
    return session.client("s3", endpoint_url=endpoint, config=config, **keys)
