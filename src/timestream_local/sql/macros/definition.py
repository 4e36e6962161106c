"""How a macro is made: one name for all of its overloads, and one for each of them.

What goes wrong inside a macro is raised as a failing cast of ``!message``, because DuckDB's error() is volatile and may
not stand inside TRY.
"""

NS = "TIMESTAMP_NS"
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE")
DAY_US = 86_400_000_000


def failing(message: str, kind: str = "BIGINT") -> str:
    """An expression that fails with *message*, an SQL string expression, once it is evaluated; NULL stays NULL."""
    cast = f"CAST('!' || {message} AS BIGINT)"
    return {
        "BIGINT": cast,
        NS: f"make_timestamp_ns({cast})",
        "DATE": f"CAST(make_timestamp({cast}) AS DATE)",
        "INTERVAL": f"to_microseconds({cast})",
        "BOOLEAN": f"CAST({cast} AS BOOLEAN)",
    }[kind]


OVERLOADS: dict[str, list[tuple[str, ...]]] = {}
"""The parameter types of every macro that has more than one form; ANY takes what comes."""


def macro(name: str, *overloads: tuple[str, str]) -> list[str]:
    """The statements that make a macro; parameters are written as ``a BIGINT, b``.

    One with overloads is made once under its own name, and once for each of them under a name with the types.
    """
    bodies = ", ".join(f"({parameters}) AS ({body})" for parameters, body in overloads)
    statements = [f"CREATE OR REPLACE MACRO {name} {bodies}"]
    split = [[parameter.split() for parameter in parameters.split(",")] for parameters, _ in overloads]
    if not any(len(parameter) > 1 for parameters in split for parameter in parameters):
        return statements
    OVERLOADS[name] = [
        tuple(parameter[1] if parameter[1:] else "ANY" for parameter in parameters) for parameters in split
    ]
    for parameters, kinds, (_, body) in zip(split, OVERLOADS[name], overloads, strict=True):
        plain = ", ".join(parameter[0] for parameter in parameters)
        statements.append(f"CREATE OR REPLACE MACRO {typed_name(name, kinds)}({plain}) AS ({body})")
    return statements


def typed_name(name: str, kinds: tuple[str, ...]) -> str:
    return "__".join((name, *kinds)).replace("[]", "_list")


def numeric(body: str, *, parameters: str = "a {0}, b {0}") -> list[tuple[str, str]]:
    """One overload for each type of number."""
    return [(parameters.format(kind), body) for kind in NUMBERS]


# DuckDB rounds when it casts nanoseconds to microseconds, which may lead into the next day: cut instead.
MICROS = "make_timestamp(epoch_ns({0}) // 1000)"
