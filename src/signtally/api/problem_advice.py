"""What a client does about each kind of problem; `/docs` shows it beside the title."""

from signtally.api.problems import ProblemKind

ADVICE: dict[ProblemKind, str] = {
    ProblemKind.BAD_REQUEST: "Send a well-formed HTTP request with a body that can be read.",
    ProblemKind.MISSING_TOKEN: "Send the header `Authorization: Bearer …`.",
    ProblemKind.EXPIRED_TOKEN: "Get a new token from your identity provider, and repeat the call.",
    ProblemKind.BAD_TOKEN: "Repeating does not help: `detail` says what the token lacks.",
    ProblemKind.FORBIDDEN: "Ask an administrator of the tenant.",
    ProblemKind.NOT_FOUND: "Check the address. What belongs to another tenant, or to other users, is answered so too.",
    ProblemKind.METHOD_NOT_ALLOWED: "Use a method that the header `Allow` names.",
    ProblemKind.NOT_READY: "Wait until the report is ready or has failed.",
    ProblemKind.GONE: "Order the report again, as `order` in the answer says.",
    ProblemKind.KEY_IN_USE: "Send the same request under the same key again, after `Retry-After` seconds.",
    ProblemKind.CONFLICT: "Read it again, then decide whether the change still makes sense.",
    ProblemKind.PRECONDITION_FAILED: "Read it again: its `ETag` is another now.",
    ProblemKind.TOO_LARGE: "Send less at a time.",
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: "Send the body as `application/json`.",
    ProblemKind.INVALID: "Correct each part that `errors` lists.",
    ProblemKind.BAD_PERIOD: "Write a period such as `2026-10`, `2026-W41`, `2026-Q4`, or `from` and `to`.",
    ProblemKind.FUTURE_PERIOD: "Ask for a period that has begun.",
    ProblemKind.BAD_CURSOR: "Begin at the first page, or send `next_cursor` unchanged.",
    ProblemKind.KEY_REUSED: "Take a new `Idempotency-Key` for each request of another content.",
    ProblemKind.TOO_MANY_REQUESTS: "Wait as many seconds as `Retry-After` says.",
    ProblemKind.INTERNAL: "Repeat it once; then tell the operator the `instance`.",
    ProblemKind.UNAVAILABLE: "Wait as many seconds as `Retry-After` says, and repeat the call.",
    ProblemKind.KEYS_UNAVAILABLE: "Wait as many seconds as `Retry-After` says, and repeat the call.",
    ProblemKind.NO_REPORT_QUEUE: "Nothing was ordered: repeat the call after `Retry-After`.",
}
