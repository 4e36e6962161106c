"""The Jinja2 templates of the reports and emails: everything is escaped, nothing undefined passes."""

import functools
import html

from jinja2 import Environment, PackageLoader, StrictUndefined


@functools.cache
def environment() -> Environment:
    """Templates by their path below `templates/`."""
    return Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def plain_text(template: str, **values: object) -> str:
    """A template's text without markup: escaped like every other, then read back as a browser would."""
    return html.unescape(environment().get_template(template).render(**values))
