"""Brings every text of the sources into the catalogues; with `--check`, names what they lack and changes nothing.

A translator edits `src/signtally/locales/<language>/LC_MESSAGES/signtally.po` and nothing else. English is the language
of the sources: what its catalogue lacks is filled in as it stands there.
"""

import copy
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from signtally.render.translation import LANGUAGES

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "src" / "signtally" / "locales"
KEYWORDS = DEFAULT_KEYWORDS | {"translatable": None}
PLACEHOLDER = re.compile(r"%\(\w+\)s")
NUMBERS = {"%(count)s", "%(shown)s", "%(limit)s"}  # what a form for one or two may say in a word
HEADER = "# The texts of Signtally's reports, emails and page.\n# %s: edit the lines that begin with msgstr.\n#"


def main() -> int:
    """Update the catalogues, or check them; 1 when something is missing or wrong."""
    template = extracted()
    lacking = []
    for language in LANGUAGES:
        path = LOCALES / language / "LC_MESSAGES" / "signtally.po"
        catalogue = updated(path, language, template)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalogue))
        elif not path.exists() or path.read_bytes() != written(catalogue):
            lacking.append(f"{language}: the catalogue is not as `make messages` writes it")
        lacking.extend(f"{language}: {line}" for line in problems(catalogue))
    print("\n".join(lacking) or f"{len(template)} texts in {', '.join(LANGUAGES)}")
    return 1 if lacking and "--check" in sys.argv else 0


def extracted() -> Catalog:
    """Every text of the sources."""
    with (LOCALES / "mapping.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    template = Catalog()
    found = list(
        extract_from_dir(ROOT, methods, options, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True)
    )
    if both := singulars_and_plain([(text, context) for _, _, text, _, context in found]):
        sys.exit(f"a text of its own and a singular at once, which no catalogue tells apart: {both}")
    for name, _, text, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        template.add(text, None, [(name, None)], auto_comments=comments, context=context)
    return template


def singulars_and_plain(found: list[tuple[str | tuple[str, ...], str | None]]) -> list[str]:
    """Texts that stand alone in one place and have a plural in another: gettext keeps one translation for both."""
    plain = {(text, context) for text, context in found if isinstance(text, str)}
    singular = {(text[0], context) for text, context in found if not isinstance(text, str)}
    return sorted(text for text, _ in plain & singular)


def updated(path: Path, language: str, template: Catalog) -> Catalog:
    """The stored catalogue with exactly the texts of the sources."""
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    else:
        catalogue = Catalog(locale=language)
    catalogue.update(copy.deepcopy(template), no_fuzzy_matching=True)  # it takes the messages themselves
    catalogue.obsolete.clear()
    catalogue.header_comment = HEADER % catalogue.locale.english_name
    if language == "en":
        for message in texts(catalogue):
            if not all(forms(message)):
                message.string = message.id
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The file, without dates and versions, which would change with every run."""
    body = io.BytesIO()
    write_po(body, catalogue, width=100, omit_header=True, include_lineno=False)
    header = (
        f"{catalogue.header_comment}\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return header.encode() + body.getvalue()


def problems(catalogue: Catalog) -> Iterator[str]:
    """What is not translated, and where placeholders differ."""
    for message in texts(catalogue):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        expected = Counter(PLACEHOLDER.findall(source))
        if len(forms(message)) != (catalogue.num_plurals if message.pluralizable else 1) or not all(forms(message)):
            yield f"not translated: {source!r}"
        elif message.fuzzy:
            yield f"marked as fuzzy: {source!r}"
        for form in filter(None, forms(message)):
            found = Counter(PLACEHOLDER.findall(form))
            # Of several forms, those for one, two or none may say it in a word.
            spelt_out = message.pluralizable and found.keys() <= expected.keys() <= found.keys() | NUMBERS
            if found != expected and not spelt_out:
                yield f"other placeholders than {source!r}: {form!r}"
            if "%" in PLACEHOLDER.sub("", form):
                yield f"a percent sign: {form!r}"


def texts(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalogue if message.id]


def forms(message: Message) -> tuple[str, ...]:
    """The translation: one text, or one for each plural form."""
    return tuple(message.string) if isinstance(message.string, list | tuple) else (message.string or "",)


if __name__ == "__main__":
    sys.exit(main())
