"""Functions that need more than another name: constants are folded, arguments checked, calls combined.

"Date / time functions", "String functions" and "Aggregate functions" of the developer guide.
"""

import datetime as dt
import re
from fractions import Fraction

from sqlglot import exp

from timestream_local.sql.parsing.positions import refusal
from timestream_local.sql.translation.macro_calls import call
from timestream_local.sql.translation.series_calls import SeriesCalls
from timestream_local.sql.types.inference import NULL, get, infer, shown_type
from timestream_local.sql.types.intervals import UNIT_MONTHS, UNIT_NS, Interval, big, instant

MILLISECOND_NS = 10**6
DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|s|m|h|d)\s*")

# MySQL's letters, of "Date / time functions", formatting and parsing, to those of C.
FORMATS = {
    **{f"%{letter}": f"%{letter}" for letter in ("a", "b", "d", "f", "H", "I", "j", "m", "p", "S", "y", "Y", "%")},
    "%c": "%-m",
    "%e": "%-d",
    "%h": "%I",
    "%i": "%M",
    "%k": "%-H",
    "%l": "%-I",
    "%M": "%B",
    "%r": "%I:%M:%S %p",
    "%s": "%S",
    "%T": "%H:%M:%S",
    "%v": "%V",
    "%W": "%A",
    "%x": "%G",
}


