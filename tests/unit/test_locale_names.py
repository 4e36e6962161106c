"""One spelling for each locale."""

import pytest

from signtally.domain.locale_names import usual_spelling


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("DE_de", "de-DE"),
        ("pt-br", "pt-BR"),
        ("ZH_HANT_TW", "zh-Hant-TW"),
        ("es_419", "es-419"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"),
        ("EN-U-CA-buddhist", "en-u-ca-buddhist"),
        ("whatever it is", "whatever it is"),
        ("", ""),
    ],
)
def test_each_locale_has_one_spelling(name: str, usual: str) -> None:
    assert usual_spelling(name) == usual == usual_spelling(usual)
