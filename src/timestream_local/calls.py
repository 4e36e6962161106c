"""Operators, casts and function calls → DuckDB's, by way of the macros that carry Trino's meaning."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from sqlglot import exp

from timestream_local.dialect import INTERVAL_LITERAL
from timestream_local.functions import FUNCTIONS, REFUSED, Function, Kind
from timestream_local.inference import NULL, get, infer, is_opaque, overload, shown_type
from timestream_local.intervals import UNIT_MONTHS, UNIT_NS, Interval, big, instant
from timestream_local.macros import OVERLOADS, typed_name
from timestream_local.positions import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "ts_add",
    exp.Sub: "ts_subtract",
    exp.Mul: "ts_multiply",
    exp.Div: "ts_divide",
    exp.Mod: "ts_modulo",
}

CASTS = {
    "VARCHAR": "ts_to_varchar",
    "TEXT": "ts_to_varchar",
    "BIGINT": "ts_to_bigint",
    "INT": "ts_to_integer",
    "DOUBLE": "ts_to_double",
    "BOOLEAN": "ts_to_boolean",
    "TIMESTAMP": "ts_to_timestamp",
    "DATE": "ts_to_date",
    "TIME": "ts_to_time",
}

PARTS = {
    "YEAR": "ts_year",
    "QUARTER": "ts_quarter",
    "MONTH": "ts_month",
    "WEEK": "ts_week",
    "DAY": "ts_day",
    "DAY_OF_MONTH": "ts_day",
    "DAY_OF_WEEK": "ts_day_of_week",
    "DOW": "ts_day_of_week",
    "DAY_OF_YEAR": "ts_day_of_year",
    "DOY": "ts_day_of_year",
    "YEAR_OF_WEEK": "ts_year_of_week",
    "YOW": "ts_year_of_week",
    "HOUR": "ts_hour",
    "MINUTE": "ts_minute",
    "SECOND": "ts_second",
}

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


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


class CallTranslator:
    """Translates what computes. All of a query sees one now."""

    def __init__(self, sql: str, now_ns: int) -> None:
        self._sql = sql
        self._now_ns = now_ns // 10**6 * 10**6  # the engine's clock counts milliseconds
        self._forms: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
            **dict.fromkeys(OPERATORS, self._operator),
            exp.Anonymous: self._function,
            exp.Cast: self._cast,
            exp.TryCast: lambda node: call("try", self._cast(node)),
            exp.Neg: self._negation,
            exp.Interval: self._interval,
            exp.Extract: self._extract,
            exp.Bracket: lambda node: self._macro(node, "ts_subscript", [node.this, *node.expressions]),
            exp.StrPosition: lambda node: self._macro(node, "ts_strpos", [node.this, node.args["substr"]]),
            exp.Trim: self._trim,
            exp.CurrentTimestamp: lambda _: instant(self._now_ns),
            exp.Localtimestamp: lambda _: instant(self._now_ns),
            exp.CurrentDate: lambda node: self._macro(node, "ts_to_date", [instant(self._now_ns)]),
            exp.CurrentTime: lambda node: self._macro(node, "ts_to_time", [instant(self._now_ns)]),
            exp.Localtime: lambda node: self._macro(node, "ts_to_time", [instant(self._now_ns)]),
        }

    def translate(self, node: exp.Expr) -> exp.Expr | None:
        """Return what stands for *node* in DuckDB, or None when nothing does."""
        form = self._forms.get(type(node))
        return form(node) if form is not None else None

    def _operator(self, node: exp.Expr) -> exp.Expr:
        left, right = node.this, node.expression
        interval = right.meta.get("interval")
        if interval is not None and isinstance(node, exp.Add | exp.Sub):
            sign = -1 if isinstance(node, exp.Sub) else 1
            if "instant" in left.meta and not interval.months:
                return self._instant(node, left.meta["instant"] + sign * interval.ns)
            if not interval.is_exact:
                return call("ts_shift_ns", left, big(sign * interval.ns))
        return self._macro(node, OPERATORS[type(node)], [left, right])

    def _macro(self, node: exp.Expr, name: str, arguments: list[exp.Expr]) -> exp.Expr:
        """Call a function or the overload of a macro that fits the types of *arguments*."""
        if name not in OVERLOADS:
            return call(name, *arguments)
        for argument in arguments:
            if get(argument) is None:
                infer(argument)  # nodes that a translation made have no type yet
        kinds = [get(argument) for argument in arguments]
        known = [kind for kind in kinds if kind is not None]
        if len(known) < len(kinds):
            if any(is_opaque(argument) for argument in arguments):
                raise refusal(node, self._sql, "The type of an operand is not known to this local Timestream; cast it")
            return call(name, *arguments)
        parameters = overload(name, known)
        if parameters is None:
            shown = ", ".join(map(shown_type, known))
            raise refusal(node, self._sql, f"Unexpected parameters ({shown}) for {name.removeprefix('ts_')}")
        fitted = [
            argument
            if parameter in ("ANY", kind)
            else exp.Cast(this=argument, to=exp.DataType.build(parameter, dialect="duckdb"))
            for argument, kind, parameter in zip(arguments, known, parameters, strict=True)
        ]
        for argument in fitted:
            infer(argument)
        return call(typed_name(name, parameters), *fitted)

    def _instant(self, node: exp.Expr, ns: int) -> exp.Expr:
        if ns < 0:
            raise refusal(node, self._sql, "Timestream does not support negative time values")
        return instant(ns)

    def _negation(self, node: exp.Expr) -> exp.Expr:
        interval = node.this.meta.get("interval")
        if interval is not None:
            return Interval(-interval.months, -interval.ns).expression()
        return node

    def _interval(self, node: exp.Expr) -> exp.Expr:
        """``interval '2' day``, the long form of ``2d``."""
        unit = node.args.get("unit")
        text = node.this.name if node.this is not None else ""
        name = unit.name.lower() if isinstance(unit, exp.Var) else ""
        if not text.lstrip("+-").isdigit() or not (name in UNIT_NS or name in UNIT_MONTHS):
            raise refusal(node, self._sql, "Intervals are written as interval '2' day or 2d")
        return Interval.of(int(text), name).expression()

    def _cast(self, node: exp.Expr) -> exp.Expr:
        target = node.args["to"]
        name = CASTS.get(target.this.value if hasattr(target.this, "value") else str(target.this))
        if name is None or (target.expressions and name not in ("ts_to_timestamp", "ts_to_time", "ts_to_varchar")):
            raise refusal(node, self._sql, f"Cannot cast to {target.sql()} in this local Timestream")
        if name == "ts_to_varchar" and target.expressions:
            raise refusal(node, self._sql, "VARCHAR takes no length in this local Timestream")
        return self._macro(node, name, [node.this])

    def _extract(self, node: exp.Expr) -> exp.Expr:
        part = node.this.name.upper()
        if part not in PARTS:
            raise refusal(node, self._sql, f"Invalid EXTRACT field: {part}")
        return self._macro(node, PARTS[part], [node.expression])

    def _trim(self, node: exp.Expr) -> exp.Expr:
        if node.args.get("position") or node.args.get("expression") is not None:
            raise refusal(node, self._sql, "trim takes one argument")
        return self._macro(node, "ts_trim", [node.this])

    def _function(self, node: exp.Expr) -> exp.Expr:
        if node.meta.get("wrapper"):
            return self._macro(node, node.name, list(node.expressions))
        name = node.name.lower()
        arguments = list(node.expressions)
        if name == INTERVAL_LITERAL:
            return Interval.of(int(arguments[0].name), arguments[1].name).expression()
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._unknown(node, name)
        if not function.least <= len(arguments) <= function.most:
            raise refusal(node, self._sql, f"Unexpected parameters ({len(arguments)}) for function {name}")
        self._check_place(node, name, function)
        special = getattr(self, f"_call_{name}", None)
        if special is not None:
            result: exp.Expr = special(node, arguments)
            return result
        translated = self._macro(node, function.target, arguments)
        translated.meta["aggregate"] = function.kind is not Kind.SCALAR
        return translated

    def _unknown(self, node: exp.Expr, name: str) -> Exception:
        if name in REFUSED:
            return refusal(
                node, self._sql, f"Function '{name}' is not supported by this local Timestream: {REFUSED[name]}"
            )
        return refusal(node, self._sql, f"Function '{name}' not registered")

    def _check_place(self, node: exp.Expr, name: str, function: Function) -> None:
        windowed = isinstance(_outermost(node).parent, exp.Window)
        if function.kind is Kind.WINDOW and not windowed:
            raise refusal(node, self._sql, f"Window function {name} requires an OVER clause")
        if function.kind is Kind.SCALAR:
            if windowed or isinstance(node.parent, exp.Filter):
                raise refusal(node, self._sql, f"{name} is no aggregate or window function")
            if any(isinstance(argument, exp.Distinct | exp.Order) for argument in node.expressions):
                raise refusal(node, self._sql, f"DISTINCT and ORDER BY are not valid for {name}")

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

    def _call_create_time_series(self, _node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        point = call("ts_point", *arguments)
        infer(point)
        ordered = exp.Order(this=point, expressions=[exp.Ordered(this=arguments[0].copy())])
        series = call("array_agg", ordered)
        series.meta["aggregate"] = True
        return series


def wrap_aggregate(node: exp.Anonymous) -> None:
    """Put an aggregate's wrapper, if it has one, around the call with its FILTER and its OVER."""
    function = FUNCTIONS.get(node.name.lower())
    if function is None or function.wrapper is None:
        return
    outer = _outermost(node)
    if isinstance(outer.parent, exp.Window) and outer.arg_key == "this":
        outer = outer.parent
    wrapped = call(function.wrapper)
    wrapped.meta["wrapper"] = True
    outer.replace(wrapped)
    wrapped.append("expressions", outer)


def micros(moment: exp.Expr) -> exp.Expr:
    """A timestamp cut, not rounded, to microseconds."""
    return call("make_timestamp", exp.IntDiv(this=call("epoch_ns", moment), expression=exp.Literal.number(1_000)))


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _outermost(node: exp.Expr) -> exp.Expr:
    """The node that a function's OVER would belong to: FILTER and IGNORE NULLS stand between."""
    while isinstance(node.parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls) and node.arg_key == "this":
        node = node.parent
    return node


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
