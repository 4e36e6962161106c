"""The command that serves the API."""

import json

import click
import uvicorn

from signtally import wiring
from signtally.api.app import create_app
from signtally.cli.output import json_option
from signtally.local.ports import LOOPBACK, require_free


@click.command()
@click.option("--port", default=8000, show_default=True)
@json_option
def api(*, port: int, as_json: bool) -> None:
    """Serve the API and the Usage Reports page on this machine's loopback address, until Ctrl-C."""
    require_free(port, what="the API", option="--port")
    app = create_app(wiring.services(), loopback_only=wiring.only_loopback_endpoints())
    if as_json:
        click.echo(json.dumps({"url": f"http://{LOOPBACK}:{port}"}))
    uvicorn.run(app, host=LOOPBACK, port=port, log_config=None, access_log=False)
