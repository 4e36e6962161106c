"""The functions of time series, and sequence: which of their forms fits the types of the arguments.

"Interpolation functions" of the developer guide: over an array of timestamps the answer is a time series, over one
timestamp a value.
"""

from sqlglot import exp

from timestream_local.sql.translation.macro_calls import MacroCaller, call
from timestream_local.sql.types.inference import NULL, NUMBERS, common_type, get, infer, series_value_type, shown_type
from timestream_local.sql.types.intervals import big

MOMENTS = {"TIMESTAMP_NS": "", "TIMESTAMP_NS[]": "_series"}


class SeriesCalls(MacroCaller):
    """One method a function, named after it."""

    def _call_sequence(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        """An interval literal is counted in nanoseconds, which DuckDB's INTERVAL cannot hold."""
        interval = arguments[-1].meta.get("interval")
        moments = all(get(argument) == "TIMESTAMP_NS" for argument in arguments[:2])
        if interval is not None and moments and not interval.months:
            return call("ts_sequence_ns", *arguments[:2], big(interval.ns))
        return self._macro(node, "ts_sequence", arguments)

    def _call_create_time_series(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        if get(arguments[0]) not in (None, "TIMESTAMP_NS"):
            raise self._mismatch(node, arguments)
        point = call("ts_point", *arguments)
        infer(point)
        ordered = exp.Order(this=point, expressions=[exp.Ordered(this=arguments[0].copy())])
        series = call("array_agg", ordered)
        series.meta["aggregate"] = True
        return series

    def _call_interpolate_linear(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        value = series_value_type(get(arguments[0]))
        if value not in NUMBERS:
            raise self._mismatch(node, arguments)
        return self._interpolated(node, "ts_linear", arguments, value="DOUBLE")

    def _call_interpolate_locf(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        return self._interpolated(node, "ts_locf", arguments, value=series_value_type(get(arguments[0])))

    def _call_interpolate_fill(self, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
        value = series_value_type(get(arguments[0]))
        value = value and common_type(value, get(arguments[2]))
        return self._interpolated(node, "ts_fill", arguments, value=value)

    def _interpolated(self, node: exp.Expr, macro: str, arguments: list[exp.Expr], *, value: str | None) -> exp.Expr:
        """Call *macro* with the values of the series as *value*, for one timestamp or for an array of them."""
        series, moments, *constants = arguments
        suffix = MOMENTS.get(get(moments) or "")
        if value is None or suffix is None:
            raise self._mismatch(node, arguments)
        kind = f'STRUCT("time" TIMESTAMP_NS, "value" {value})[]'
        if get(series) != kind:
            series = _cast(series, kind)
        interpolated = call(macro + suffix, series, moments, *(_cast(constant, value) for constant in constants))
        interpolated.meta["type"] = kind if suffix else value
        return interpolated

    def _mismatch(self, node: exp.Expr, arguments: list[exp.Expr]) -> Exception:
        shown = ", ".join(shown_type(get(argument) or NULL) for argument in arguments)
        return self._refusal(node, f"Unexpected parameters ({shown}) for function {node.name.lower()}")


def _cast(node: exp.Expr, kind: str) -> exp.Expr:
    cast = exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))
    cast.meta["type"] = kind
    return cast
