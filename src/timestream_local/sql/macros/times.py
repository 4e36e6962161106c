"""Time: "Date / time functions" of the developer guide."""

from timestream_local.sql.macros.definition import MICROS, NS, failing, macro


def over_time(body: str) -> list[tuple[str, str]]:
    """Overloads for what takes a timestamp or a date."""
    return [(f"a {NS}", body.format(MICROS.format("a"))), ("a DATE", body.format("a"))]


PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "day_of_week": "isodow",  # Monday 1 to Sunday 7; DuckDB's dow has Sunday 0
    "day_of_year": "dayofyear",
    "hour": "hour",
    "minute": "minute",
    "year_of_week": "isoyear",
}


def parts() -> list[list[str]]:
    found = [
        macro(f"ts_{name}", *over_time(f"CAST(datepart('{part}', {{0}}) AS BIGINT)")) for name, part in PARTS.items()
    ]
    # DuckDB's second part is what one expects, its millisecond part includes the seconds.
    found.append(macro("ts_second", *over_time("CAST(datepart('second', {0}) AS BIGINT)")))
    found.append(macro("ts_millisecond", *over_time("CAST(datepart('millisecond', {0}) AS BIGINT) % 1000")))
    return found


# Epoch arithmetic, not the calendar: bin('2022-06-17 10:15:20', 30day) is 2022-05-28.
BINNED = "make_timestamp_ns(epoch_ns(a) - epoch_ns(a) % n)"

ISO_TIMESTAMP = (
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}(:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def iso_timestamp() -> str:
    """The instant that an ISO 8601 text names; DuckDB drops an offset in a cast to nanoseconds, so it is added here."""

    def offset(group: int) -> str:
        return rf"regexp_extract(s, 'T.*([+-])([0-9]{{2}}):?([0-9]{{2}})$', {group})"

    local = r"regexp_replace(regexp_replace(s, '(Z|(T.*)[+-][0-9]{2}:?[0-9]{2})$', '\2'), ',', '.')"
    padded = (
        f"CASE length({local}) WHEN 4 THEN {local} || '-01-01' WHEN 7 THEN {local} || '-01' "
        f"WHEN 13 THEN {local} || ':00' ELSE {local} END"
    )
    seconds = (
        f"coalesce(TRY_CAST({offset(1)} || '1' AS BIGINT), 0) * (coalesce(TRY_CAST({offset(2)} AS BIGINT), 0) * 3600 "
        f"+ coalesce(TRY_CAST({offset(3)} AS BIGINT), 0) * 60)"
    )
    refused = failing("'Invalid format: \"' || s || '\"'", NS)
    instant = f"make_timestamp_ns(epoch_ns(CAST({padded} AS {NS})) - {seconds} * 1000000000)"
    return f"CASE WHEN regexp_full_match(s, '{ISO_TIMESTAMP}') THEN {instant} ELSE {refused} END"


UNITS_NS = {
    "millisecond": 10**6,
    "second": 10**9,
    "minute": 60 * 10**9,
    "hour": 3_600 * 10**9,
    "day": 86_400 * 10**9,
    "week": 7 * 86_400 * 10**9,
}


def differences() -> list[list[str]]:
    """date_diff counts whole units, where DuckDB's counts the boundaries between."""
    lengths = " ".join(f"WHEN '{unit}' THEN {ns}" for unit, ns in UNITS_NS.items())
    unknown = failing("'Unknown unit: ' || u")
    months = f"date_sub('month', {MICROS.format('a')}, {MICROS.format('b')})"
    body = (
        f"CASE lower(u) WHEN 'month' THEN {months} WHEN 'quarter' THEN {months} // 3 WHEN 'year' THEN {months} // 12 "
        f"ELSE (epoch_ns(b) - epoch_ns(a)) // CASE lower(u) {lengths} ELSE {unknown} END END"
    )
    return [macro("ts_date_diff", (f"u VARCHAR, a {NS}, b {NS}", body))]


def human_readable() -> str:
    """``1 week, 2 days, 3 seconds``: the units that are not nought, whole seconds."""
    seconds = "CAST(round(CAST(n AS DOUBLE)) AS BIGINT)"
    sizes = [("week", 604_800, None), ("day", 86_400, 7), ("hour", 3_600, 24), ("minute", 60, 60), ("second", 1, 60)]
    pieces = []
    for unit, size, wrap in sizes:
        count = f"({seconds} // {size})" + (f" % {wrap}" if wrap else "")
        pieces.append(f"CASE {count} WHEN 0 THEN NULL WHEN 1 THEN '1 {unit}' ELSE {count} || ' {unit}s' END")
    return f"coalesce(nullif(concat_ws(', ', {', '.join(pieces)}), ''), '0 seconds')"


def times() -> list[list[str]]:
    return [
        macro("ts_current_timezone", ("", "'UTC'")),
        macro("ts_from_iso8601_timestamp", ("s", iso_timestamp())),
        macro("ts_from_iso8601_date", ("s", "CAST(s AS DATE)")),
        macro(
            "ts_to_iso8601", (f"a {NS}", "strftime(a, '%Y-%m-%dT%H:%M:%S.%n') || 'Z'"), ("a DATE", "CAST(a AS VARCHAR)")
        ),
        macro("ts_from_milliseconds", ("n", "ts_instant(CAST(n AS BIGINT) * 1000000)")),
        macro("ts_from_nanoseconds", ("n", "ts_instant(CAST(n AS BIGINT))")),
        macro("ts_from_unixtime", ("n", "ts_instant(CAST(round(CAST(n AS DOUBLE) * 1000) AS BIGINT) * 1000000)")),
        macro(
            "ts_to_nanoseconds",
            (f"a {NS}", "epoch_ns(a)"),
            ("a INTERVAL", "epoch_us(a) * 1000"),
        ),
        macro(
            "ts_to_milliseconds",
            (f"a {NS}", "epoch_ns(a) // 1000000"),
            ("a INTERVAL", "epoch_us(a) // 1000"),
        ),
        macro("ts_to_unixtime", (f"a {NS}", "epoch_ns(a) / 1e9::DOUBLE")),
        macro("ts_bin", (f"a {NS}, n BIGINT", BINNED)),
        macro(
            "ts_date_trunc",
            (f"unit, a {NS}", f"CAST(date_trunc(unit, {MICROS.format('a')}) AS {NS})"),
            ("unit, a DATE", "CAST(date_trunc(unit, a) AS DATE)"),
        ),
        macro("ts_last_day_of_month", *over_time("last_day({0})")),
        *parts(),
        *differences(),
        macro("ts_human_readable_seconds", ("n", human_readable())),
    ]
