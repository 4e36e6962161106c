"""The Jinja2 environment of the reports and emails: everything is escaped, nothing undefined passes."""

import functools

from jinja2 import Environment, PackageLoader, StrictUndefined


@functools.cache
def environment() -> Environment:
    """Templates by their path below `templates/`; escaping is on for plain text too, which unescapes at the end."""
    return Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
