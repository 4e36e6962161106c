"""Links to the files of a report."""

import datetime as dt

from signtally.domain.reports import ReportManifest
from signtally.render.files import named_after
from signtally.services import Services
from signtally.stores.report_states import ReportMissingError


def file_link(
    manifest: ReportManifest,
    format: str,  # noqa: A002 -- the API's word
    *,
    services: Services,
    is_seen: bool = False,
    about: tuple[str, ...] = (),
) -> tuple[str, dt.datetime]:
    """A signed URL of one file and when it expires; *is_seen* when the caller has just seen that the file is there.

    The first of the names *about*, if any, that a file name can have becomes a part of it.

    Raises ReportMissingError when it was not made in that format, ObjectMissingError when the file is gone since.
    """
    file = next((file for file in manifest.files if file.format == format), None)
    if file is None:
        raise ReportMissingError(f"report {manifest.key.report_id} was not made as {format}")
    ttl = services.settings.url_ttl
    filename = named_after(file.filename, *about) if about else file.filename
    url = services.objects.signed_url(file.key, ttl=ttl, filename=filename, is_seen=is_seen)
    return url, services.clock() + ttl


def only_user(manifest: ReportManifest, *, services: Services) -> tuple[str, ...]:
    """The name, unless it is unknown or erased, and the id of the one user whom a version is about; else nothing."""
    if manifest.request.user_ids is None or len(manifest.request.user_ids) > 1:
        return ()
    (user_id,) = manifest.request.user_ids
    figures = services.stores.user_figures.of(manifest)
    names = [] if figures is None else figures.filter(user_id=user_id)["user_name"].drop_nulls().to_list()
    return (*names, user_id)
