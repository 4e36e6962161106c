"""SQS as far as ingest needs it, in memory, with a depth that costs nothing.

    python benchmarks/ingest/quick_queue.py PORT

The local AWS looks at every message of a queue at every request: a backlog of 50,000 would measure the local AWS.
"""

import asyncio
import json
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
_EMPTY_POLL_STEP_SECONDS = 0.02


class Queue:
    """Messages wait in order; those in flight come back when their time is up."""

    def __init__(self, attributes: Json) -> None:
        self.attributes = attributes
        self._waiting: deque[Json] = deque()
        self._in_flight: dict[str, tuple[float, Json]] = {}  # by receipt: until when, on the monotonic clock
        self._swept_at = time.monotonic()

    def send(self, body: str, attributes: Json) -> str:
        sent = {"SentTimestamp": str(time.time_ns() // 10**6), "ApproximateReceiveCount": "0"}
        message = {"MessageId": str(uuid.uuid4()), "Body": body, "Attributes": sent, "MessageAttributes": attributes}
        self._waiting.append(message)
        return str(message["MessageId"])

    def receive(self, number: int, *, visibility_seconds: float) -> list[Json]:
        self._sweep()
        found = [self._waiting.popleft() for _ in range(min(number, len(self._waiting)))]
        for message in found:
            message["ReceiptHandle"] = str(uuid.uuid4())
            message["Attributes"]["ApproximateReceiveCount"] = str(
                int(message["Attributes"]["ApproximateReceiveCount"]) + 1
            )
            self._in_flight[message["ReceiptHandle"]] = (time.monotonic() + visibility_seconds, message)
        return found

    def delete(self, receipt: str) -> bool:
        return self._in_flight.pop(receipt, None) is not None

    def keep(self, receipt: str, *, visibility_seconds: float) -> None:
        if receipt in self._in_flight:
            self._in_flight[receipt] = (time.monotonic() + visibility_seconds, self._in_flight[receipt][1])

    def figures(self) -> Json:
        self._sweep(every_seconds=0)
        waiting, in_flight = str(len(self._waiting)), str(len(self._in_flight))
        return {
            "ApproximateNumberOfMessages": waiting,
            "ApproximateNumberOfMessagesNotVisible": in_flight,
            "ApproximateNumberOfMessagesDelayed": "0",
        }

    def _sweep(self, every_seconds: float = 0.5) -> None:
        now = time.monotonic()
        if now - self._swept_at < every_seconds:
            return
        self._swept_at = now
        for receipt in [receipt for receipt, (until, _) in self._in_flight.items() if until <= now]:
            self._waiting.append(self._in_flight.pop(receipt)[1])


class QuickSqs:
    """The operations, named as in the header `X-Amz-Target`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._queues: dict[str, Queue] = {}

    async def answer(self, operation: str, request: Json) -> tuple[int, Json]:
        if operation == "CreateQueue":
            self._queues[request["QueueName"]] = Queue(request.get("Attributes", {}))
        name = request.get("QueueName") or request["QueueUrl"].rpartition("/")[2]
        if name not in self._queues:
            return 400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The queue does not exist."}
        if operation in {"CreateQueue", "GetQueueUrl"}:
            return 200, {"QueueUrl": f"{self._address}/000000000000/{name}"}
        if operation == "ReceiveMessage":
            return 200, await self._receive(self._queues[name], request)
        return 200, _AT_ONCE[operation](self._queues[name], request)

    @staticmethod
    async def _receive(queue: Queue, request: Json) -> Json:
        deadline = time.monotonic() + request["WaitTimeSeconds"]
        while True:
            found = queue.receive(request["MaxNumberOfMessages"], visibility_seconds=request["VisibilityTimeout"])
            if found or time.monotonic() >= deadline:
                return {"Messages": found} if found else {}
            await asyncio.sleep(_EMPTY_POLL_STEP_SECONDS)


def _send_batch(queue: Queue, request: Json) -> Json:
    sent = [
        (entry["Id"], queue.send(entry["MessageBody"], entry.get("MessageAttributes", {})))
        for entry in request["Entries"]
    ]
    return {"Successful": [{"Id": entry, "MessageId": message, "MD5OfMessageBody": ""} for entry, message in sent]}


def _delete_batch(queue: Queue, request: Json) -> Json:
    deleted = {entry["Id"]: queue.delete(entry["ReceiptHandle"]) for entry in request["Entries"]}
    failed = [
        {"Id": entry, "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
        for entry, done in deleted.items()
        if not done
    ]
    return {"Successful": [{"Id": entry} for entry, done in deleted.items() if done], "Failed": failed}


def _delete(queue: Queue, request: Json) -> Json:
    queue.delete(request["ReceiptHandle"])
    return {}


def _keep_batch(queue: Queue, request: Json) -> Json:
    for entry in request["Entries"]:
        queue.keep(entry["ReceiptHandle"], visibility_seconds=entry["VisibilityTimeout"])
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


def _attributes(queue: Queue, _: Json) -> Json:
    return {
        "Attributes": {**queue.attributes, "QueueArn": "arn:aws:sqs:us-east-1:000000000000:quick", **queue.figures()}
    }


_AT_ONCE: dict[str, Callable[[Queue, Json], Json]] = {
    "SendMessageBatch": _send_batch,
    "DeleteMessageBatch": _delete_batch,
    "DeleteMessage": _delete,
    "ChangeMessageVisibilityBatch": _keep_batch,
    "GetQueueAttributes": _attributes,
}


async def serve(port: int) -> None:
    sqs = QuickSqs(f"http://127.0.0.1:{port}")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            request = json.loads(await reader.readexactly(int(head.get("content-length", 0))) or b"{}")
            operation = head.get("x-amz-target", "").rpartition(".")[2]
            status, answer = await sqs.answer(operation, request) if operation else (200, {})  # a look at its health
            content = json.dumps(answer).encode()
            writer.write(b"HTTP/1.1 %d -\r\nContent-Type: application/x-amz-json-1.0\r\n" % status)
            writer.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return {}
    pairs = (line.partition(":") for line in lines[1:] if line)
    return {"": lines[0], **{name.lower(): value.strip() for name, _, value in pairs}}


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
