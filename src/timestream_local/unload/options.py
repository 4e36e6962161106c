"""The WITH clause of UNLOAD, checked: "UNLOAD concepts" and "Prerequisites" of the developer guide."""

import re
from dataclasses import dataclass

from timestream_local.protocol.errors import ValidationError
from timestream_local.sql.parsing.statements import Unload

ENUMS = {
    "format": ("CSV", "PARQUET"),
    "compression": ("GZIP", "NONE"),
    "encryption": ("SSE_S3", "SSE_KMS"),
    "include_header": ("TRUE", "FALSE"),
}
CHARACTERS = ("field_delimiter", "escaped_by")
KNOWN = (*ENUMS, *CHARACTERS, "partitioned_by", "kms_key", "max_file_size")
MOST_PARTITIONS = 100

_TARGET = re.compile(r"s3://([^/]+)/?(.*)", re.DOTALL)
_SIZE = re.compile(r"\s*([0-9.]+)\s*(MB|GB)\s*", re.IGNORECASE)
SMALLEST_FILE, LARGEST_FILE = 16 * 2**20, 78 * 2**30


@dataclass(frozen=True, slots=True)
class UnloadOptions:
    """Where an UNLOAD writes and how."""

    bucket: str
    prefix: str
    format: str = "CSV"
    gzip: bool = True
    header: bool = False
    delimiter: str = ","
    escape: str = "\\"
    partitions: tuple[str, ...] = ()
    encryption: str = "SSE_S3"
    kms_key: str | None = None
    largest_file: int | None = None

    @property
    def extension(self) -> str:
        if self.format == "PARQUET":
            return "parquet"
        return "gz" if self.gzip else "csv"

    def key(self, *parts: str) -> str:
        return "/".join(part for part in (self.prefix, *parts) if part)

    @property
    def encryption_arguments(self) -> dict[str, str]:
        """What S3 is told about encryption; its own default is SSE_S3."""
        if self.encryption != "SSE_KMS":
            return {}
        key = {"SSEKMSKeyId": self.kms_key} if self.kms_key else {}
        return {"ServerSideEncryption": "aws:kms", **key}

    @classmethod
    def of(cls, unload: Unload) -> "UnloadOptions":
        target = _TARGET.fullmatch(unload.target)
        if target is None:
            raise ValidationError(f"Invalid S3 URI '{unload.target}': it must look like s3://bucket/prefix")
        texts = _checked(unload.options)
        columns = unload.options.get("partitioned_by", [])
        if isinstance(columns, str):
            raise ValidationError("partitioned_by must be an ARRAY of column names")
        if "kms_key" in texts and texts.get("encryption", "").upper() != "SSE_KMS":
            raise ValidationError("kms_key needs encryption = 'SSE_KMS'")
        return cls(
            bucket=target[1],
            prefix=target[2].strip("/"),
            format=texts.get("format", "CSV").upper(),
            gzip=texts.get("compression", "GZIP").upper() == "GZIP",
            header=texts.get("include_header", "FALSE").upper() == "TRUE",
            delimiter=texts.get("field_delimiter", ","),
            escape=texts.get("escaped_by", "\\"),
            partitions=tuple(columns),
            encryption=texts.get("encryption", "SSE_S3").upper(),
            kms_key=texts.get("kms_key"),
            largest_file=_size(texts["max_file_size"]) if "max_file_size" in texts else None,
        )


def _checked(options: dict[str, str | list[str]]) -> dict[str, str]:
    """The options that are plain text, each known and with a value that it takes; values come lower-case too."""
    for name, value in options.items():
        if name not in KNOWN:
            raise ValidationError(f"Unknown UNLOAD option '{name}'")
        if name in ENUMS and str(value).upper() not in ENUMS[name]:
            raise ValidationError(
                f"Invalid value '{value}' for UNLOAD option '{name}', use one of {', '.join(ENUMS[name])}"
            )
        if name in CHARACTERS and (len(value) != 1 or not str(value).isascii()):
            raise ValidationError(f"UNLOAD option '{name}' takes one ASCII character")
    return {name: value for name, value in options.items() if isinstance(value, str)}


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    size = int(float(match[1]) * (2**30 if match[2].upper() == "GB" else 2**20)) if match else 0
    if not SMALLEST_FILE <= size <= LARGEST_FILE:
        raise ValidationError("max_file_size must lie between 16MB and 78GB")
    return size
