"""The pages of Spark's drivers, as their processes say where these are."""

import re
from urllib.parse import parse_qs, urlsplit

from studiolo.domain import Conflict, NotFound
from studiolo.sparkui import Live

HERE = re.compile(r"127\.0\.0\.1:\d{1,5}")
"""Where our drivers have them: what else a process says, which users' code may have written, is not visited."""


def live(url: str | None) -> Live:
    """Pages at the URL, whose token is in its query. Raises NotFound and Conflict."""
    if url is None:
        raise NotFound("It has no Spark UI: it was started with spark.ui.enabled=false, or runs on Sail.")
    parts = urlsplit(url)
    if parts.scheme != "http" or not HERE.fullmatch(parts.netloc):
        raise Conflict("What it says of where its Spark UI is was changed.")
    return Live(f"http://{parts.netloc}", parse_qs(parts.query).get("token", [None])[0])
