"""The settings, read from the environment."""

import pytest
from pydantic import ValidationError

from signtally.settings import Settings

MAIL = "smtp://ann:hunter2@mail.example"


def test_a_password_shows_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_MAIL", MAIL)
    settings = Settings()
    assert settings.mail.get_secret_value() == MAIL
    for text in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "hunter2" not in text


def test_an_error_about_a_setting_does_not_repeat_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_RECONCILE_DAYS", "hunter2")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "reconcile_days" in str(refused.value)
    assert "hunter2" not in str(refused.value)
