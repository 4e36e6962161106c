"""The command that serves the API."""

import json

import click
import uvicorn

from signtally import wiring
from signtally.api.app import create_app
from signtally.cli.output import json_option
from signtally.cli.parameters import PORT
from signtally.loopback import LOOPBACK, require_free
from signtally.measurements import REGISTRY
from signtally.metric_lines import EMF, MetricLines, tell_until_the_end
from signtally.tracing import start_tracing

_KEEP_ALIVE_SECONDS = 75  # longer than load balancers keep a connection: else they send into one that is being closed


@click.command()
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--host", default=LOOPBACK, show_default=True, help="0.0.0.0 in a container, behind your TLS proxy.")
@json_option
def api(*, port: int, host: str, as_json: bool) -> None:
    """Serve the API and the Usage Reports page until Ctrl-C."""
    require_free(port, what="the API", option="--port")
    start_tracing("api")
    services = wiring.services(timeouts=wiring.INTERACTIVE_TIMEOUTS)
    app = create_app(services, loopback_only=wiring.only_loopback_endpoints())
    if services.settings.metrics_format == EMF:
        tell_until_the_end(MetricLines(REGISTRY, app.state.metrics.registry))
    if as_json:
        click.echo(json.dumps({"url": f"http://{host}:{port}"}))
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
