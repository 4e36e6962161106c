"""The OpenAPI document: FastAPI's, with the schema of problem documents and examples added."""

from typing import Any

from fastapi import FastAPI

from signtally.api.examples import ANSWERS
from signtally.api.problems import ProblemDocument

_REFERENCE = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Complete the document at its first request; FastAPI caches it."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = generated()["components"]["schemas"]
            document = ProblemDocument.model_json_schema(ref_template=_REFERENCE)
            schemas.update(document.pop("$defs", {}))
            schemas["ProblemDocument"] = document
            for (path, method), example in ANSWERS.items():
                answer = generated()["paths"][path][method]["responses"]["200"]
                answer["content"]["application/json"]["example"] = example
        schema: dict[str, Any] = generated()
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own documentation extends it this way
