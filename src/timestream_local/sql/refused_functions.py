"""Functions of Timestream or Trino that do not work here, each with what is missing: a refusal is no misspelling."""

_MISSING = {
    "cubic splines": "interpolate_spline_cubic",
    "lambda functions": """
        all_match any_match filter map_filter map_zip_with none_match reduce reduce_agg transform transform_keys
        transform_values zip_with
    """,
    "derivatives of time series": "derivative_linear non_negative_derivative_linear",
    "integrals of time series": "integral_simpson integral_trapezoidal integral_trapezoidal_windowed",
    "correlation of time series": "correlate_pearson correlate_spearman",
    "Joda-Time patterns": "format_datetime parse_datetime",
    "time zones": """
        at_timezone from_iso8601_timestamp_nanos from_unixtime_nanos timezone_hour
        timezone_minute with_timezone
    """,
    "maps": """
        approx_most_frequent histogram map map_agg map_concat map_entries map_from_entries map_keys
        map_union map_values multimap_agg multimap_from_entries numeric_histogram split_to_map split_to_multimap
    """,
    "sketches": """
        approx_set empty_approx_set make_set_digest merge merge_set_digest qdigest_agg quantile_at_value
        quantiles_at_values tdigest_agg value_at_quantile values_at_quantiles hash_counts intersection_cardinality
        jaccard_index
    """,
    "binary values": """
        crc32 from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_hex from_ieee754_32
        from_ieee754_64 from_utf8 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 md5 murmur3 sha1 sha256 sha512
        spooky_hash_v2_32 spooky_hash_v2_64 to_base32 to_base64 to_base64url to_big_endian_32 to_big_endian_64 to_hex
        to_ieee754_32 to_ieee754_64 to_utf8 xxhash64
    """,
    "JSON": """
        is_json_scalar json_array json_array_contains json_array_get json_array_length json_exists json_extract
        json_extract_scalar json_format json_object json_parse json_query json_size json_value
    """,
    "URLs": """
        url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path
        url_extract_port url_extract_protocol url_extract_query
    """,
    "geography": """
        great_circle_distance st_area st_contains st_distance st_geometryfromtext st_intersects st_point st_polygon
        to_geometry
    """,
    "this text function": """
        concat_ws format format_number luhn_check regexp_count regexp_position soundex to_char to_date to_timestamp
        translate word_stem
    """,
    "this array function": """
        array_first array_frequency array_histogram array_last array_sum combinations
        contains_sequence euclidean_distance flatten ngrams shuffle trim_array zip
    """,
    "this mathematical function": """
        beta_cdf bitwise_left_shift bitwise_right_shift bitwise_right_shift_arithmetic cosine_distance
        cosine_similarity dot_product from_base inverse_beta_cdf inverse_normal_cdf log normal_cdf sinh
        t_cdf t_pdf to_base width_bucket wilson_interval_lower wilson_interval_upper
    """,
    "this aggregate": """
        bitwise_xor_agg checksum entropy evaluate_classifier_predictions grouping kurtosis learn_classifier
        learn_regressor listagg max_n regr_avgx regr_avgy regr_count regr_r2 regr_sxx regr_sxy regr_syy skewness
    """,
    "this conversion": """
        current_catalog current_groups current_schema current_user human_readable_bytes parse_data_size
        parse_presto_data_size uuid version
    """,
}

REFUSED = {name: missing for missing, names in _MISSING.items() for name in names.split()}
