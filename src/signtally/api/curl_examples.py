"""A curl command for each call of the API, of the document's own examples; `$URL` and `$TOKEN` are the reader's."""

import json
import shlex
from typing import Any
from urllib.parse import quote

from signtally.api.examples import PATH_PARTS, QUERIES


def curl_of(path: str, method: str, call: dict[str, Any], *, schemas: dict[str, Any]) -> str:
    """The command for one operation of an OpenAPI document."""
    body = _body(call, schemas)
    words = ["curl"]
    if method != ("get" if body is None else "post"):  # which curl takes by itself
        words += ["-X", method.upper()]
    if "security" in call:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "307" in call["responses"]:
        words.append(f"-L -o report.{PATH_PARTS['format']}")
    words.append(f'"$URL{_filled(path)}{_query(path, method, call)}"')
    if body is not None:
        words += ["-H 'Content-Type: application/json'", "-d", shlex.quote(json.dumps(body))]
    return " ".join(words)


def _filled(path: str) -> str:
    for name, example in PATH_PARTS.items():
        path = path.replace(f"{{{name}}}", quote(example))
    return path


def _query(path: str, method: str, call: dict[str, Any]) -> str:
    if (path, method) in QUERIES:
        return f"?{QUERIES[path, method]}"
    needed = [each for each in call.get("parameters", ()) if each["in"] == "query" and each["required"]]
    pairs = [f"{each['name']}={each['schema']['examples'][0]}" for each in needed if "examples" in each["schema"]]
    return f"?{'&'.join(pairs)}" if pairs else ""


def _body(call: dict[str, Any], schemas: dict[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    content = call.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    return next(iter(schemas.get(name, {}).get("examples", ())), None)
