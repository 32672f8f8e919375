"""Tuning jobs and their trials in the database."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from studiolo.domain import Clock, Page, Scope
from studiolo.ml.errors import JobMissing, NameInUse
from studiolo.ml.jobs.job import ENDED
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.tables import trials, tuning_jobs
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.ml.tuning.job import Outcome, Settings, Trial, TuningJob
from studiolo.state import State, Thing

THING = "tuning-job"


class Store:
    """What is remembered of tuning jobs."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def add(self, scope: Scope, name: str, settings: Settings, tags: Mapping[str, str]) -> TuningJob:
        """Raises NameInUse."""
        moment = self._clock()
        job = TuningJob(scope, name, uuid.uuid4().hex[:12], settings, Outcome(), moment, moment)
        with self._state.transaction(Thing(THING, scope.account, scope.region, name)) as tx:
            if tx.execute(tuning_jobs.select().where(_is(scope, name))).first() is not None:
                raise NameInUse(
                    "Tuning job names must be unique within an AWS account and region, and a tuning job with this name "
                    f"already exists ({job.arn})"
                )
            tx.execute(
                tuning_jobs.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    id=job.id,
                    created=moment,
                    changed=moment,
                    status=job.outcome.status,
                    specification=settings.to_json(),
                    progress=job.outcome.to_json(),
                )
            )
            set_tags(tx, job.arn, tags)
        return job

    def get(self, scope: Scope, name: str) -> TuningJob:
        """Raises JobMissing."""
        with self._state.reading() as connection:
            row = connection.execute(tuning_jobs.select().where(_is(scope, name))).first()
        if row is None:
            raise JobMissing(f"Amazon SageMaker can't find a tuning job called {name}. Type another name.")
        return _as_job(row)

    def page(self, scope: Scope, listing: Listing) -> Page[TuningJob]:
        with self._state.reading() as connection:
            found = select_page(connection, tuning_jobs, scope, listing)
        return Page([_as_job(row) for row in found.items], found.next)

    def unfinished(self) -> Sequence[TuningJob]:
        """Those of every scope that have not ended, oldest first."""
        query = tuning_jobs.select().where(tuning_jobs.c.status.not_in(ENDED)).order_by(tuning_jobs.c.created)
        with self._state.reading() as connection:
            return [_as_job(row) for row in connection.execute(query)]

    def save(self, job: TuningJob, outcome: Outcome) -> TuningJob:
        """Record what has become of it."""
        moment = self._clock()
        thing = Thing(THING, job.scope.account, job.scope.region, job.name)
        with self._state.transaction(thing) as tx:
            values = {"progress": outcome.to_json(), "status": outcome.status, "changed": moment}
            tx.execute(tuning_jobs.update().where(tuning_jobs.c.id == job.id).values(values))
        return replace(job, outcome=outcome, changed=moment)

    def delete(self, job: TuningJob) -> None:
        with self._state.transaction() as tx:
            tx.execute(trials.delete().where(trials.c.tuning == job.id))
            tx.execute(tuning_jobs.delete().where(tuning_jobs.c.id == job.id))
            drop_tags(tx, job.arn)

    def empty(self) -> None:
        with self._state.transaction() as tx:
            tx.execute(trials.delete())
            tx.execute(tuning_jobs.delete())

    def trials(self, job: TuningJob) -> list[Trial]:
        """Its trials, in the order in which they were begun."""
        query = select(trials.c.trial).where(trials.c.tuning == job.id).order_by(trials.c.number)
        with self._state.reading() as connection:
            return [Trial(**row.trial) for row in connection.execute(query)]

    def begin(self, job: TuningJob, trial: Trial) -> None:
        """Record a new trial."""
        with self._state.transaction() as tx:
            tx.execute(trials.insert().values(tuning=job.id, number=trial.number, trial=trial.to_json()))

    def put(self, job: TuningJob, trial: Trial) -> None:
        """Record a trial as it is now."""
        mine = (trials.c.tuning == job.id) & (trials.c.number == trial.number)
        with self._state.transaction() as tx:
            tx.execute(trials.update().where(mine).values(trial=trial.to_json()))

    def now(self) -> datetime:
        return self._clock()


def _is(scope: Scope, name: str) -> Any:
    columns = tuning_jobs.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _as_job(row: Row[Any]) -> TuningJob:
    return TuningJob(
        scope=Scope(row.account, row.region),
        name=row.name,
        id=row.id,
        settings=Settings.from_json(row.specification),
        outcome=Outcome(**row.progress),
        created=row.created,
        changed=row.changed,
    )