class SpecialCalls(SeriesCalls):
    """One method a function, named after it."""

    def _call_now(self, _node: exp.Expr, _arguments: list[exp.Expr]) -> exp.Expr:
        return instant(self._now_ns)

    def _call_ago(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        interval = arguments[0].meta.get("interval")
        if interval is None or interval.months:
            moment = instant(self._now_ns)
            infer(moment)
            return self._macro(node, "ts_subtract", [moment, arguments[0]])
        return self._instant(node, self._now_ns - interval.ns)

    def _call_from_milliseconds(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        number = _number(arguments[0])
        if number is None:
            return call("ts_from_milliseconds", *arguments)
        return self._instant(node, number * 10**6)

    def _call_from_nanoseconds(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        number = _number(arguments[0])
        return call("ts_from_nanoseconds", *arguments) if number is None else self._instant(node, number)

    def _call_from_iso8601_timestamp(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        """Fold the literals that clients write, so that DuckDB can skip what lies outside them."""
        text = arguments[0]
        if isinstance(text, exp.Literal) and text.is_string:
            ns = _iso_ns(text.this)
            if ns is not None:
                return self._instant(node, ns)
        return call("ts_from_iso8601_timestamp", text)

    def _call_bin(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        interval = arguments[1].meta.get("interval")
        if interval is None or interval.months or interval.ns <= 0:
            raise refusal(node, self._sql, "bin takes an interval literal from nanoseconds to weeks, such as 15m")
        size = big(interval.ns)
        infer(size)
        return self._macro(node, "ts_bin", [arguments[0], size])

    def _call_date_add(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        unit = arguments[0].name.lower()
        unit, times = ("month", 3) if unit == "quarter" else (unit, 1)
        if not _is_text(arguments[0]) or not (unit in UNIT_MONTHS or UNIT_NS.get(unit, 0) >= MILLISECOND_NS):
            raise refusal(node, self._sql, f"'{arguments[0].name}' is not a valid unit for date_add")
        if unit in UNIT_MONTHS:
            count = exp.Mul(this=exp.Paren(this=arguments[1]), expression=exp.Literal.number(UNIT_MONTHS[unit] * times))
            interval = call("to_months", exp.cast(count, "INT"))
        else:
            count = exp.Mul(this=exp.Paren(this=arguments[1]), expression=big(UNIT_NS[unit] // 1_000))
            interval = call("to_microseconds", count)
        interval.meta["type"] = "INTERVAL"
        return self._macro(node, "ts_add", [arguments[2], interval])

    def _call_date_format(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        moment = self._macro(node, "ts_to_timestamp", [arguments[0]])
        return call("strftime", micros(moment), self._format(node, arguments[1]))

    def _call_date_parse(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        parsed = call("strptime", arguments[0], self._format(node, arguments[1]))
        return exp.Cast(this=parsed, to=exp.DataType.build("TIMESTAMP_NS", dialect="duckdb"))

    def _format(self, node: exp.Expr, text: exp.Expr) -> exp.Expr:
        """A MySQL format as date_format and date_parse take it, in the letters of C that DuckDB takes."""
        if not _is_text(text):
            raise refusal(node, self._sql, "The format must be a string literal in this local Timestream")
        pieces = re.split(r"(%.)", text.name)
        unknown = [piece for piece in pieces if piece.startswith("%") and piece not in FORMATS]
        if unknown:
            raise refusal(node, self._sql, f"The format {unknown[0]} is not supported")
        return exp.Literal.string("".join(FORMATS.get(piece, piece) for piece in pieces))

    def _call_parse_duration(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        match = DURATION.fullmatch(arguments[0].name) if _is_text(arguments[0]) else None
        if match is None:
            raise refusal(node, self._sql, "parse_duration takes a literal such as '42.8ms', '3.81 d' or '5m'")
        ns = int(Fraction(match[1]) * UNIT_NS[match[2]])
        return Interval(0, ns).expression()

    def _call_concat(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        """NULL if any part is, where DuckDB's concat leaves it out; text with text, arrays with arrays."""
        kinds = [get(argument) for argument in arguments]
        if any(kind is not None and kind not in ("VARCHAR", NULL) and not kind.endswith("[]") for kind in kinds):
            shown = ", ".join(shown_type(kind or NULL) for kind in kinds)
            raise refusal(node, self._sql, f"Unexpected parameters ({shown}) for function concat")
        joined = arguments[0]
        for argument in arguments[1:]:
            joined = exp.DPipe(this=joined, expression=argument)
            infer(joined)
        return exp.Paren(this=joined)

    def _call_greatest(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        """NULL if any value is, where DuckDB leaves it out."""
        chosen = call(node.name.lower(), *arguments)
        nulls = [exp.Is(this=argument.copy(), expression=exp.Null()) for argument in arguments]
        infer(chosen)
        result = exp.Case(ifs=[exp.If(this=exp.or_(*nulls), true=exp.Null())], default=chosen)
        result.meta["type"] = get(chosen)
        return result

    _call_least = _call_greatest

    def _call_typeof(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        kind = get(arguments[0])
        if kind is None:
            raise refusal(node, self._sql, "The type of this is not known to this local Timestream")
        if kind != "INTERVAL":
            return exp.Literal.string(shown_type(kind))
        months = call("datepart", exp.Literal.string("month"), arguments[0])
        years = call("datepart", exp.Literal.string("year"), arguments[0].copy())
        none = exp.EQ(this=exp.Add(this=months, expression=years), expression=exp.Literal.number(0))
        names = [exp.Literal.string(f"interval {name}") for name in ("day to second", "year to month")]
        return exp.Case(ifs=[exp.If(this=none, true=names[0])], default=names[1])

    def _call_approx_distinct(self, _node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        counted = call("count", exp.Distinct(expressions=[arguments[0]]))  # exact is the best approximation
        counted.meta["aggregate"] = True
        return counted

    def _call_max_by(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        side = node.name.lower().partition("_")[0]
        chosen = call(f"arg_{side}" if len(arguments) > 2 else f"arg_{side}_null", *arguments)  # noqa: PLR2004 - with n
        chosen.meta["aggregate"] = True
        return chosen

    _call_min_by = _call_max_by


def micros(moment: exp.Expr) -> exp.Expr:
    """A timestamp cut, not rounded, to microseconds."""
    return call("make_timestamp", exp.IntDiv(this=call("epoch_ns", moment), expression=exp.Literal.number(1_000)))


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _number(node: exp.Expr) -> int | None:
    """The whole number that *node* writes out, if it does."""
    literal = node.this if isinstance(node, exp.Cast) else node
    if isinstance(literal, exp.Literal) and not literal.is_string and literal.this.isdigit():
        return int(literal.this)
    return None


def _iso_ns(text: str) -> int | None:
    """An ISO 8601 instant to microseconds as nanoseconds since 1970; None leaves it to the macro."""
    if "T" not in text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    fraction = text.partition(".")[2]
    if len(fraction.rstrip("Z").partition("+")[0].partition("-")[0]) > len("123456"):
        return None
    moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1_000
