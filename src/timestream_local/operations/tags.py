"""TagResource, UntagResource, ListTagsForResource; both services have them, and they answer alike."""

import re
from typing import Any

from timestream_local.protocol.constraints import Violations, typed, used_name
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import ResourceNotFoundError, ValidationError
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
    if database not in service.catalog.databases or (table and (database, table) not in service.catalog.tables):
        raise ResourceNotFoundError(f"The resource {name} does not exist.")
    return path


def parse_tags(request: Json) -> dict[str, str]:
    tags = {}
    for number, tag in enumerate(typed(request, "Tags", list, default=()), start=1):
        key, value = typed(tag, "Key", str), typed(tag, "Value", str)
        violations = Violations()
        violations.length(key, f"tags.{number}.member.key", most=128)
        violations.length(value, f"tags.{number}.member.value", least=0, most=256)
        violations.check()
        tags[key] = value
    return tags


def put_tags(service: Service, resource: str, tags: dict[str, str]) -> None:
    """Replace the tags of *resource*; call it on the writer's thread."""
    if tags or resource in service.catalog.tags:
        service.storage.put_tags(resource, tags)
        service.catalog.tags[resource] = tags


def tag_resource(service: Service, _context: Context, request: Json) -> Json:
    path = resource(service, request)
    tags = parse_tags(request)

    def work() -> Json:
        merged = {**service.catalog.tags.get(path, {}), **tags}
        if len(merged) > MOST_TAGS:
            raise ValidationError(f"A resource can have at most {MOST_TAGS} tags.")
        service.storage.put_tags(path, merged)
        service.catalog.tags[path] = merged
        return {}

    return service.writer.run(work)


def untag_resource(service: Service, _context: Context, request: Json) -> Json:
    path = resource(service, request)
    keys = typed(request, "TagKeys", list) or []

    def work() -> Json:
        left = {key: value for key, value in service.catalog.tags.get(path, {}).items() if key not in keys}
        service.storage.put_tags(path, left)
        service.catalog.tags[path] = left
        return {}

    return service.writer.run(work)


def list_tags(service: Service, _context: Context, request: Json) -> Json:
    tags = service.catalog.tags.get(resource(service, request), {})
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
