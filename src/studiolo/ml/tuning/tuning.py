"""Tuning jobs: a thread asks the search for trials, has them trained, and tells it how they went."""

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from studiolo.background import UNTIL_WOKEN, Background
from studiolo.domain import Conflict, DomainError, Invalid, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.jobs.job import COMPLETED, ENDED, FAILED, STOPPED, STOPPING
from studiolo.ml.listing import Listing
from studiolo.ml.names import checked_name
from studiolo.ml.training.jobs import TrainingJob, TrainingJobs
from studiolo.ml.tuning import curves as reading
from studiolo.ml.tuning import search
from studiolo.ml.tuning.curves import Curves
from studiolo.ml.tuning.ends import Ends
from studiolo.ml.tuning.job import HYPERBAND, Settings, Trial, TuningJob
from studiolo.ml.tuning.search import Search
from studiolo.ml.tuning.store import Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often running trials are looked at that may be given up; ends of training jobs are told."""
LONGEST_NAME = 32
HOPELESS = 5
"""A tuning job fails once so many trials have ended and every one has failed."""


class TuningJobs:
    """The tuning jobs of every scope."""

    def __init__(self, store: Store, training: TrainingJobs, curves: Curves) -> None:
        self._store = store
        self._training = training
        self._curves = curves
        self._searches: dict[tuple[str, int], Search] = {}
        self._trials: dict[str, dict[int, Trial]] = {}
        self._lock = threading.RLock()
        self._background = Background("tuning", self._look, LOOK_SECONDS)
        training.on_end = self._background.wake

    def start(self) -> None:
        """Go on with those that a server before left."""
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        """Begin no further trial; the tuning jobs go on at the next start."""
        self._background.close()

    def empty(self) -> None:
        """Forget them all; their training jobs are others' to end."""
        with self._lock:
            self._searches.clear()
            self._trials.clear()
            self._store.empty()

    def create(
        self, scope: Scope, principal: Principal, name: str, settings: Settings, tags: Mapping[str, str]
    ) -> TuningJob:
        """Record a tuning job and begin it. Raises Invalid, NotFound, Denied and NameInUse."""
        checked_name(name, "hyperParameterTuningJobName")
        if len(name) > LONGEST_NAME:
            raise Invalid(
                f"The name of a tuning job has at most {LONGEST_NAME} characters, and {name} has {len(name)}."
            )
        search.check(settings)
        for parent in settings.parents:
            try:
                ended = self.describe(scope, parent).outcome.status in ENDED
            except NotFound as error:
                raise Invalid(str(error)) from error
            if not ended:
                raise Invalid(f"The parent tuning job {parent} has not ended yet.")
        for index, definition in enumerate(settings.definitions):
            first = Search(settings, index).ask(1)
            tried = {**definition.training.hyperparameters, **first}
            self._training.check(scope, principal, replace(definition.training, hyperparameters=tried))
            known = {metric.name: metric.regex for metric in self._training.metrics_of(definition.training)}
            if definition.objective.metric not in known:
                raise Invalid(
                    f"The objective metric {definition.objective.metric} is not one that the training jobs print: "
                    f"{', '.join(known) or 'they have no MetricDefinitions'}."
                )
            if _selects(settings):
                reading.check(definition.objective.metric, known[definition.objective.metric])
        job = self._store.add(scope, name, settings, tags)
        self._background.wake()
        return job

    def describe(self, scope: Scope, name: str) -> TuningJob:
        """Raises NotFound."""
        return self._store.get(scope, name)

    def page(self, scope: Scope, listing: Listing) -> Page[TuningJob]:
        return self._store.page(scope, listing)

    def trials(self, job: TuningJob) -> Sequence[Trial]:
        """Its trials as they are, oldest first."""
        return [self._seen(job, trial) if trial.active else trial for trial in self._store.trials(job)]

    def stop(self, scope: Scope, name: str) -> None:
        """Stop its training jobs, and begin no more. Raises NotFound and Conflict."""
        with self._lock:
            job = self.describe(scope, name)
            if job.outcome.status in ENDED:
                raise Conflict(f"The request was rejected because the tuning job is in status {job.outcome.status}.")
            self._store.save(job, replace(job.outcome, status=STOPPING))
        self._background.wake()

    def delete(self, scope: Scope, name: str) -> None:
        """Forget one that has ended; its training jobs stay. Raises NotFound and Conflict."""
        with self._lock:
            job = self.describe(scope, name)
            if job.outcome.status not in ENDED:
                raise Conflict(f"The tuning job is in status {job.outcome.status}: only one that ended can be deleted.")
            self._store.delete(job)

    def _look(self) -> float:
        watching = False
        with self._lock:
            for job in self._store.unfinished():
                if self._background.ended:
                    break
                try:
                    watching |= self._advance(job)
                except Exception as error:
                    log.exception("the tuning job %s cannot go on", job.name)
                    self._end(job, FAILED, f"InternalServerError: {type(error).__name__}: {error}")
        return LOOK_SECONDS if watching else UNTIL_WOKEN

    def _advance(self, job: TuningJob) -> bool:
        """Take in what its trials came to, end it or begin further ones; whether it is to be looked at again soon."""
        if job.id not in self._trials:
            self._trials[job.id] = {trial.number: trial for trial in self._store.trials(job)}
        found = [
            self._looked_at(job, trial) if trial.active else trial for trial in tuple(self._trials[job.id].values())
        ]
        active = [trial for trial in found if trial.active]
        ends = Ends(job, found, self._store.now())
        outcome = replace(job.outcome, not_improving=ends.not_improving, converged=ends.converged)
        if outcome != job.outcome:
            job = self._store.save(job, outcome)
        stopping = job.outcome.status == STOPPING
        failure = None if stopping else self._failure(found) if not active and ends.reached else self._hopeless(found)
        if stopping or ends.reached or failure:
            for trial in active if stopping or ends.at_once or failure else ():
                self._give_up(job, trial)
            if not active:
                self._end(job, FAILED if failure else STOPPED if stopping else COMPLETED, failure)
            return bool(active) and (ends.timed or _selects(job.settings))
        for number in range(len(found) + 1, len(found) + 1 + ends.room):
            self._begin(job, number)
        return _selects(job.settings) or ends.timed

    def _begin(self, job: TuningJob, number: int) -> None:
        index = (number - 1) % len(job.settings.definitions)
        definition = job.settings.definitions[index]
        parameters = self._search(job, index).ask(number)
        name = f"{job.name}-{number:03d}-{uuid.uuid4().hex[:8]}"
        trial = Trial(number, name, index, parameters, self._store.now().timestamp())
        # Recorded first: a trial that was begun is never begun twice.
        self._store.begin(job, trial)
        self._trials[job.id][number] = trial
        self._train(job, trial, {**definition.training.hyperparameters, **parameters})

    def _train(self, job: TuningJob, trial: Trial, hyperparameters: Mapping[str, str]) -> None:
        training = job.definition(trial).training
        specification = replace(
            training, hyperparameters=hyperparameters, recorded={**training.recorded, "TuningJobArn": job.arn}
        )
        try:
            self._training.add(job.scope, trial.name, specification, {})
        except DomainError as error:
            failed = replace(trial, status=FAILED, failure=f"ClientError: {error}", ended=self._store.now().timestamp())
            self._keep(job, failed)
            self._search(job, trial.definition).tell(failed)

    def _looked_at(self, job: TuningJob, trial: Trial) -> Trial:
        """A trial that ran as it is now; where it has ended, the search is told."""
        search_of = self._search(job, trial.definition)
        try:
            training = self._training.describe(job.scope, trial.name)
        except NotFound:
            # The server was killed between the two records, or somebody deleted the training job.
            self._train(job, trial, {**job.definition(trial).training.hyperparameters, **trial.parameters})
            return trial
        seen = self._of(job, trial, training)
        hopeless = False
        if _selects(job.settings):
            # Of one that has ended too: the others are measured by it.
            values = self._curves.values(training, job.definition(trial).objective.metric)
            hopeless = search_of.hopeless(trial, values)
        if not seen.active:
            self._curves.forget(trial.name)
            self._keep(job, seen)
            search_of.tell(seen)
        elif hopeless:
            seen = replace(seen, early=True)
            self._keep(job, seen)
            self._give_up(job, seen)
        return seen

    def _seen(self, job: TuningJob, trial: Trial) -> Trial:
        try:
            return self._of(job, trial, self._training.describe(job.scope, trial.name))
        except NotFound:
            return trial

    @staticmethod
    def _of(job: TuningJob, trial: Trial, training: TrainingJob) -> Trial:
        """The trial by what its training job is."""
        progress, metric = training.progress, job.definition(trial).objective.metric
        value = next((each.value for each in progress.metrics if each.name == metric), None)
        times = (progress.started, progress.ended)
        return replace(trial.ended_as(progress.status, value, times), failure=progress.failure)

    def _keep(self, job: TuningJob, trial: Trial) -> None:
        self._store.put(job, trial)
        self._trials[job.id][trial.number] = trial

    def _give_up(self, job: TuningJob, trial: Trial) -> None:
        try:
            self._training.stop(job.scope, trial.name)
        except (Conflict, NotFound):
            log.debug("the training job %s had ended already", trial.name)

    def _search(self, job: TuningJob, index: int) -> Search:
        """The search of a definition, made anew of the trials there were where there is none."""
        found = self._searches.get((job.id, index))
        if found is None:
            found = self._searches[job.id, index] = Search(job.settings, index)
            for parent in job.settings.parents:
                for trial in self._known(job.scope, parent):
                    if trial.value is not None:
                        found.know(trial.parameters, trial.value)
            for trial in self._trials[job.id].values():
                if trial.definition == index:
                    found.restore(trial)
        return found

    def _known(self, scope: Scope, parent: str) -> Sequence[Trial]:
        try:
            return self._store.trials(self.describe(scope, parent))
        except NotFound:
            return ()

    @staticmethod
    def _failure(trials: Sequence[Trial]) -> str | None:
        """Why the whole has failed, where no trial came to a value."""
        if any(trial.value is not None for trial in trials):
            return None
        reasons = [trial.failure for trial in trials if trial.failure]
        if reasons:
            return (
                f"All training jobs failed. Please take a look at the training jobs failures. The last: {reasons[-1]}"
            )
        return "No training job printed the objective metric, so that there is no best one."

    def _hopeless(self, trials: Sequence[Trial]) -> str | None:
        ended = [trial for trial in trials if not trial.active]
        hopeless = len(ended) >= HOPELESS and all(trial.status == FAILED for trial in ended)
        return self._failure(ended) if hopeless else None

    def _end(self, job: TuningJob, status: str, failure: str | None) -> None:
        ended = self._store.now().timestamp()
        self._store.save(job, replace(job.outcome, status=status, failure=failure, ended=ended))
        self._trials.pop(job.id, None)
        self._searches = {key: each for key, each in self._searches.items() if key[0] != job.id}


def _selects(settings: Settings) -> bool:
    """Whether trials that promise little are given up."""
    return settings.early or settings.strategy == HYPERBAND
