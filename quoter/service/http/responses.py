"""JSON responses of our HTTP listener."""

from collections.abc import Mapping

from aiohttp import web

from quoter.domain.number_text import plain_json
from quoter.service.http.state_view import Json
from quoter.telemetry.redaction import Redactor


def json_response(
    redactor: Redactor,
    body: Mapping[str, Json],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a response; its texts may come from the venue, so they are redacted like log lines."""
    text = plain_json(redactor.page(body))
    return web.Response(
        status=status, text=text + "\n", content_type="application/json", headers=headers
    )
