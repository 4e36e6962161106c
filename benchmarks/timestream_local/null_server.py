"""A server that says "written" and stores nothing: the floor that a client's loop cannot go below."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request  # noqa: TC002 - Starlette reads it
from starlette.responses import JSONResponse
from starlette.routing import Route


async def written(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({"RecordsIngested": {"Total": 100, "MemoryStore": 100, "MagneticStore": 0}})


if __name__ == "__main__":
    app = Starlette(routes=[Route("/", written, methods=["GET", "POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", lifespan="off")
