"""A server that takes records and files and stores nothing: the floor that a client's loop cannot go below.

It runs under the same ASGI server with the same options as the one it is compared with, and decodes the JSON that it
is sent, as whoever answers must.
"""

import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

UPLOAD = (
    "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>"
    "<UploadId>1</UploadId></InitiateMultipartUploadResult>"
)
DONE = '<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><ETag>"1"</ETag></CompleteMultipartUploadResult>'


async def written(request: Request) -> Response:
    """Answer WriteRecords, S3's PUT, and the two ends of a multipart upload."""
    if "x-amz-target" in request.headers:
        count = len(orjson.loads(await request.body())["Records"])
        return JSONResponse({"RecordsIngested": {"Total": count, "MemoryStore": count, "MagneticStore": 0}})
    async for _ in request.stream():
        pass
    if request.method == "POST":
        return Response(UPLOAD if "uploads" in request.query_params else DONE, media_type="application/xml")
    return Response(headers={"ETag": '"1"'})


if __name__ == "__main__":
    app = Starlette(routes=[Route("/{path:path}", written, methods=["GET", "POST", "PUT"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")
