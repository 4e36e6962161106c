"""The command that makes a development token."""

import datetime as dt

import click

from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import DURATION, ID
from signtally.development_key import development_token
from signtally.settings import Settings


@click.command()
@click.option("--tenant", "tenant_id", type=ID, required=True, help="The tenant's id.")
@click.option("--user", "user_id", type=ID, required=True, help="The user's id; a member sees only their own rows.")
@click.option("--role", type=click.Choice(["tenant_admin", "member"]), required=True)
@click.option(
    "--ttl", type=DURATION, default="1h", show_default=True, help="15m, 1h, 7d; --ttl=-1h is expired already."
)
@json_option
def token(*, tenant_id: str, user_id: str, role: str, ttl: dt.timedelta, as_json: bool) -> None:
    """Make a development token.

    An API that was started in the same directory without SIGNTALLY_JWKS_URL trusts it.
    """
    made = development_token(settings=Settings(), tenant_id=tenant_id, user_id=user_id, role=role, ttl=ttl)
    print_result({"token": made}, as_json=as_json, lines=lambda: [made])
