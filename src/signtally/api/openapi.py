"""The OpenAPI document: FastAPI's, with problem documents, examples, tags and names of operations added."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from signtally.api.curl_examples import curl_of
from signtally.api.examples import ANSWERS, PATH_PARTS
from signtally.api.problems import ProblemDocument

TAGS = [
    {"name": "usage", "description": "The figures: whole, by day, by user, by document, and over several periods."},
    {"name": "reports", "description": "Files of a period: order them, see where they stand, download, compare."},
    {"name": "schedules", "description": "Reports that are made and sent by themselves; for administrators."},
    {"name": "account", "description": "Who is calling, and the profile of their tenant."},
    {"name": "audit", "description": "Who did what; for administrators."},
    {"name": "health", "description": "For whoever operates the service; without a token."},
]
_REFERENCE = "#/components/schemas/{model}"
_VERBS = {"GET": "get", "POST": "create", "PUT": "put", "PATCH": "change", "DELETE": "delete"}
_OWN_VERBS = {*_VERBS.values(), "order", "send", "preview", "unsubscribe", "resend", "lift"}


def operation_id(route: APIRoute) -> str:
    """`get_usage`, `order_report`: a verb and what it is about, for whoever generates a client."""
    verb, _, object_ = route.name.partition("_")
    if verb in _OWN_VERBS and object_:
        return route.name
    return f"{_VERBS[min(route.methods or {'GET'})]}_{route.name}"


def describe(app: FastAPI) -> None:
    """Complete the document at its first request; FastAPI caches it."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generated())
        schema: dict[str, Any] = generated()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documentation extends it this way


def _complete(api: dict[str, Any]) -> None:
    schemas = api["components"]["schemas"]
    document = ProblemDocument.model_json_schema(ref_template=_REFERENCE)
    schemas.update(document.pop("$defs", {}))
    schemas["ProblemDocument"] = document
    for (path, method, status), example in ANSWERS.items():
        api["paths"][path][method]["responses"][status]["content"]["application/json"]["example"] = example
    for path, calls in api["paths"].items():
        for method, call in calls.items():
            for parameter in call.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in PATH_PARTS:
                    parameter["example"] = PATH_PARTS[parameter["name"]]
            source = curl_of(path, method, call, schemas=schemas)
            call["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": source}]
