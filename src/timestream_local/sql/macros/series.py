"""Time series, lists of points with a time and a value in the order of time: "Timeseries views" and "Interpolation".

What a function gives for a time outside of the series is not documented: NULL here (unconfirmed).
"""

from timestream_local.sql.macros.definition import failing, macro

NULL_VALUE = "'CREATE_TIME_SERIES does not take NULL values'"
LARGEST_STEP = 2**20
STEPS = [LARGEST_STEP >> shift for shift in range(LARGEST_STEP.bit_length())]

# A binary search: the 1-based index of the last point at or before t, 0 when there is none.
AS_OF = f"list_reduce({STEPS}, lambda i, w: CASE WHEN s[i + w]['time'] <= t THEN i + w ELSE i END, 0)"


def series() -> list[list[str]]:
    point = f"{{'time': CASE WHEN v IS NULL THEN {failing(NULL_VALUE, 'TIMESTAMP_NS')} ELSE t END, 'value': v}}"
    spent = "(epoch_ns(t) - epoch_ns(s[i]['time'])) / (epoch_ns(s[i + 1]['time']) - epoch_ns(s[i]['time']))"
    between = f"s[i]['value'] + (s[i + 1]['value'] - s[i]['value']) * {spent}"
    return [
        macro("ts_point", ("t, v", point)),
        macro("ts_as_of", ("s, t", AS_OF)),
        macro("ts_linear_from", ("s, t, i", f"CASE WHEN s[i]['time'] = t THEN s[i]['value'] ELSE {between} END")),
        macro("ts_linear", ("s, t", "ts_linear_from(s, t, ts_as_of(s, t))")),
        macro("ts_locf", ("s, t", "s[ts_as_of(s, t)]['value']")),
        macro("ts_fill_from", ("s, t, v, i", "CASE WHEN s[i]['time'] = t THEN s[i]['value'] ELSE v END")),
        macro("ts_fill", ("s, t, v", "ts_fill_from(s, t, v, ts_as_of(s, t))")),
        *(
            macro(
                f"{name}_series",
                (f"s, l{more}", f"list_transform(l, lambda t: {{'time': t, 'value': {name}(s, t{more})}})"),
            )
            for name, more in (("ts_linear", ""), ("ts_locf", ""), ("ts_fill", ", v"))
        ),
    ]
