"""Arrays: "Array functions" and "Array operators" of the developer guide. NULL is a value like any other in Trino's."""

from timestream_local.sql.macros.definition import failing, macro

MOST_REPEATED = 10_000  # as in Trino; the guide is silent
HAS_NULL = "len(list_filter({0}, lambda x: x IS NULL)) > 0"
HOLDS = "(list_contains({0}, x) OR (x IS NULL AND {1}))"
DISTINCT = (
    "list_filter({0}, lambda x, i: CASE WHEN x IS NULL THEN len(list_filter({0}[1:i], lambda y: y IS NULL)) = 1 "
    "ELSE list_position({0}, x) = i END)"
)


def holds(array: str) -> str:
    return HOLDS.format(array, HAS_NULL.format(array))


def texts_of(kind: str) -> str:
    return f"list_transform(l, lambda x: ts_to_varchar__{kind}(x))"


def joined(texts: str) -> str:
    """The texts with *d* between; DuckDB's own array_to_string wants a constant."""
    return f"list_reduce(list_transform({texts}, lambda x: d || x), lambda x, y: x || y, '')[length(d) + 1:]"


def arrays() -> list[list[str]]:
    beyond = failing("'Array subscript must be less than or equal to array length: ' || i || ' > ' || len(l)")
    zero = failing("'SQL array indices start at 1'")
    often = failing(f"'count argument of repeat function must be less than or equal to {MOST_REPEATED}'")
    times = f"CASE WHEN n <= {MOST_REPEATED} THEN n ELSE {often} END"
    return [
        macro(
            "ts_subscript", ("l, i", f"CASE WHEN i > len(l) THEN l[{beyond}] WHEN i < 1 THEN l[{zero}] ELSE l[i] END")
        ),
        macro("ts_element_at", ("l, i", f"CASE WHEN i = 0 THEN l[{zero}] ELSE l[i] END")),
        macro("ts_array_distinct", ("l", DISTINCT.format("l"))),
        macro(
            "ts_array_except",
            ("l, m", f"ts_array_distinct(list_filter(l, lambda x: NOT coalesce({holds('m')}, false)))"),
        ),
        macro(
            "ts_array_intersect",
            ("l, m", f"ts_array_distinct(list_filter(l, lambda x: coalesce({holds('m')}, false)))"),
        ),
        macro("ts_array_union", ("l, m", "ts_array_distinct(l || m)")),
        macro("ts_array_max", ("l", f"CASE WHEN {HAS_NULL.format('l')} THEN NULL ELSE list_max(l) END")),
        macro("ts_array_min", ("l", f"CASE WHEN {HAS_NULL.format('l')} THEN NULL ELSE list_min(l) END")),
        macro(
            "ts_array_position",
            (
                "l, x",
                "CASE WHEN l IS NOT NULL AND x IS NOT NULL THEN CAST(coalesce(list_position(l, x), 0) AS BIGINT) END",
            ),
        ),
        macro("ts_array_remove", ("l, e", "list_filter(l, lambda x: x IS DISTINCT FROM e)")),
        macro("ts_array_sort", ("l", "list_sort(l, 'ASC', 'NULLS LAST')")),
        macro("ts_arrays_overlap", ("l, m", "list_has_any(l, m)")),
        macro("ts_cardinality", ("l", "CAST(len(l) AS BIGINT)")),
        macro("ts_contains", ("l, x", "list_contains(l, x)")),
        macro("ts_repeat", ("e, n", f"list_transform(range({times}), lambda i: e)")),
        macro(
            "ts_slice",
            (
                "l, s, n",
                "CASE WHEN s > 0 THEN l[s:s + n - 1] WHEN s < 0 THEN l[len(l) + s + 1:len(l) + s + n] ELSE l["
                + zero
                + ":1] END",
            ),
        ),
        macro(
            "ts_array_join",
            *(
                (f"l {kind}[], d VARCHAR", joined(f"list_filter({texts_of(kind)}, lambda x: x IS NOT NULL)"))
                for kind in JOINED
            ),
            *(
                (
                    f"l {kind}[], d VARCHAR, n VARCHAR",
                    joined(f"list_transform({texts_of(kind)}, lambda x: coalesce(x, n))"),
                )
                for kind in JOINED
            ),
        ),
    ]


JOINED = ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN")
