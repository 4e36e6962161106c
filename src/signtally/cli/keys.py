"""The key that signs links in emails: which there are, and a new one."""

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.stores.link_key import LinkKey


@click.group()
def keys() -> None:
    """Show and replace the key that signs unsubscribe links."""


@keys.command(name="list")
@json_option
def list_keys(*, as_json: bool) -> None:
    """Name the keys whose links are good; the first one signs."""
    _print(wiring.services().stores.link_key, as_json=as_json)


@keys.command()
@click.option("--forget-earlier", is_flag=True, help="For a key that got out: links signed with it end at once.")
@json_option
def rotate(*, forget_earlier: bool, as_json: bool) -> None:
    """Sign with a new key from now on. Links in emails that were sent stay good."""
    link_key = wiring.services().stores.link_key
    link_key.rotate(forget_earlier=forget_earlier)
    _print(link_key, as_json=as_json)


def _print(link_key: LinkKey, *, as_json: bool) -> None:
    signing, *earlier = link_key.names()
    result = {"signing": signing, "accepted": earlier}
    print_result(result, as_json=as_json, lines=lambda: [f"{signing} signs", *(f"{each} is good" for each in earlier)])
