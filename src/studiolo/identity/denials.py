"""What was denied last, and why: kept for a while by the number of the request, for `studiolo why`."""

import base64
import hmac
import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from studiolo.domain import Denied, Invalid, NotFound
from studiolo.identity.context import Facts, Question
from studiolo.identity.decisions import Decision
from studiolo.identity.principals import Principal
from studiolo.identity.records import Records
from studiolo.identity.tables import denials
from studiolo.state import StateUnavailable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

log = logging.getLogger("studiolo")

MOST = 1000
"""So many denials are remembered."""
PER_SECOND = 50.0


@dataclass(frozen=True)
class Denial:
    """One request that was denied.

    policy, statement: of an explicit deny, the policy's ARN or name and the statement's Sid or number in it; because:
    in IAM's words; context: the condition keys that were known, where any policy could ask.
    """

    principal: str
    action: str
    resource: str
    because: str
    policy: str | None = None
    statement: str | None = None
    context: Mapping[str, list[str]] = field(default_factory=dict)


class NotSealed(Invalid):
    """A message that is no encoded denial of this account."""


class NotAuthorized(Denied):
    """A call that IAM denies, in its words, with what decided it."""

    def __init__(
        self,
        principal: Principal,
        question: Question,
        decision: Decision,
        facts: Mapping[str, Any],
        seal: "Callable[[Denial], str]",
    ) -> None:
        because = decision.reason(question.action)
        words = (
            f"User: {principal.arn} is not authorized to perform: {question.action} on resource: {question.resource}"
        )
        super().__init__(f"{words} {because}")
        self.question = question
        self._principal = principal.arn
        self.decision = decision
        self._because = because
        self._facts = facts
        self._seal = seal

    @property
    def account(self) -> str:
        """Of who was denied."""
        return self._principal.split(":")[4]

    @property
    def encoded(self) -> str:
        """All of it, to be read by who may decode authorization messages."""
        return self._seal(self.denial)

    @property
    def denial(self) -> Denial:
        """What to remember of it."""
        statement = self.decision.statement
        return Denial(
            self._principal,
            self.question.action,
            self.question.resource,
            self._because,
            None if statement is None else statement.policy,
            None if statement is None else statement.sid or f"number {statement.index + 1}",
            {key: list(values) for key, values in sorted(self._facts.items())}
            if isinstance(self._facts, Facts)
            else {},
        )


class Denials:
    """The last denials of one account, whichever process denied."""

    def __init__(self, records: Records, secret: str) -> None:
        """secret: that of the root key, for what is told encoded."""
        self._records = records
        self._secret = secret
        self._room, self._last = PER_SECOND, time.monotonic()

    def seal(self, denial: Denial) -> str:
        """A denial for who was denied to keep, and not to read."""
        return self._cipher().encrypt(zlib.compress(json.dumps(asdict(denial)).encode())).decode()

    def unseal(self, message: str) -> Denial:
        """What `seal` made a message of. Raises NotSealed."""
        from cryptography.fernet import InvalidToken

        try:
            return Denial(**json.loads(zlib.decompress(self._cipher().decrypt(message.encode()))))
        except (InvalidToken, UnicodeEncodeError) as error:
            raise NotSealed("The message is not one that this server encoded.") from error

    def _cipher(self) -> "Fernet":
        # As with all of `cryptography`: 8 MB that an idle server, and its door, do without.
        from cryptography.fernet import Fernet

        digest = hmac.digest(self._secret.encode(), b"authorization failure messages", "sha256")
        return Fernet(base64.urlsafe_b64encode(digest))

    def note(self, request_id: str, denied: NotAuthorized) -> None:
        """Remember why that request was denied; the oldest beyond MOST are forgotten.

        Where denials come in faster than PER_SECOND, some are not remembered: who is denied must not keep us busy.
        """
        present = time.monotonic()
        self._room = min(PER_SECOND, self._room + (present - self._last) * PER_SECOND)
        self._last = present
        if self._room < 1:
            return
        self._room -= 1
        try:
            self._add(request_id, denied)
        except StateUnavailable as error:
            log.error("the denial of request %s could not be remembered: %s", request_id, error)

    def _add(self, request_id: str, denied: NotAuthorized) -> None:
        account = self._records.account
        mine = denials.c.account == account
        row = {"account": account, "request": request_id, "at": self._records.clock(), "denial": asdict(denied.denial)}
        with self._records.adding() as tx:
            tx.execute(denials.delete().where(mine, denials.c.request == request_id))
            tx.execute(denials.insert().values(row))
            if tx.execute(select(func.count()).select_from(denials).where(mine)).scalar_one() > MOST:
                oldest = select(denials.c.request).where(mine).order_by(denials.c.at.desc()).offset(MOST * 9 // 10)
                tx.execute(denials.delete().where(mine, denials.c.request.in_(oldest.scalar_subquery())))

    def get(self, request_id: str) -> Denial:
        """Why that request was denied. Raises NotFound."""
        query = select(denials.c.denial).where(
            denials.c.account == self._records.account, denials.c.request == request_id
        )
        with self._records.reading() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            raise NotFound(f"No request {request_id} was denied among the last {MOST} that were.")
        return Denial(**found)
