"""The settings, read from the environment."""

import pytest
from pydantic import ValidationError

from signtally.cli.output import explain
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


@pytest.mark.parametrize(
    "address", ["https://hooks.example/T0/hunter2", "mailtos://ann:hunter2@mail.example?to=bo@b.example"]
)
def test_alerts_go_to_a_webhook_or_a_mailbox(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_ALERT_URL", address)
    settings = Settings()
    assert settings.alert_url is not None
    assert settings.alert_url.get_secret_value() == address
    assert "hunter2" not in repr(settings)
    monkeypatch.setenv("SIGNTALLY_ALERT_URL", address.replace(":", "@", 1))
    with pytest.raises(ValidationError, match="it is no address for alerts") as refused:
        Settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PUBLIC_URL", "reports.example", "'reports.example' is no web address"),
        ("PUBLIC_URL", "https://reports.example/?a=1", "is no web address"),
        ("WEBHOOK_HOSTS", "https://hooks.example/x", "is no host: write hooks.slack.com"),
        ("WEBHOOK_HOSTS", "hooks.example, *.acme.example", "'*.acme.example' is no host"),
        ("RECIPIENT_DOMAINS", "acme.example, b c", "'b c' is no domain of email"),
        ("DIGEST_PATIENCE", "-1h", "it is less than nothing"),
        ("MAIL_FROM", "nobody", "'nobody' is no email address"),
    ],
)
def test_what_emails_are_made_of_is_checked_at_start_and_the_variable_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SIGNTALLY_{variable}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert f"\n  {variable.lower()}: SIGNTALLY_{variable}: " in explain(refused.value)
    assert said in explain(refused.value)


def test_hosts_and_domains_are_taken_in_any_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_WEBHOOK_HOSTS", "Hooks.Slack.com, localhost,[::1],10.0.0.1")
    monkeypatch.setenv("SIGNTALLY_RECIPIENT_DOMAINS", "Acme.example,@faß.de")
    settings = Settings()
    assert settings.webhook_hosts == ("hooks.slack.com", "localhost", "::1", "10.0.0.1")
    assert settings.recipient_domains == ("acme.example", "xn--fa-hia.de")
