"""Calls of macros: the overload that fits the types of the arguments is called by its own name."""

from sqlglot import exp

from timestream_local.sql.macros import OVERLOADS, typed_name
from timestream_local.sql.parsing.positions import refusal
from timestream_local.sql.types.inference import get, infer, is_opaque, overload, shown_type
from timestream_local.sql.types.intervals import instant


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


class MacroCaller:
    """Makes calls for one statement, all of which sees one now."""

    def __init__(self, sql: str, now_ns: int) -> None:
        self._sql = sql
        self._now_in_milliseconds_ns = now_ns // 10**6 * 10**6  # as finely as the engine's clock counts
        self.told_the_time = False

    @property
    def _now_ns(self) -> int:
        self.told_the_time = True
        return self._now_in_milliseconds_ns

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

    def _refusal(self, node: exp.Expr, message: str) -> Exception:
        return refusal(node, self._sql, message)

    def _instant(self, node: exp.Expr, ns: int) -> exp.Expr:
        if ns < 0:
            raise refusal(node, self._sql, "Timestream does not support negative time values")
        return instant(ns)
