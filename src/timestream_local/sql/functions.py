"""Every function of Timestream SQL that works here: the DuckDB function or macro behind it and its arguments' number.

The lists of "Query language reference" in the developer guide. A name that is not here is refused, never guessed.
"""

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """Where a function may be called: anywhere, over a group, or over a window only."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Function:
    """A call is rewritten to *target* with the same arguments; *wrapper* is called on the result of an aggregate."""

    target: str
    least: int
    most: int
    kind: Kind = Kind.SCALAR
    wrapper: str | None = None


def scalar(target: str, least: int, most: int | None = None) -> Function:
    return Function(target, least, least if most is None else most)


def aggregate(target: str, least: int, most: int | None = None, *, wrapper: str | None = None) -> Function:
    return Function(target, least, least if most is None else most, Kind.AGGREGATE, wrapper)


def window(target: str, least: int, most: int | None = None) -> Function:
    return Function(target, least, least if most is None else most, Kind.WINDOW)


MAX_ARGUMENTS = 10_000

TIME = {
    "ago": scalar("ts_ago", 1),
    "now": scalar("ts_now", 0),
    "current_timezone": scalar("ts_current_timezone", 0),
    "bin": scalar("ts_bin", 2),
    "date": scalar("ts_to_date", 1),
    "date_trunc": scalar("ts_date_trunc", 2),
    "date_add": scalar("ts_date_add", 3),
    "date_diff": scalar("ts_date_diff", 3),
    "date_format": scalar("ts_date_format", 2),
    "date_parse": scalar("ts_date_parse", 2),
    "parse_duration": scalar("ts_parse_duration", 1),
    "human_readable_seconds": scalar("ts_human_readable_seconds", 1),
    "last_day_of_month": scalar("ts_last_day_of_month", 1),
    "from_iso8601_timestamp": scalar("ts_from_iso8601_timestamp", 1),
    "from_iso8601_date": scalar("ts_from_iso8601_date", 1),
    "from_milliseconds": scalar("ts_from_milliseconds", 1),
    "from_nanoseconds": scalar("ts_from_nanoseconds", 1),
    "from_unixtime": scalar("ts_from_unixtime", 1),
    "to_iso8601": scalar("ts_to_iso8601", 1),
    "to_milliseconds": scalar("ts_to_milliseconds", 1),
    "to_nanoseconds": scalar("ts_to_nanoseconds", 1),
    "to_unixtime": scalar("ts_to_unixtime", 1),
    "millisecond": scalar("ts_millisecond", 1),
    "second": scalar("ts_second", 1),
    "minute": scalar("ts_minute", 1),
    "hour": scalar("ts_hour", 1),
    "day": scalar("ts_day", 1),
    "day_of_month": scalar("ts_day", 1),
    "day_of_week": scalar("ts_day_of_week", 1),
    "dow": scalar("ts_day_of_week", 1),
    "day_of_year": scalar("ts_day_of_year", 1),
    "doy": scalar("ts_day_of_year", 1),
    "week": scalar("ts_week", 1),
    "week_of_year": scalar("ts_week", 1),
    "year_of_week": scalar("ts_year_of_week", 1),
    "yow": scalar("ts_year_of_week", 1),
    "month": scalar("ts_month", 1),
    "quarter": scalar("ts_quarter", 1),
    "year": scalar("ts_year", 1),
}

MATHEMATICS = {
    "abs": scalar("abs", 1),
    "cbrt": scalar("ts_cube_root", 1),
    "ceil": scalar("ts_ceiling", 1),
    "ceiling": scalar("ts_ceiling", 1),
    "degrees": scalar("degrees", 1),
    "e": scalar("ts_e", 0),
    "exp": scalar("exp", 1),
    "floor": scalar("ts_floor", 1),
    "ln": scalar("ts_ln", 1),
    "log2": scalar("ts_log2", 1),
    "log10": scalar("ts_log10", 1),
    "mod": scalar("ts_modulo", 2),
    "pi": scalar("pi", 0),
    "pow": scalar("ts_power", 2),
    "power": scalar("ts_power", 2),
    "radians": scalar("radians", 1),
    "rand": scalar("random", 0),
    "random": scalar("random", 0),
    "round": scalar("ts_round", 1, 2),
    "sign": scalar("ts_sign", 1),
    "sqrt": scalar("ts_square_root", 1),
    "truncate": scalar("ts_truncate", 1, 2),
    "acos": scalar("acos", 1),
    "asin": scalar("asin", 1),
    "atan": scalar("atan", 1),
    "atan2": scalar("atan2", 2),
    "cos": scalar("cos", 1),
    "cosh": scalar("cosh", 1),
    "sin": scalar("sin", 1),
    "tan": scalar("tan", 1),
    "tanh": scalar("tanh", 1),
    "infinity": scalar("ts_infinity", 0),
    "is_finite": scalar("isfinite", 1),
    "is_infinite": scalar("isinf", 1),
    "is_nan": scalar("isnan", 1),
    "nan": scalar("ts_nan", 0),
    "bitwise_and": scalar("ts_bitwise_and", 2),
    "bitwise_or": scalar("ts_bitwise_or", 2),
    "bitwise_xor": scalar("ts_bitwise_xor", 2),
    "bitwise_not": scalar("ts_bitwise_not", 1),
    "bit_count": scalar("ts_bit_count", 2),
    "greatest": scalar("ts_greatest", 1, MAX_ARGUMENTS),
    "least": scalar("ts_least", 1, MAX_ARGUMENTS),
}

TEXT = {
    "chr": scalar("ts_chr", 1),
    "codepoint": scalar("ts_codepoint", 1),
    "concat": scalar("ts_concat", 2, MAX_ARGUMENTS),
    "hamming_distance": scalar("ts_hamming_distance", 2),
    "length": scalar("ts_length", 1),
    "levenshtein_distance": scalar("ts_levenshtein", 2),
    "lower": scalar("ts_lower", 1),
    "lpad": scalar("ts_lpad", 3),
    "ltrim": scalar("ts_ltrim", 1),
    "normalize": scalar("nfc_normalize", 1),
    "replace": scalar("ts_replace", 2, 3),
    "reverse": scalar("ts_reverse", 1),
    "rpad": scalar("ts_rpad", 3),
    "rtrim": scalar("ts_rtrim", 1),
    "split": scalar("ts_split", 2),
    "split_part": scalar("ts_split_part", 3),
    "strpos": scalar("ts_strpos", 2),
    "substr": scalar("ts_substr", 2, 3),
    "substring": scalar("ts_substr", 2, 3),
    "starts_with": scalar("ts_starts_with", 2),
    "trim": scalar("ts_trim", 1),
    "upper": scalar("ts_upper", 1),
    "regexp_like": scalar("ts_regexp_like", 2),
    "regexp_extract": scalar("ts_regexp_extract", 2, 3),
    "regexp_extract_all": scalar("ts_regexp_extract_all", 2, 3),
    "regexp_replace": scalar("ts_regexp_replace", 2, 3),
    "regexp_split": scalar("ts_regexp_split", 2),
}

ARRAYS = {
    "array_distinct": scalar("ts_array_distinct", 1),
    "array_except": scalar("ts_array_except", 2),
    "array_intersect": scalar("ts_array_intersect", 2),
    "array_join": scalar("ts_array_join", 2, 3),
    "array_max": scalar("ts_array_max", 1),
    "array_min": scalar("ts_array_min", 1),
    "array_position": scalar("ts_array_position", 2),
    "array_remove": scalar("ts_array_remove", 2),
    "array_sort": scalar("ts_array_sort", 1),
    "array_union": scalar("ts_array_union", 2),
    "arrays_overlap": scalar("ts_arrays_overlap", 2),
    "cardinality": scalar("ts_cardinality", 1),
    "contains": scalar("ts_contains", 2),
    "element_at": scalar("ts_element_at", 2),
    "repeat": scalar("ts_repeat", 2),
    "sequence": scalar("ts_sequence", 2, 3),
    "slice": scalar("ts_slice", 3),
}

SERIES = {
    "interpolate_linear": scalar("ts_linear", 2),
    "interpolate_locf": scalar("ts_locf", 2),
    "interpolate_fill": scalar("ts_fill", 3),
}

OTHER = {
    "coalesce": scalar("coalesce", 1, MAX_ARGUMENTS),
    "nullif": scalar("nullif", 2),
    "try": scalar("try", 1),
    "typeof": scalar("ts_typeof", 1),
    "row": scalar("row", 1, MAX_ARGUMENTS),
}

AGGREGATES = {
    "approx_distinct": aggregate("count", 1, 2),
    "approx_percentile": aggregate("quantile_disc", 2),
    "arbitrary": aggregate("any_value", 1),
    "any_value": aggregate("any_value", 1),
    "array_agg": aggregate("array_agg", 1),
    "avg": aggregate("avg", 1),
    "bool_and": aggregate("bool_and", 1),
    "bool_or": aggregate("bool_or", 1),
    "every": aggregate("bool_and", 1),
    "bitwise_and_agg": aggregate("bit_and", 1),
    "bitwise_or_agg": aggregate("bit_or", 1),
    "corr": aggregate("corr", 2, wrapper="ts_finite"),
    "count": aggregate("count", 0, 1),
    "count_if": aggregate("count_if", 1, wrapper="ts_total"),
    "covar_pop": aggregate("covar_pop", 2),
    "covar_samp": aggregate("covar_samp", 2),
    "create_time_series": aggregate("ts_create_time_series", 2),
    "geometric_mean": aggregate("geometric_mean", 1),
    "max": aggregate("max", 1, 2),
    "max_by": aggregate("arg_max_null", 2, 3),
    "min": aggregate("min", 1, 2),
    "min_by": aggregate("arg_min_null", 2, 3),
    "regr_intercept": aggregate("regr_intercept", 2, wrapper="ts_finite"),
    "regr_slope": aggregate("regr_slope", 2, wrapper="ts_finite"),
    "stddev": aggregate("stddev_samp", 1),
    "stddev_pop": aggregate("stddev_pop", 1),
    "stddev_samp": aggregate("stddev_samp", 1),
    "sum": aggregate("sum", 1, wrapper="ts_total"),
    "var_pop": aggregate("var_pop", 1),
    "var_samp": aggregate("var_samp", 1),
    "variance": aggregate("var_samp", 1),
}

WINDOWS = {
    "cume_dist": window("cume_dist", 0),
    "dense_rank": window("dense_rank", 0),
    "first_value": window("first_value", 1),
    "lag": window("lag", 1, 3),
    "last_value": window("last_value", 1),
    "lead": window("lead", 1, 3),
    "nth_value": window("nth_value", 2),
    "ntile": window("ntile", 1),
    "percent_rank": window("percent_rank", 0),
    "rank": window("rank", 0),
    "row_number": window("row_number", 0),
}

FUNCTIONS: dict[str, Function] = {**TIME, **MATHEMATICS, **TEXT, **ARRAYS, **SERIES, **OTHER, **AGGREGATES, **WINDOWS}
