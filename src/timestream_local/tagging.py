"""TagResource, UntagResource, ListTagsForResource; both services have them, and they answer alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from timestream_local.constraints import typed, used_name
from timestream_local.errors import ResourceNotFoundError, ValidationError
from timestream_local.operations import parse_tags

if TYPE_CHECKING:
    from timestream_local.requests import Context
    from timestream_local.service import Service

Json = dict[str, Any]

MOST_TAGS = 200
_ARN = re.compile(r"arn:[^:]+:timestream:[^:]*:[^:]*:(database/([^/]+)(?:/table/([^/]+))?)")


def resource(service: Service, request: Json) -> str:
    """Return the part of the ARN after the account, which names the resource whatever the region is."""
    name = used_name(request, "ResourceARN")
    match = _ARN.fullmatch(name)
    if match is None:
        raise ValidationError(f"The resource ARN {name} is invalid.")
    path, database, table = match[1], match[2], match[3]
    if database not in service.databases or (table and (database, table) not in service.tables):
        raise ResourceNotFoundError(f"The resource {name} does not exist.")
    return path


def tag_resource(service: Service, _context: Context, request: Json) -> Json:
    path = resource(service, request)
    tags = parse_tags(request)

    def work() -> Json:
        merged = {**service.tags.get(path, {}), **tags}
        if len(merged) > MOST_TAGS:
            raise ValidationError(f"A resource can have at most {MOST_TAGS} tags.")
        service.storage.put_tags(path, merged)
        service.tags[path] = merged
        return {}

    return service.writer.run(work)


def untag_resource(service: Service, _context: Context, request: Json) -> Json:
    path = resource(service, request)
    keys = typed(request, "TagKeys", list) or []

    def work() -> Json:
        left = {key: value for key, value in service.tags.get(path, {}).items() if key not in keys}
        service.storage.put_tags(path, left)
        service.tags[path] = left
        return {}

    return service.writer.run(work)


def list_tags(service: Service, _context: Context, request: Json) -> Json:
    tags = service.tags.get(resource(service, request), {})
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
