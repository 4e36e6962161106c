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
        ("DIGEST_PATIENCE", "-1h", "it is less than 0s: write 0s or more"),
        ("MAIL_FROM", "nobody", "'nobody' is no email address"),
        ("MEMBERS_TOKEN", "two\nlines", "it is no bearer token"),
        ("MAILS_PER_SECOND", "some", "'some' is no rate: write auto, or a number"),
        ("MAILS_PER_SECOND", "nan", "'nan' is no rate: write auto, or a number"),
        ("QUEUE", "", "'' is no name of a queue"),
        ("MAIL_EVENTS_QUEUE", "http://x", "'http://x' is no name of a queue"),
        ("DEAD_LETTER_QUEUE", "signtally-events", "is SIGNTALLY_QUEUE already: give each queue a name of its own"),
        ("BUCKET", "a b", "'a b' is no name of a bucket"),
        ("DATABASE", "", "'' is no name of a database"),
        ("JWT_AUDIENCE", "", "at least 1 character"),
        ("URL_TTL", "-5m", "it is less than 1s: write 1s to 7d"),
        ("URL_TTL", "8d", "it is more than 7d: write 1s to 7d"),
        ("CLOCK_SKEW", "-5m", "it is less than 0s: write 0s to 1h"),
        ("POSTGRESQL_STATEMENT_TIMEOUT", "30d", "it is more than 24d"),
        ("RENDER_MEMORY", "99999999999999999999", "less than or equal to 1048576"),
        ("JWKS_URL", "http://[::1", "'http://[::1' is no web address"),
        ("MEMBERS_URL", "https://portal.example:99999/", "is no web address"),
        ("PUBLIC_URL", "https://a b/", "'https://a b/' is no web address"),
        ("CORS_ORIGINS", "https://a.example:0", "is no origin"),
        ("METRICS_ADDRESS", "127.0.0.1:99999", "is no address to listen on"),
        ("TASK_RUNNER", "dask://h:x", "is no task runner"),
    ],
)
def test_what_is_no_value_of_a_setting_is_refused_at_start_and_the_variable_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SIGNTALLY_{variable}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert f"\n  {variable.lower()}: SIGNTALLY_{variable}: " in explain(refused.value)
    assert said in explain(refused.value)


@pytest.mark.parametrize("name", ["", "pg_usage", "x" * 64, "\u00e9" * 32])
def test_a_schema_has_a_name_that_postgresql_keeps_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_USAGE_STORE", "postgresql://db.example/signtally")
    monkeypatch.setenv("SIGNTALLY_DATABASE", "\u00e9" * 31)
    assert Settings().database == "\u00e9" * 31
    monkeypatch.setenv("SIGNTALLY_DATABASE", name)
    with pytest.raises(ValidationError, match="is no name of a schema"):
        Settings()


@pytest.mark.parametrize(("value", "meant"), [("SES", "ses"), ("", "ses"), (" ", "ses"), (MAIL, MAIL)])
def test_capitals_do_not_matter_in_the_name_of_the_mail_service(
    value: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNTALLY_MAIL", value)
    assert Settings().mail.get_secret_value() == meant


def test_hosts_and_domains_are_taken_in_any_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_WEBHOOK_HOSTS", "Hooks.Slack.com, localhost,[::1],10.0.0.1")
    monkeypatch.setenv("SIGNTALLY_RECIPIENT_DOMAINS", "Acme.example,@faß.de")
    settings = Settings()
    assert settings.webhook_hosts == ("hooks.slack.com", "localhost", "::1", "10.0.0.1")
    assert settings.recipient_domains == ("acme.example", "xn--fa-hia.de")
