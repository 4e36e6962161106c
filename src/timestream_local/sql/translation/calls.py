"""Operators, casts and function calls → DuckDB's, by way of the macros that carry Trino's meaning."""

from typing import TYPE_CHECKING

from sqlglot import exp

from timestream_local.sql.functions import FUNCTIONS, Function, Kind
from timestream_local.sql.parsing.dialect import INTERVAL_LITERAL
from timestream_local.sql.parsing.positions import refusal
from timestream_local.sql.refused_functions import REFUSED
from timestream_local.sql.translation.macro_calls import call
from timestream_local.sql.translation.special_calls import SpecialCalls
from timestream_local.sql.types.intervals import UNIT_MONTHS, UNIT_NS, Interval, big, instant

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


class CallTranslator(SpecialCalls):
    """Translates what computes. All of a query sees one now."""

    def __init__(self, sql: str, now_ns: int) -> None:
        super().__init__(sql, now_ns)
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
            return self._interval_literal(node, arguments[0].name, arguments[1].name)
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._unknown(node, name)
        if not function.least <= len(arguments) <= function.most:
            raise refusal(node, self._sql, f"Unexpected parameters ({len(arguments)}) for function {name}")
        self._check_use(node, name, function)
        special = getattr(self, f"_call_{name}", None)
        if special is not None:
            result: exp.Expr = special(node, arguments)
            return result
        translated = self._macro(node, function.target, arguments)
        translated.meta["aggregate"] = function.kind is not Kind.SCALAR
        return translated

    def _interval_literal(self, node: exp.Expr, count: str, unit: str) -> exp.Expr:
        try:
            return Interval.parse(count, unit).expression()
        except ValueError:
            raise refusal(node, self._sql, f"{count}{unit} is not a whole number of months") from None

    def _unknown(self, node: exp.Expr, name: str) -> Exception:
        if name in REFUSED:
            return refusal(
                node, self._sql, f"Function '{name}' is not supported by this local Timestream: {REFUSED[name]}"
            )
        return refusal(node, self._sql, f"Function '{name}' not registered")

    def _check_use(self, node: exp.Expr, name: str, function: Function) -> None:
        windowed = isinstance(_outermost(node).parent, exp.Window)
        if function.kind is Kind.WINDOW and not windowed:
            raise refusal(node, self._sql, f"Window function {name} requires an OVER clause")
        if function.kind is Kind.SCALAR:
            if windowed or isinstance(node.parent, exp.Filter):
                raise refusal(node, self._sql, f"{name} is no aggregate or window function")
            if any(isinstance(argument, exp.Distinct | exp.Order) for argument in node.expressions):
                raise refusal(node, self._sql, f"DISTINCT and ORDER BY are not valid for {name}")


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


def _outermost(node: exp.Expr) -> exp.Expr:
    """The node that a function's OVER would belong to: FILTER and IGNORE NULLS stand between."""
    while isinstance(node.parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls) and node.arg_key == "this":
        node = node.parent
    return node
