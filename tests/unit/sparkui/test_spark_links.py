"""The links to Spark's pages, and what they become."""

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Denied, Scope
from studiolo.sparkui import Target
from studiolo.sparkui.links import COOKIE, LINK, Links

SCOPE = Scope("000000000000", "eu-central-1")
MINE, OTHER = Target("glue session", SCOPE, "mine"), Target("glue session", SCOPE, "other")


class Clock:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def links(clock: Clock) -> Links:
    return Links("secret", 4566, clock)


def token(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def test_a_link_becomes_a_cookie_that_opens_the_pages_it_is_of(links: Links) -> None:
    link = links.link(MINE, "/history/app-1/jobs/")
    assert urlsplit(link).netloc == f"{MINE.name}.spark.eu-central-1.localhost:4566"
    cookie, path = links.redeem(MINE.name, token(link))
    assert (links.opened(MINE.name, cookie), path) == (MINE, "/history/app-1/jobs/")


def test_neither_a_link_nor_a_cookie_opens_the_pages_of_another(links: Links) -> None:
    cookie, _ = links.redeem(MINE.name, token(links.link(MINE)))
    with pytest.raises(Denied):
        links.redeem(OTHER.name, token(links.link(MINE)))
    with pytest.raises(Denied):
        links.opened(OTHER.name, cookie)


def test_a_link_is_no_cookie_and_a_cookie_no_link(links: Links) -> None:
    link = token(links.link(MINE))
    cookie, _ = links.redeem(MINE.name, link)
    with pytest.raises(Denied):
        links.opened(MINE.name, link)
    with pytest.raises(Denied):
        links.redeem(MINE.name, cookie)


def test_a_link_and_a_cookie_have_their_time(links: Links, clock: Clock) -> None:
    link = token(links.link(MINE))
    cookie, _ = links.redeem(MINE.name, link)
    clock.now += LINK + timedelta(seconds=1)
    with pytest.raises(Denied, match="time of this link is over"):
        links.redeem(MINE.name, link)
    assert links.opened(MINE.name, cookie) == MINE
    clock.now += COOKIE
    with pytest.raises(Denied):
        links.opened(MINE.name, cookie)


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*", fullmatch=True))
def test_what_was_not_signed_here_opens_nothing(made_up: str) -> None:
    links = Links("secret", 4566, Clock())
    with pytest.raises(Denied):
        links.opened(MINE.name, made_up)
    with pytest.raises(Denied):
        links.opened(MINE.name, token(Links("another", 4566, Clock()).link(MINE)))
