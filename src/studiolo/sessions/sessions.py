"""Glue's interactive sessions, as sessions of the engine."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import timedelta
from itertools import chain
from typing import Any

from studiolo import engine
from studiolo.domain import Conflict, Invalid, LimitExceeded, Page, Scope
from studiolo.engine import Engine, Key, Statement, Streams, Wanted, this_machine
from studiolo.identity import Identity, Principal
from studiolo.runtimes import Runtimes
from studiolo.sessions.arguments import LANGUAGES, check_kind, extras, language, on_sail, spark_conf, table_formats
from studiolo.sessions.model import MAX_CODE, ConnectEndpoint, Session, SessionRequest
from studiolo.sessions.system_log import SystemLog
from studiolo.sessions.workers import settle, size

PRINCIPAL = "glue.amazonaws.com"
LOG_GROUP = "/aws-glue/sessions"


class Sessions:
    """The Glue sessions of every scope of one data folder."""

    service = "glue"

    def __init__(self, engine: Engine, runtimes: Runtimes, identity: Identity, system_log: SystemLog) -> None:
        self._engine = engine
        self._runtimes = runtimes
        self._identity = identity
        self.system_log = system_log
        engine.serve(self, first=lambda: self._wanted(self._settled(SessionRequest("", ""))))

    def create(self, principal: Principal, scope: Scope, asked: SessionRequest) -> Session:
        """Begin a session; it is PROVISIONING until its Spark answers.

        Raises Invalid, AlreadyExists, NotFound and Denied for the role, and LimitExceeded (for notebooks Invalid) where
        there is no memory to promise.
        """
        asked = self._settled(asked)
        wanted = self._wanted(asked)
        self._engine.check(wanted)
        self._identity.pass_role(principal, asked.role, PRINCIPAL)
        # What CreateSession refuses notebooks (requests with an origin) show, and nothing of the reason of a session
        # that FAILED later.
        self._engine.check(wanted, materials=asked.origin is not None)
        kept = asdict(asked)
        tags = kept.pop("tags")
        try:
            return _as_session(self._engine.create(Key(self.service, scope, asked.id), kept, tags))
        except LimitExceeded as shortage:
            # Notebooks ask again when a limit is exceeded, and show nothing of why.
            raise (LimitExceeded if asked.origin is None else Invalid)(str(shortage)) from None

    def _settled(self, asked: SessionRequest) -> SessionRequest:
        """The request with its defaults. Raises Invalid for what Glue, or this machine, has not."""
        check_kind(asked)
        settled = settle(asked, self._runtimes.default_label())
        release = self._runtimes.for_glue(settled.glue_version or "")
        if on_sail(settled.arguments) and not release.runtime.sail:
            raise Invalid(f"Sail is not available with Glue version {release.label}: leave out --spark-connect-engine.")
        known = sorted(release.runtime.formats)
        if unknown := sorted(set(table_formats(settled.arguments)) - set(known)):
            raise Invalid(
                f"--datalake-formats {', '.join(unknown)} is not available with {release.service} version "
                f"{release.label} here; available are {', '.join(known)}."
            )
        return settled

    def wanted(self, session: engine.Session) -> Wanted:
        """A session's request, in the engine's words."""
        return self._wanted(_as_session(session).asked)

    def _wanted(self, asked: SessionRequest) -> Wanted:
        return Wanted(
            release=self._runtimes.for_glue(asked.glue_version or self._runtimes.default_label()),
            role=asked.role,
            acts_as=f"GlueInteractiveSession-{asked.id}",
            size=size(asked, this_machine()),
            conf=spark_conf(asked.arguments),
            formats=table_formats(asked.arguments),
            engine="sail" if on_sail(asked.arguments) else "spark",
            connect=asked.kind == "SPARK_CONNECT",
            extras=extras(asked.arguments),
            arguments=tuple(chain.from_iterable({"--SESSION_ID": asked.id, **asked.arguments}.items())),
            environment={"GLUE_SESSION_ID": asked.id},
            streams=Streams((f"{LOG_GROUP}/output", asked.id), (f"{LOG_GROUP}/error", asked.id)),
            timeout=timedelta(minutes=asked.timeout),
            idle_timeout=None if asked.idle_timeout is None else timedelta(minutes=asked.idle_timeout),
        )

    def session(self, scope: Scope, name: str) -> Session:
        """Raises NotFound."""
        return _as_session(self._engine.session(self._key(scope, name)))

    def sessions(
        self, scope: Scope, tags: Mapping[str, str] | None = None, after: str | None = None, limit: int = 100
    ) -> Page[Session]:
        """The sessions that carry all the tags, in the order of their ids."""
        page = self._engine.sessions(self.service, scope, tags, after, limit)
        return Page([_as_session(session) for session in page.items], page.next)

    def endpoint(self, scope: Scope, name: str) -> ConnectEndpoint:
        """Where Spark Connect clients reach the session. Raises NotFound, Invalid, and Conflict unless it is READY."""
        found = self._engine.session(self._key(scope, name))
        session = _as_session(found)
        if session.asked.kind != "SPARK_CONNECT":
            raise Invalid(
                f"Session {name} is of type {session.asked.kind}: only a SPARK_CONNECT session has an endpoint."
            )
        if session.state != "READY":
            raise Conflict(f"Session {name} is {session.state}: it has an endpoint when it is READY.")
        addresses = self._engine.addresses(found)
        end = session.created + timedelta(minutes=session.asked.timeout)
        return ConnectEndpoint(f"sc://127.0.0.1:{addresses['connect']}", addresses["token"], end)

    def dashboard(self, scope: Scope, name: str) -> str:
        """A link that opens the session's Spark UI, also when it has ended. Raises NotFound, and Invalid on Sail."""
        found = self._engine.session(self._key(scope, name))
        if on_sail(_as_session(found).asked.arguments):
            raise Invalid(f"Session {name} runs on Sail, which has no Spark UI.")
        return self._engine.link(found)

    def system_log_url(self, scope: Scope, name: str) -> str:
        """Where the session's system log can be downloaded for an hour. Raises NotFound."""
        self._engine.session(self._key(scope, name))
        return self.system_log.url(scope, name)

    def stop(self, scope: Scope, name: str) -> None:
        """Begin to stop a session. Raises NotFound and Conflict."""
        self._engine.stop(self._key(scope, name))

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a session that has ended, and all it kept. Raises NotFound and Conflict."""
        self._engine.delete(self._key(scope, name))

    def set_tags(
        self, scope: Scope, name: str, *, add: Mapping[str, str] | None = None, remove: Collection[str] = ()
    ) -> None:
        """Raises NotFound."""
        self._engine.set_tags(self._key(scope, name), add=add, remove=remove)

    def run(self, scope: Scope, name: str, code: str) -> int:
        """Queue a statement; its number. Raises Invalid, NotFound, and Conflict while the session is not READY."""
        if len(code) > MAX_CODE:
            raise Invalid(f"A statement has at most {MAX_CODE} characters, and this one {len(code)}.")
        session = self.session(scope, name)
        return self._engine.statements.run(self._key(scope, name), code, LANGUAGES[language(session.asked.arguments)])

    def statement(self, scope: Scope, name: str, number: int) -> Statement:
        """A statement with its output so far. Raises NotFound."""
        return self._engine.statements.get(self._key(scope, name), number)

    def statements(self, scope: Scope, name: str, after: str | None = None, limit: int = 20) -> Page[Statement]:
        """The session's statements in their order; fewer than `limit` where they have much output. Raises NotFound."""
        return self._engine.statements.page(self._key(scope, name), after, limit)

    def cancel(self, scope: Scope, name: str, number: int) -> None:
        """Cancel a statement: one that waits is not run, one that runs is interrupted. Raises NotFound and Conflict."""
        self._engine.statements.cancel(self._key(scope, name), number)

    def _key(self, scope: Scope, name: str) -> Key:
        return Key(self.service, scope, name)


def _as_session(session: engine.Session) -> Session:
    kept: dict[str, Any] = {**session.asked, "connections": tuple(session.asked["connections"]), "tags": session.tags}
    return Session(SessionRequest(**kept), session.state, session.created, session.error, session.completed)
