"""What an element of a report's template says: on one line, without the template's own indentation."""

import re
from xml.etree.ElementTree import Element

# As in HTML: no-break spaces are none of these, and keep a figure on one line with its unit.
_WHITE_SPACE = re.compile("[ \t\n\r\f]+")


def text_of(element: Element) -> str:
    return _WHITE_SPACE.sub(" ", "".join(element.itertext())).strip(" ")
