"""What sites for browsers share: a visit's headers and cookies, and answers that are pages of our own."""

import html
from http.cookies import CookieError, SimpleCookie
from typing import Any

from studiolo.asgi import Message, Send

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">{refresh}<title>{title} · Studiolo</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


def header(scope: Message, wanted: bytes) -> str:
    """The value of a header, by its name in lower case; nothing where it is not there."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def cookies(scope: Message) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header(scope, b"cookie")).items()}
    except CookieError:
        return {}


def cookie_name(host: str) -> str:
    """Cookies do not know ports: two Studiolos would sign each other out."""
    return f"studiolo-{host.partition(':')[2] or 80}"


def signed_in(host: str, cookie: str) -> tuple[bytes, bytes]:
    """The header that gives a browser its cookie."""
    # Lax: a click on a link at another site is to find who is signed in.
    return b"set-cookie", f"{cookie_name(host)}={cookie}; HttpOnly; SameSite=Lax; Path=/".encode()


def framed_by_itself(headers: Headers) -> Headers:
    """The headers of what another program shows, with that no page elsewhere may frame it, where it leaves that open.

    Names below one region's are one site to a browser, cookies included: another user's program could else lay a page
    of its own over it.
    """
    if any(name in (b"content-security-policy", b"x-frame-options") for name, _ in headers):
        return headers
    return [*headers, (b"content-security-policy", b"frame-ancestors 'self'")]


async def refuse(scope: Message, send: Send, status: int, title: str, text: str, *, refresh: bool = False) -> None:
    """Answer with a page that says why; refresh: it looks again each second."""
    again = '<meta http-equiv="refresh" content="1">' if refresh else ""
    page = PAGE.format(title=title, text=html.escape(text), refresh=again)
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers: list[Any] = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(page.encode())).encode()),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'self'"),
    ]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": page.encode()})


async def redirect(send: Send, path: str, headers: Any = ()) -> None:
    given = [(b"location", path.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store"), *headers]
    given.append((b"referrer-policy", b"same-origin"))
    await send({"type": "http.response.start", "status": 303, "headers": given})
    await send({"type": "http.response.body", "body": b""})
