"""The Jinja2 templates of the reports and emails: everything is escaped, nothing undefined passes."""

import functools
import html

from jinja2 import Environment, PackageLoader, StrictUndefined

from signtally.render.formats import visible


@functools.cache
def environment() -> Environment:
    """Templates by their path below `templates/`."""
    return Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


def _finalize(value: object) -> object:
    """No template can let a character through that HTML, XML or UTF-8 cannot hold."""
    return visible(value) if type(value) is str else value


def plain_text(template: str, **values: object) -> str:
    """A template's text without markup: escaped like every other, then read back as a browser would."""
    return html.unescape(environment().get_template(template).render(**values))
