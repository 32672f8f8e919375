"""EMR Serverless: applications that start and stop by themselves, and their job runs, on the engine's submissions."""

import gzip
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.background import Background
from studiolo.domain import Clock, Conflict, DomainError, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.engine import Engine, Key, Submission, Wanted
from studiolo.identity import Identity, Principal
from studiolo.livy import Livy, Place
from studiolo.objects import Objects
from studiolo.runtimes import Runtimes
from studiolo.serverless import jobs
from studiolo.serverless.model import (
    WAITING,
    Application,
    ApplicationRequest,
    Run,
    RunRequest,
    Utilization,
)
from studiolo.serverless.sessions import ServerlessSessions
from studiolo.serverless.store import Store
from studiolo.serverless.tables import applications, runs
from studiolo.state import State

PRINCIPAL = "emr-serverless.amazonaws.com"
LOOK = 30.0
"""Seconds between looks where nothing tells that there is something to do."""

CAPACITY_LOOK = 0.1
"""Seconds between looks whether an application's initial capacity is there."""
LACKING = "this machine has no memory for more, or they do not start, which the server's log tells."

LIVING = ("CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED")


class Serverless:
    """The applications and job runs of every scope of one data folder.

    The database says what is wanted; one thread brings it about, and can be killed between any two lines.
    """

    service = "emr-serverless"

    def __init__(
        self,
        engine: Engine,
        livy: Livy,
        state: State,
        identity: Identity,
        objects: Objects,
        runtimes: Runtimes,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._livy = livy
        self._store = Store(state, clock)
        self._identity = identity
        self._objects = objects
        self._runtimes = runtimes
        self._clock = clock
        self.sessions = ServerlessSessions(engine, self, runtimes)
        self._background = Background("EMR Serverless", self._step, LOOK)
        engine.submissions.serve(self)

    def start(self) -> None:
        """Go on with what an earlier server left."""
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        """Begin nothing any more: what waits waits for the next server."""
        self._background.close()

    def empty(self) -> None:
        """Forget everything; the engine ends what runs."""
        for app in self._store.all_applications("STARTING", "STARTED", "STOPPING"):
            self._engine.submissions.give_back(app.id)
            self.sessions.give_back(app)
        self._store.empty()

    def create(self, scope: Scope, token: str, asked: ApplicationRequest, tags: Mapping[str, str]) -> Application:
        """Make an application. Raises Invalid and Conflict."""
        self._check(asked)
        return self._store.add_application(scope, token, asked, tags)

    def _check(self, asked: ApplicationRequest) -> None:
        jobs.check_kind(asked, self._runtimes.for_emr(asked.label))
        jobs.check_initial(asked)

    def application(self, scope: Scope, name: str) -> Application:
        """Raises NotFound."""
        return self._store.application(scope, name)

    def applications(self, scope: Scope, states: tuple[str, ...], after: str | None, limit: int) -> Page[Application]:
        """In the order in which they were made."""
        return self._store.applications(scope, states, after, limit)

    def update(self, scope: Scope, name: str, **changes: object) -> Application:
        """Change an application that is not started. Raises NotFound, Invalid, Conflict."""
        app = self._store.application(scope, name)
        if app.state not in ("CREATED", "STOPPED"):
            raise Conflict(f"Application {name} is {app.state}: it can be updated when it is CREATED or STOPPED.")
        asked = replace(app.asked, **changes)  # type: ignore[arg-type]
        self._check(asked)
        self._store.update_application(scope, name, asked)
        return self._store.application(scope, name)

    def start_application(self, scope: Scope, name: str) -> None:
        """Raises NotFound, and Conflict for one that is over."""
        app = self._store.application(scope, name)
        if app.state not in LIVING:
            raise Conflict(f"Application {name} is {app.state}, and cannot be started.")
        self._store.change_application(scope, name, ("CREATED", "STOPPED"), "STARTING")
        self._background.wake()

    def stop_application(self, scope: Scope, name: str) -> None:
        """Raises NotFound, and Conflict while runs or sessions are active."""
        app = self._store.application(scope, name)
        if active := self._active(app):
            raise Conflict(f"Application {name} has {active} active job runs and sessions: cancel them first.")
        self._store.change_application(scope, name, ("STARTING", "STARTED"), "STOPPING")
        self._background.wake()

    def delete(self, scope: Scope, name: str) -> None:
        """Raises NotFound, and Conflict unless it is CREATED or STOPPED."""
        app = self._store.application(scope, name)
        if not self._store.change_application(scope, name, ("CREATED", "STOPPED"), "TERMINATED"):
            raise Conflict(f"Application {name} is {app.state}: it can be deleted when it is CREATED or STOPPED.")
        self._livy.end(scope, name)

    def _active(self, app: Application) -> int:
        return self._store.active_runs(app) + self.sessions.active(app) + self._livy.active(app.scope, app.id)

    def usable(self, scope: Scope, name: str) -> Application:
        """The application, started if it starts by itself. Raises NotFound, and Conflict where it cannot be used."""
        app = self._store.application(scope, name)
        if app.state == "TERMINATED":
            raise Conflict(f"Application {name} is TERMINATED.")
        if app.state != "STARTED" and not app.asked.auto_start:
            raise Conflict(f"Application {name} is {app.state}, and does not start by itself: start it first.")
        self._store.touch(scope, name)
        if app.state in ("CREATED", "STOPPED"):
            self.start_application(scope, name)
        return app

    def livy_place(self, scope: Scope, name: str) -> Place:
        """The application's Livy server. Raises NotFound, Invalid without one, and Conflict unless it is started."""
        app = self._store.application(scope, name)
        if not app.asked.livy:
            raise Invalid(f"Application {name} has no Livy endpoint: it was made without livyEndpointEnabled.")
        if app.state != "STARTED":
            raise Conflict(f"Application {name} is {app.state}: its Livy endpoint answers when it is STARTED.")
        self._store.touch(scope, name)
        return self._livy.place(scope, name)

    def pass_role(self, principal: Principal, role: str) -> None:
        """Raises NotFound, Denied, Invalid."""
        self._identity.pass_role(principal, role, PRINCIPAL)

    def run(
        self, principal: Principal, scope: Scope, application: str, token: str, asked: RunRequest,
        tags: Mapping[str, str],
    ) -> Run:  # fmt: skip
        """Begin a job run. Raises NotFound, Invalid, Denied, Conflict."""
        self.pass_role(principal, asked.role)
        app = self.usable(scope, application)
        with suppress(LimitExceeded):
            asked = replace(asked, capacity=jobs.capacity(app, asked))
        sample = Run("", app.id, scope, asked, app.asked.label, tags, "SUBMITTED", "", self._clock(), self._clock())
        self._engine.check(jobs.wanted(app, sample, self._runtimes.for_emr(app.asked.label)))
        made = self._store.add_run(app, token, asked, tags)
        self._background.wake()
        return made

    def job_run(self, scope: Scope, application: str, name: str) -> Run:
        """Raises NotFound."""
        return self._store.run(scope, application, name)

    def job_runs(
        self, scope: Scope, application: str, filters: Mapping[str, object], after: str | None, limit: int
    ) -> Page[Run]:
        """Those of an application, in the order in which they were made. Raises NotFound."""
        self._store.application(scope, application)
        return self._store.runs(scope, application, filters, after, limit)

    def attempts(self, scope: Scope, application: str, name: str) -> list[Run]:
        """A run as each of its attempts was, the first one first. Raises NotFound."""
        run = self._store.run(scope, application, name)
        return [*filter(None, (self._attempt(run, number) for number in range(1, run.attempt))), run]

    def _attempt(self, run: Run, number: int) -> Run | None:
        """The run as an earlier attempt was, of which there is still a record."""
        try:
            found = self._engine.submissions.get(self._key(replace(run, attempt=number)))
        except NotFound:
            return None
        return replace(
            run, attempt=number, state="FAILED", details=(found.error or "")[:256], attempt_created=found.created,
            started=found.started, ended=found.completed, updated=found.completed or found.created,
        )  # fmt: skip

    def dashboard(self, scope: Scope, application: str, name: str, attempt: int | None) -> str:
        """A link that opens the Spark UI of a run's attempt, the last one where none is given.

        Raises NotFound, and Conflict for an attempt that has not begun.
        """
        run = self._store.run(scope, application, name)
        asked = replace(run, attempt=attempt or run.attempt)
        try:
            return self._engine.submissions.link(self._key(asked))
        except NotFound:
            raise Conflict(f"Attempt {asked.attempt} of JobRun {name} has not begun: it has no Spark UI yet.") from None

    def utilization(self, run: Run) -> tuple[Utilization, Utilization, int]:
        """What a run has used, what of it is billed, and the seconds that it has run."""
        app, present = self._store.application(run.scope, run.application), self._clock()
        return (*jobs.utilization(app, run, present), jobs.seconds_of(run, present))

    def cancel(self, scope: Scope, application: str, name: str) -> None:
        """Begin to cancel a run. Raises NotFound, and Conflict for one that has ended."""
        run = self._store.run(scope, application, name)
        if self._store.change_run(run, WAITING, "CANCELLED", "It was canceled before it ran."):
            return
        if not self._store.change_run(run, ("SCHEDULED", "RUNNING", "CANCELLING"), "CANCELLING"):
            raise Conflict(f"JobRun {name} is {run.state}, and cannot be canceled.")
        with suppress(Conflict, NotFound):
            self._engine.submissions.cancel(self._key(run))
        # Where it is about to be submitted, it is canceled after that.
        self._background.wake()

    def set_application_tags(self, scope: Scope, name: str, add: Mapping[str, str], remove: Collection[str]) -> None:
        """Raises NotFound."""
        self._tag(applications, scope, name, self._store.application(scope, name).tags, add, remove)

    def set_run_tags(
        self, scope: Scope, application: str, name: str, add: Mapping[str, str], remove: Collection[str]
    ) -> None:
        """Raises NotFound."""
        self._tag(runs, scope, name, self._store.run(scope, application, name).tags, add, remove)

    def _tag(
        self, table: object, scope: Scope, name: str, tags: Mapping[str, str], add: Mapping[str, str],
        remove: Collection[str],
    ) -> None:  # fmt: skip
        kept = {key: value for key, value in {**tags, **add}.items() if key not in remove}
        self._store.set_tags(table, scope, name, kept)

    def submitted(self, submission: Submission) -> Wanted:
        """A run's request, in the engine's words."""
        scope, ids = submission.key.scope, submission.key.id.split("/")
        app = self._store.application(scope, ids[0])
        return jobs.wanted(app, self._store.run(scope, ids[0], ids[1]), self._runtimes.for_emr(app.asked.label))

    def submission_changed(self, submission: Submission) -> None:
        """An attempt runs, or has ended: then its logs are kept, and the run ends or is tried once more."""
        application, name, attempt = submission.key.id.split("/")
        with suppress(NotFound):
            run = self._store.run(submission.key.scope, application, name)
            if run.attempt != int(attempt):
                return
            if submission.state == "RUNNING":
                self._store.change_run(run, ("SCHEDULED",), "RUNNING")
                return
            problem = self._keep_logs(run, submission)
            self._end_attempt(run, submission, problem)
        self._background.wake()

    def _end_attempt(self, run: Run, submission: Submission, problem: str) -> None:
        said = " ".join(filter(None, [submission.error, problem]))
        if submission.state == "SUCCESS":
            self._store.change_run(run, ("SCHEDULED", "RUNNING", "CANCELLING"), "SUCCESS", problem)
        elif submission.state == "CANCELLED":
            self._store.change_run(run, ("SCHEDULED", "RUNNING", "CANCELLING"), "CANCELLED", said)
        elif run.attempt >= run.asked.attempts or not self._store.next_attempt(run):
            after = "CANCELLED" if run.state == "CANCELLING" else "FAILED"
            self._store.change_run(run, ("SCHEDULED", "RUNNING", "CANCELLING"), after, said)  # type: ignore[arg-type]

    def _keep_logs(self, run: Run, submission: Submission) -> str:
        """Put what an attempt has printed where it is to be kept in S3, as its role; why that failed, if it did."""
        app = self._store.application(run.scope, run.application)
        asked = jobs.monitoring(app, run.asked).get("s3MonitoringConfiguration") or {}
        if not asked.get("logUri"):
            return ""
        bucket, _, prefix = asked["logUri"].partition("://")[2].partition("/")
        place = "/".join(filter(None, [prefix.strip("/"), jobs.log_path(run)]))
        try:
            client = self._objects.role_client(run.asked.role, "emr-serverless-logs")
            for name, content in zip(("stdout", "stderr"), self._engine.submissions.output(submission), strict=True):
                client.put_object(Bucket=bucket, Key=f"{place}/{name}.gz", Body=gzip.compress(content))
        except (ClientError, BotoCoreError, DomainError) as error:
            return f"Its logs could not be kept in {asked['logUri']}: {error}"
        return ""

    def _key(self, run: Run) -> Key:
        return Key(self.service, run.scope, f"{run.application}/{run.id}/{run.attempt}")

    def _step(self) -> float:
        """Bring all a step nearer to what is wanted; seconds after which to look again."""
        waits = [LOOK]
        for app in self._store.all_applications("STARTING"):
            waits.append(self._start_one(app))
        for app in self._store.all_applications("STOPPING"):
            self._engine.submissions.give_back(app.id)
            self.sessions.give_back(app)
            self._livy.end(app.scope, app.id)
            self._store.change_application(app.scope, app.id, ("STOPPING",), "STOPPED")
        for run in self._store.all_runs("SCHEDULED", "RUNNING", "CANCELLING"):
            self._look_after(run)
        for run in self._store.all_runs(*WAITING):
            if self._background.ended:
                return 0.0
            waits.append(self._schedule(run))
        for app in self._store.all_applications("STARTED"):
            # A server before this one may have kept them.
            self._keep(app)
            waits.append(self._stop_when_idle(app))
        return max(0.05, min(waits))

    def _start_one(self, app: Application) -> float:
        """Start an application, which is started when its capacity is there; seconds after which to look again."""
        wanted = self._keep(app)
        kept = self._kept(app) if wanted else 0
        if kept is None:
            return CAPACITY_LOOK
        if app.asked.livy:
            self._livy.serve(Place(app.id, app.scope, app.asked.label, "", conf=jobs.spark_defaults(app.asked.runtime)))
        lack = "" if kept == wanted else f"{kept} of {wanted} drivers are kept ready: {LACKING}"
        self._store.change_application(app.scope, app.id, ("STARTING",), "STARTED", lack)
        return LOOK

    def _keep(self, app: Application) -> int:
        """Have the drivers of an application's initial capacity kept ready; how many there are to be."""
        if not app.asked.initial:
            return 0
        wanted, count = jobs.kept(app, self._runtimes.for_emr(app.asked.label))
        if count:
            self._engine.submissions.keep(app.id, app.scope, wanted, count)
        if count and app.asked.sessions:
            self.sessions.keep(app, count)
            return 2 * count
        return count

    def _kept(self, app: Application) -> int | None:
        """How many of them are ready; None while there are to be more, and that can be."""
        drivers = self._engine.submissions.kept(app.id)
        sessions = self.sessions.kept(app) if app.asked.sessions else 0
        return None if drivers is None or sessions is None else drivers + sessions

    def _look_after(self, run: Run) -> None:
        """What a crash kept from being told."""
        try:
            submission = self._engine.submissions.get(self._key(run))
        except NotFound:
            if run.state == "SCHEDULED":
                self._submit(run)
            elif run.state == "CANCELLING":
                self._store.change_run(run, ("CANCELLING",), "CANCELLED")
            return
        told = ("SUCCESS", "FAILED", "CANCELLED", *(("RUNNING",) if run.state == "SCHEDULED" else ()))
        if submission.state in told:
            self.submission_changed(submission)
        elif run.state == "CANCELLING":
            with suppress(Conflict):
                self._engine.submissions.cancel(submission.key)

    def _schedule(self, run: Run) -> float:
        """Run what waits, if there is room; seconds after which to look again."""
        app = self._store.application(run.scope, run.application)
        limit = timedelta(minutes=app.asked.queue_timeout)
        if self._clock() - run.created > limit:
            why = f"It waited longer than the {app.asked.queue_timeout} minutes that the application allows."
            self._store.change_run(run, WAITING, "FAILED", why)
            return LOOK
        try:
            jobs.capacity(app, run.asked)
        except LimitExceeded as limits:
            self._store.change_run(run, WAITING, "FAILED", str(limits))
            return LOOK
        if app.state != "STARTED":
            return LOOK
        lack = self._lack(app, run)
        if lack is None:
            try:
                with self._engine.admitting():
                    if self._store.change_run(run, WAITING, "SCHEDULED"):
                        self._submit(run)
                return LOOK
            except LimitExceeded as shortage:
                lack = str(shortage)
        if run.state != "QUEUED" or run.details != lack:
            self._store.change_run(run, WAITING, "QUEUED", lack)
        return 2.0

    def _submit(self, run: Run) -> None:
        with suppress(DomainError):
            self._engine.submissions.submit(self._key(run), {}, {})

    def _lack(self, app: Application, run: Run) -> str | None:
        """What a run has to wait for, but for memory; None where it may go."""
        active = [
            each
            for each in self._store.all_runs("SCHEDULED", "RUNNING", "CANCELLING")
            if (each.scope, each.application) == (app.scope, app.id)
        ]
        if len(active) >= app.asked.max_runs:
            return f"The application runs {len(active)} jobs at a time, and does."
        if app.asked.maximum is not None:
            counted, most = [jobs.of_workers(app, one) for one in [*active, run]], app.asked.maximum
            cpu, memory = sum(each.cpu for each in counted), sum(each.memory for each in counted)
            if cpu > jobs.cpus(most["cpu"]) or memory > jobs.gigabytes(most["memory"]):
                return f"The application has {most['cpu']} and {most['memory']} at most."
        return None

    def _stop_when_idle(self, app: Application) -> float:
        """Stop an application that had nothing to do for its time; seconds until it may have to."""
        if app.asked.auto_stop is None:
            return LOOK
        if self._active(app):
            self._store.touch(app.scope, app.id)
            return LOOK
        left = (app.updated + timedelta(minutes=app.asked.auto_stop) - self._clock()).total_seconds()
        if left <= 0:
            self._store.change_application(app.scope, app.id, ("STARTED",), "STOPPING", "It had nothing to do.")
            return 0.0
        return left
