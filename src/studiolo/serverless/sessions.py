"""EMR Serverless' interactive sessions: Spark Connect on the engine's sessions."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from studiolo import engine
from studiolo.domain import Conflict, Invalid, NotFound, Page, Scope
from studiolo.engine import LIVING, Engine, Key, Wanted
from studiolo.identity import Principal
from studiolo.kernel.classifications import DECIDED
from studiolo.runtimes import Runtimes
from studiolo.serverless import jobs
from studiolo.serverless.model import Application, Session, SessionRequest
from studiolo.serverless.store import new_id

if TYPE_CHECKING:
    from studiolo.serverless.serverless import Serverless

SHOWN_STATES = {
    "PROVISIONING": "STARTING",
    "READY": "IDLE",
    "FAILED": "FAILED",
    "TIMEOUT": "TERMINATED",
    "STOPPING": "TERMINATING",
    "STOPPED": "TERMINATED",
}
TOKEN_HOURS = 12


class ServerlessSessions:
    """The sessions of all applications; a session's id in the engine is that of its application, and its own."""

    service = "emr-serverless"

    def __init__(self, engine: Engine, applications: "Serverless", runtimes: Runtimes) -> None:
        self._engine = engine
        self._applications = applications
        self._runtimes = runtimes
        engine.serve(self)

    def wanted(self, session: engine.Session) -> Wanted:
        """A session's request, in the engine's words."""
        app = self._applications.application(session.key.scope, session.key.id.partition("/")[0])
        return self._wanted(app, _request(session), session.key.id.partition("/")[2])

    def _wanted(self, app: Application, asked: SessionRequest, name: str) -> Wanted:
        conf = {**jobs.spark_defaults(app.asked.runtime), **jobs.spark_defaults(asked.runtime)}
        return Wanted(
            release=self._runtimes.for_emr(app.asked.label),
            role=asked.role,
            acts_as=f"emr-serverless-{name}",
            size=jobs.size(conf),
            conf={key: value for key, value in conf.items() if key not in DECIDED},
            connect=True,
            kept_by=app.id,
            idle_timeout=timedelta(minutes=asked.idle_timeout) if asked.idle_timeout else None,
        )

    def keep(self, app: Application, count: int) -> None:
        """Have so many kept ready for sessions with the application's own settings. Raises Invalid."""
        self._engine.kept.keep(app.id, app.scope, self._wanted(app, SessionRequest(role="", created_by=""), ""), count)

    def kept(self, app: Application) -> int | None:
        """How many are ready; None while there are to be more, and that can be."""
        return self._engine.kept.kept(app.id)

    def give_back(self, app: Application) -> None:
        """End those that are kept ready."""
        self._engine.kept.give_back(app.id)

    def start(
        self, principal: Principal, scope: Scope, application: str, asked: SessionRequest, tags: Mapping[str, str]
    ) -> Session:
        """Begin a session. Raises NotFound, Invalid, Denied, Conflict, LimitExceeded."""
        self._applications.pass_role(principal, asked.role)
        app = self._applications.application(scope, application)
        if not app.asked.sessions:
            raise Invalid(f"Application {application} has no sessions: it was made without sessionEnabled.")
        self._applications.usable(scope, application)
        name = new_id()
        self._engine.check(self._wanted(app, asked, name))
        made = self._engine.create(Key(self.service, scope, f"{app.id}/{name}"), asdict(asked), tags)
        return self._shown(app, made)

    def get(self, scope: Scope, application: str, name: str) -> Session:
        """Raises NotFound."""
        return self._shown(self._applications.application(scope, application), self._found(scope, application, name))

    def list(self, scope: Scope, application: str, after: str | None, limit: int) -> Page[Session]:
        """Those of an application, in the order in which they were made. Raises NotFound."""
        app = self._applications.application(scope, application)
        prefix = f"{application}/"
        begin = None if after is None else prefix + after
        page = self._engine.sessions(self.service, scope, after=begin, limit=limit, prefix=prefix)
        following = None if page.next is None else page.next.removeprefix(prefix)
        return Page([self._shown(app, session) for session in page.items], following)

    def endpoint(self, scope: Scope, application: str, name: str) -> tuple[str, str, datetime]:
        """Where Spark Connect's clients reach it, their token, until when. Raises NotFound, Conflict unless it is up."""
        session = self._found(scope, application, name)
        if session.state != "READY":
            raise Conflict(f"Session {name} is {SHOWN_STATES[session.state]}: it has an endpoint when it is started.")
        addresses = self._engine.addresses(session)
        until = session.created + timedelta(hours=TOKEN_HOURS)
        return f"sc://127.0.0.1:{addresses['connect']}", addresses["token"], until

    def dashboard(self, scope: Scope, application: str, name: str) -> str:
        """A link that opens its Spark UI, also when it has ended. Raises NotFound."""
        return self._engine.link(self._found(scope, application, name))

    def terminate(self, scope: Scope, application: str, name: str) -> None:
        """Begin to end it; one that has ended stays so. Raises NotFound."""
        key = self._found(scope, application, name).key
        if self._engine.session(key).state in LIVING:
            self._engine.stop(key)

    def active(self, app: Application) -> int:
        """How many of an application's sessions have not ended."""
        page = self._engine.sessions(self.service, app.scope, limit=1000, prefix=f"{app.id}/")
        return sum(session.completed is None for session in page.items)

    def _found(self, scope: Scope, application: str, name: str) -> engine.Session:
        try:
            return self._engine.session(Key(self.service, scope, f"{application}/{name}"))
        except NotFound:
            raise NotFound(f"Session {name} does not exist.") from None

    def _shown(self, app: Application, session: engine.Session) -> Session:
        return Session(
            id=session.key.id.partition("/")[2],
            application=app.id,
            scope=app.scope,
            asked=_request(session),
            label=app.asked.label,
            tags=session.tags,
            state=SHOWN_STATES[session.state],
            details=session.error or "",
            created=session.created,
            ended=session.completed,
        )


def _request(session: engine.Session) -> SessionRequest:
    return SessionRequest(**{**session.asked, "runtime": tuple(session.asked["runtime"])})
