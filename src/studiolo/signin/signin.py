"""Sign-in by a browser: a token that is good once becomes a cookie, which stands for an access key or a Studio app.

No key is given out: the cookie stands for the very key that the token was asked for with, and is worth nothing once that
key is. A sign-in outlives the server.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row

from studiolo.domain import Clock, Denied
from studiolo.signin.tables import offers, sign_ins
from studiolo.state import State

CONSOLE = "console"
"""The place of sign-ins to the console; a Studio domain's is its id."""

LONGEST = timedelta(hours=12)
"""How long a sign-in lasts at most ("Enabling custom identity broker access", IAM User Guide)."""

SPENT = Denied("This link has been used, or its time is over: ask for another one.")


@dataclass(frozen=True)
class Offer:
    """What a token stands for until it is used.

    place: where it signs in; key: the access key's id, None where an app is opened; lasts: of the sign-in.
    """

    place: str
    key: str | None
    content: Mapping[str, Any] = field(default_factory=dict)
    lasts: timedelta = LONGEST


@dataclass(frozen=True)
class SignedIn:
    """A browser that is signed in. `id` tells it from others, and is no secret."""

    id: str
    place: str
    key: str | None
    role_key: str | None
    content: Mapping[str, Any]
    expires: datetime


class SignIns:
    """Tokens and cookies of all places."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def offer(self, offer: Offer, lives: timedelta) -> str:
        """A token that signs in once, within its life."""
        token, present = secrets.token_urlsafe(32), self._clock()
        row = {
            "hash": _hashed(token),
            "place": offer.place,
            "key": offer.key,
            "content": dict(offer.content),
            "seconds": int(offer.lasts.total_seconds()),
            "expires": present + lives,
        }
        with self._state.transaction() as tx:
            tx.execute(offers.delete().where(offers.c.expires <= present))
            tx.execute(sign_ins.delete().where(sign_ins.c.expires <= present))
            tx.execute(offers.insert().values(row))
        return token

    def redeem(self, token: str, place: str, ends: datetime | None = None) -> tuple[str, SignedIn]:
        """The cookie for a token, which is spent then. `ends`: when it ends at the latest. Raises Denied."""
        cookie, present = secrets.token_urlsafe(32), self._clock()
        with self._state.transaction() as tx:
            this = offers.c.hash == _hashed(token)
            row = tx.execute(offers.select().where(this, offers.c.place == place)).first()
            if row is None or row.expires <= present:
                raise SPENT
            tx.execute(offers.delete().where(this))
            expires = present + timedelta(seconds=row.seconds)
            made = {
                "hash": _hashed(cookie),
                "place": place,
                "key": row.key,
                "role_key": None,
                "content": row.content,
                "expires": expires if ends is None else min(expires, ends),
            }
            tx.execute(sign_ins.insert().values(made))
        return cookie, _signed_in(made)

    def offered(self, token: str, place: str) -> Offer:
        """What a token stands for, without using it. Raises Denied."""
        with self._state.reading() as connection:
            query = offers.select().where(offers.c.hash == _hashed(token), offers.c.place == place)
            row = connection.execute(query).first()
        if row is None or row.expires <= self._clock():
            raise SPENT
        return Offer(place, row.key, row.content, timedelta(seconds=row.seconds))

    def find(self, cookie: str, place: str) -> SignedIn | None:
        """Who is signed in by a cookie."""
        with self._state.reading() as connection:
            query = sign_ins.select().where(sign_ins.c.hash == _hashed(cookie), sign_ins.c.place == place)
            row = connection.execute(query).first()
        return None if row is None or row.expires <= self._clock() else _of_row(row)

    def change(self, signed_in: SignedIn, role_key: str | None, content: Mapping[str, Any]) -> None:
        """From now on view as another role (None: as oneself), with other content."""
        with self._state.transaction() as tx:
            this = sign_ins.c.hash == signed_in.id
            tx.execute(sign_ins.update().where(this).values(role_key=role_key, content=dict(content)))

    def end(self, signed_in: SignedIn) -> None:
        """Sign out."""
        with self._state.transaction() as tx:
            tx.execute(sign_ins.delete().where(sign_ins.c.hash == signed_in.id))

    def end_place(self, place: str) -> None:
        """Sign everybody out of a place that is no more."""
        with self._state.transaction() as tx:
            tx.execute(sign_ins.delete().where(sign_ins.c.place == place))
            tx.execute(offers.delete().where(offers.c.place == place))


def _hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _of_row(row: Row[Any]) -> SignedIn:
    return _signed_in(dict(row._mapping))


def _signed_in(values: Mapping[str, Any]) -> SignedIn:
    return SignedIn(
        values["hash"], values["place"], values["key"], values["role_key"], values["content"], values["expires"]
    )
