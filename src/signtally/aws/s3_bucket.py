"""The bucket in S3: how it is made, who may see it, and what it deletes by itself."""

import dataclasses
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from signtally.stores.keys import IDEMPOTENCY, SENT_MAILS, UNLOADS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef

_ABSENT = {"404", "NoSuchBucket", "NotFound"}
_DEFAULT_REGION = "us-east-1"  # the one region that CreateBucket does not take as a constraint
# A bulk read deletes its files itself; what one leaves that was killed in between, or that Timestream broke off, goes.
_EXPIRING_UNLOADS: "LifecycleRuleOutputTypeDef" = {
    "ID": "expire-unloads",
    "Status": "Enabled",
    "Filter": {"Prefix": UNLOADS},
    "Expiration": {"Days": 1},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
# What comes back of an email does so within days, complaints within weeks.
_EXPIRING_SENT_MAILS: "LifecycleRuleOutputTypeDef" = {
    "ID": "expire-sent-mails",
    "Status": "Enabled",
    "Filter": {"Prefix": SENT_MAILS},
    "Expiration": {"Days": 90},
}
# Whoever sends a request again does so within hours.
_EXPIRING_IDEMPOTENCY_KEYS: "LifecycleRuleOutputTypeDef" = {
    "ID": "expire-idempotency-keys",
    "Status": "Enabled",
    "Filter": {"Prefix": IDEMPOTENCY},
    "Expiration": {"Days": 30},
}
_OURS = (_EXPIRING_UNLOADS, _EXPIRING_SENT_MAILS, _EXPIRING_IDEMPOTENCY_KEYS)


@dataclasses.dataclass(frozen=True, slots=True)
class S3Bucket:
    """The bucket itself: how it is created, and its lifecycle rules."""

    s3: "S3Client"
    name: str

    def provision(self) -> bool:
        """Make it unless it is there, with nothing public; whether anything had to be made. Raises botocore's errors.

        One that is there is left as it is, but for our lifecycle rules beside whatever rules its owner has.
        """
        made = not self._exists() and self._make()
        return self._expire_what_is_passing() or made

    def _exists(self) -> bool:
        """Asked first, because in the oldest region to create a bucket again succeeds."""
        try:
            self.s3.head_bucket(Bucket=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return False
            raise
        return True

    def _make(self) -> bool:
        try:
            self._create()
        except self.s3.exceptions.BucketAlreadyOwnedByYou:
            return False
        self.s3.put_public_access_block(
            Bucket=self.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
        return True

    def _create(self) -> None:
        region = cast("BucketLocationConstraintType", self.s3.meta.region_name)
        if region == _DEFAULT_REGION:
            self.s3.create_bucket(Bucket=self.name)
        else:
            self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": region})

    def _expire_what_is_passing(self) -> bool:
        rules = self._lifecycle_rules()
        if all(rule in rules for rule in _OURS):
            return False
        ids = {rule["ID"] for rule in _OURS}
        others = [rule for rule in rules if rule.get("ID") not in ids]
        self.s3.put_bucket_lifecycle_configuration(
            Bucket=self.name, LifecycleConfiguration={"Rules": [*others, *_OURS]}
        )
        return True

    def _lifecycle_rules(self) -> "list[LifecycleRuleOutputTypeDef]":
        try:
            return self.s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
                return []
            raise
