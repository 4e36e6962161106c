"""Text: "String functions" and "Regular expression functions" of the developer guide."""

from timestream_local.sql.macros.definition import failing, macro

T = "VARCHAR"


def texts() -> list[list[str]]:
    return [*_strings(), *_patterns()]


def _strings() -> list[list[str]]:
    part = "CASE WHEN n < 1 THEN {0} WHEN n <= len(string_split(s, d)) THEN string_split(s, d)[n] END"
    message = "'Index must be greater than zero'"
    below = f"CAST({failing(message)} AS VARCHAR)"
    start = "CASE WHEN n = 0 OR n < -length(s) THEN '' ELSE {0} END"
    uneven = failing("'The input strings to hamming_distance function must have the same length'")
    return [
        macro("ts_chr", ("n BIGINT", "chr(CAST(n AS INTEGER))")),
        macro("ts_codepoint", (f"s {T}", "unicode(s)")),
        macro("ts_length", (f"s {T}", "CAST(length(s) AS BIGINT)")),
        macro("ts_lower", (f"s {T}", "lower(s)")),
        macro("ts_upper", (f"s {T}", "upper(s)")),
        macro("ts_reverse", (f"s {T}", "reverse(s)")),
        macro("ts_levenshtein", (f"s {T}, d {T}", "levenshtein(s, d)")),
        macro(
            "ts_hamming_distance",
            (f"s {T}, d {T}", f"CASE WHEN length(s) = length(d) THEN hamming(s, d) ELSE {uneven} END"),
        ),
        macro("ts_lpad", (f"s {T}, n BIGINT, d {T}", "lpad(s, CAST(n AS INTEGER), d)")),
        macro("ts_rpad", (f"s {T}, n BIGINT, d {T}", "rpad(s, CAST(n AS INTEGER), d)")),
        macro("ts_replace", (f"s {T}, d {T}", "replace(s, d, '')"), (f"s {T}, d {T}, r {T}", "replace(s, d, r)")),
        macro("ts_split", (f"s {T}, d {T}", "string_split(s, d)")),
        macro("ts_split_part", (f"s {T}, d {T}, n BIGINT", part.format(below))),
        macro("ts_strpos", (f"s {T}, d {T}", "CAST(strpos(s, d) AS BIGINT)")),
        macro("ts_starts_with", (f"s {T}, d {T}", "starts_with(s, d)")),
        macro(
            "ts_substr",
            (f"s {T}, n BIGINT", start.format("substr(s, n)")),
            (f"s {T}, n BIGINT, l BIGINT", start.format("substr(s, n, greatest(l, 0))")),
        ),
        macro("ts_trim", (f"s {T}", r"regexp_replace(s, '^\s+|\s+$', '', 'g')")),
        macro("ts_ltrim", (f"s {T}", r"regexp_replace(s, '^\s+', '')")),
        macro("ts_rtrim", (f"s {T}", r"regexp_replace(s, '\s+$', '')")),
    ]


def _patterns() -> list[list[str]]:
    """Java writes a group as $1 where RE2 has a backslash, and finds NULL, not '', where nothing matches."""
    return [
        macro("ts_regexp_like", (f"s {T}, p {T}", "regexp_matches(s, p)")),
        macro(
            "ts_regexp_extract",
            (f"s {T}, p {T}", "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p) END"),
            (f"s {T}, p {T}, g INTEGER", "regexp_extract_all(s, p, g)[1]"),
        ),
        macro(
            "ts_regexp_extract_all",
            (f"s {T}, p {T}", "regexp_extract_all(s, p)"),
            (f"s {T}, p {T}, g INTEGER", "regexp_extract_all(s, p, g)"),
        ),
        macro(
            "ts_regexp_replace",
            (f"s {T}, p {T}", "regexp_replace(s, p, '', 'g')"),
            (f"s {T}, p {T}, r {T}", r"regexp_replace(s, p, regexp_replace(r, '\$([0-9])', '\\\1', 'g'), 'g')"),
        ),
        macro("ts_regexp_split", (f"s {T}, p {T}", "regexp_split_to_array(s, p)")),
    ]
