"""A browser without a window: it keeps one site's cookie of ours, and follows no redirect by itself."""

import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.conftest import Server


class _Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """What a person reads."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text))


@dataclass
class Browser:
    """Asks the server at `port` for pages of the site of a name."""

    port: int
    name: str = "console.localhost"
    cookie: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def open(
        self, path: str, form: dict[str, str] | bytes | None = None, method: str | None = None, **headers: str
    ) -> Answer:
        """A page; with a form, what comes of sending it."""
        own = {"Host": f"{self.name}:{self.port}", "Accept": "text/html", **self.headers}
        if self.cookie:
            own["Cookie"] = self.cookie
        body = urlencode(form).encode() if isinstance(form, dict) else form
        if body is not None or method is not None:
            own |= {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{self.name}:{self.port}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data=body, headers={**own, **given}, method=method)
        try:
            with urllib.request.build_opener(_Staying).open(request, timeout=60) as found:
                answer = Answer(found.status, found.headers, found.read())
        except urllib.error.HTTPError as error:
            answer = Answer(error.code, error.headers, error.read())
        for line in answer.headers.get_all("Set-Cookie") or []:
            if line.startswith("studiolo-"):
                self.cookie = line.partition(";")[0]
        return answer


def opened_by(link: str) -> tuple[Browser, Answer]:
    """A browser that has opened a link that signs it in, and the first page it came to."""
    parts = urlsplit(link)
    assert parts.hostname is not None
    assert parts.port is not None
    browser = Browser(parts.port, parts.hostname)
    path = f"{parts.path}?{parts.query}"
    while (answer := browser.open(path)).status in (302, 303):
        path = urljoin(path, answer.headers["Location"])
    return browser, answer


def link(server: Server, *options: str) -> str:
    """The path of a link to the console, as the command prints it."""
    parts = urlsplit(server.run("console", *options).stdout.strip())
    assert parts.netloc == f"console.localhost:{server.port}"
    return f"{parts.path}?{parts.query}"


def signed_in(server: Server, *options: str) -> Browser:
    """A browser that is signed in to the console."""
    browser = Browser(server.port)
    assert browser.open(link(server, *options)).status == 200
    return browser
