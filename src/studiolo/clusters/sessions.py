"""EMR's interactive sessions: Spark Connect, whose drivers are beside a cluster's nodes and whose executors are theirs."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from studiolo import engine
from studiolo.clusters.configurations import Configured
from studiolo.clusters.machines import instance_type
from studiolo.clusters.model import READY, Cluster
from studiolo.clusters.store import new_id
from studiolo.domain import Conflict, Invalid, NotFound, Page, Scope
from studiolo.engine import LIVING, Engine, Key, Wanted, this_machine, within
from studiolo.runtimes import Runtimes

SHOWN_STATES = {
    "PROVISIONING": "STARTING",
    "READY": "IDLE",
    "FAILED": "FAILED",
    "TIMEOUT": "TERMINATED",
    "STOPPING": "TERMINATING",
    "STOPPED": "TERMINATED",
}
TOKEN = timedelta(hours=12)

OURS = ("spark.master", "spark.submit.deployMode")
"""Settings that the cluster decides."""


@dataclass(frozen=True)
class SessionRequest:
    """What StartSession asks for; `recorded` is shown, and changes nothing. idle_minutes: until it ends by itself.

    role: as which it acts, if not the cluster's.
    """

    name: str | None
    configurations: tuple[Mapping[str, Any], ...] = ()
    idle_minutes: int = 60
    token: str | None = None
    role: str | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClusterSession:
    """A session as EMR shows it."""

    id: str
    cluster: str
    scope: Scope
    asked: SessionRequest
    label: str
    role: str
    tags: Mapping[str, str]
    state: str
    created: datetime
    ended: datetime | None
    error: str | None
    url: str | None


class ClusterSessions:
    """The sessions of all clusters; a session's id in the engine is that of its cluster, and its own."""

    service = "emr"

    def __init__(self, engine: Engine, runtimes: Runtimes) -> None:
        self._engine = engine
        self._runtimes = runtimes
        engine.serve(self)

    def wanted(self, session: engine.Session) -> Wanted:
        """A session's request, in the engine's words; what it is of its cluster was kept with it."""
        asked = session.asked
        cores, memory = asked["size"]
        own = Configured.of((), asked["request"]["configurations"])
        conf = {**asked["conf"], **own.spark}
        return Wanted(
            release=self._runtimes.for_emr(asked["label"]),
            role=asked["role"],
            acts_as=f"emr-{session.key.id.partition('/')[2]}",
            size=within(this_machine(), 1, cores, memory),
            conf={name: value for name, value in conf.items() if name not in OURS},
            formats=tuple(sorted({*asked.get("formats", ()), *own.formats})),
            connect=True,
            master=asked["master"],
            idle_timeout=timedelta(minutes=asked["request"]["idle_minutes"]),
        )

    def start(
        self,
        cluster: Cluster,
        master: str | None,
        conf: Mapping[str, str],
        asked: SessionRequest,
        tags: Mapping[str, str],
    ) -> ClusterSession:
        """Begin one; conf: the settings that drivers of the cluster must have. Raises Invalid, Conflict, LimitExceeded."""
        if not cluster.asked.recorded.get("SessionEnabled"):
            raise Invalid(f"Cluster {cluster.id} has no sessions: it was made without SessionEnabled.")
        if cluster.state not in READY:
            raise Conflict(f"Cluster {cluster.id} is {cluster.state}: it has sessions when it is RUNNING or WAITING.")
        if asked.token is not None and (same := self._made_by(cluster, asked.token)) is not None:
            if replace(same.asked, recorded={}) != replace(asked, recorded={}):
                raise Conflict("The client request token was used for another session.")
            return same
        node = instance_type(cluster.progress.groups[-1].type)
        kept = {
            "request": asdict(asked),
            "label": cluster.asked.release,
            "role": asked.role or cluster.asked.role,
            "master": master,
            "conf": dict(conf),
            "formats": Configured.of(cluster.asked.applications, cluster.asked.configurations).formats,
            "size": [node.cores, node.containers],
        }
        key = Key(self.service, cluster.scope, f"{cluster.id}/{new_id('es')}")
        self._engine.check(self.wanted(engine.Session(key, kept, tags, "PROVISIONING", cluster.created)))
        return self._shown(self._engine.create(key, kept, tags))

    def get(self, cluster: Cluster, identifier: str) -> ClusterSession:
        """Raises NotFound."""
        return self._shown(self._found(cluster, identifier))

    def page(
        self, scope: Scope, cluster: str | None, states: Collection[str], after: str | None, limit: int
    ) -> Page[ClusterSession]:
        """Those of a cluster, or of all, in the order of their ids."""
        shown: list[ClusterSession] = []
        prefix = "" if cluster is None else f"{cluster}/"
        while True:
            page = self._engine.sessions(self.service, scope, after=after, limit=limit, prefix=prefix)
            for session in page.items:
                if not states or SHOWN_STATES[session.state] in states:
                    shown.append(self._shown(session))
                if len(shown) == limit:
                    last = session.key.id == page.items[-1].key.id and page.next is None
                    return Page(shown, None if last else session.key.id)
            after = page.next
            if after is None:
                return Page(shown, None)

    def endpoint(self, cluster: Cluster, identifier: str) -> tuple[str, str, datetime]:
        """Where Spark Connect's clients reach it, their token, until when. Raises NotFound, Conflict unless it is up."""
        session = self._found(cluster, identifier)
        if session.state != "READY":
            raise Conflict(
                f"Session {identifier} is {SHOWN_STATES[session.state]}: it has an endpoint when it is IDLE."
            )
        addresses = self._engine.addresses(session)
        return f"sc://127.0.0.1:{addresses['connect']}", addresses["token"], session.created + TOKEN

    def terminate(self, cluster: Cluster, identifier: str) -> ClusterSession:
        """Begin to end it; one that has ended stays so. Raises NotFound."""
        key = self._found(cluster, identifier).key
        if self._engine.session(key).state in LIVING:
            self._engine.stop(key)
        return self._shown(self._engine.session(key))

    def active(self, cluster: Cluster) -> bool:
        """Whether one has not ended."""
        return any(session.ended is None for session in self.page(cluster.scope, cluster.id, (), None, 1000).items)

    def end(self, cluster: Cluster) -> None:
        """End all of a cluster's, which is going to end."""
        for session in self.page(cluster.scope, cluster.id, (), None, 1000).items:
            self.terminate(cluster, session.id)

    def _made_by(self, cluster: Cluster, token: str) -> ClusterSession | None:
        page = self.page(cluster.scope, cluster.id, (), None, 1000)
        return next((session for session in page.items if session.asked.token == token), None)

    def _found(self, cluster: Cluster, identifier: str) -> engine.Session:
        try:
            return self._engine.session(Key(self.service, cluster.scope, f"{cluster.id}/{identifier}"))
        except NotFound:
            raise NotFound(f"Session id '{identifier}' is not valid.") from None

    def _shown(self, session: engine.Session) -> ClusterSession:
        cluster, _, name = session.key.id.partition("/")
        request = session.asked["request"]
        url = f"sc://127.0.0.1:{self._engine.addresses(session)['connect']}" if session.state == "READY" else None
        return ClusterSession(
            id=name,
            cluster=cluster,
            scope=session.key.scope,
            asked=SessionRequest(**{**request, "configurations": tuple(request["configurations"])}),
            label=session.asked["label"],
            role=session.asked["role"],
            tags=session.tags,
            state=SHOWN_STATES[session.state],
            created=session.created,
            ended=session.completed,
            error=session.error,
            url=url,
        )
