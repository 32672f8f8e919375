"""When a search is over.

Source: "Stop Training Jobs Early" and "Track and set completion criteria for your tuning job" (SageMaker Developer
Guide). What convergence is SageMaker does not say: here, that a third of all trials, and ten at least, went by without a
better one.
"""

from collections.abc import Sequence
from datetime import datetime

from studiolo.ml.tuning.job import Trial, TuningJob

CONVERGED_LEAST = 10


class Ends:
    """What of a tuning job's completion criteria is reached, with these trials, at this moment.

    reached: no further trial is begun; at_once: those that run are stopped. room: how many may be begun now.
    """

    def __init__(self, job: TuningJob, trials: Sequence[Trial], present: datetime) -> None:
        limits = job.settings.limits
        ended = [trial for trial in trials if not trial.active]
        best = job.best(trials)
        objective = job.settings.definitions[0].objective
        done = sorted((trial for trial in ended if trial.value is not None), key=lambda trial: trial.ended or 0.0)
        self.not_improving = len(done) - done.index(best) - 1 if best in done else 0
        self.timed = limits.seconds is not None
        self.converged = job.outcome.converged
        if (
            limits.convergence
            and self.converged is None
            and self.not_improving >= max(CONVERGED_LEAST, limits.trials // 3)
        ):
            self.converged = present.timestamp()
        target = limits.target
        hit = best is not None and target is not None and not objective.better(target, best.value or 0.0)
        tired = limits.patience is not None and self.not_improving >= limits.patience
        late = limits.seconds is not None and (present - job.created).total_seconds() >= limits.seconds
        self.at_once = hit or tired or late or self.converged is not None
        self.reached = self.at_once or len(trials) >= limits.trials
        active = len(trials) - len(ended)
        self.room = 0 if self.reached else max(0, min(limits.parallel - active, limits.trials - len(trials)))
