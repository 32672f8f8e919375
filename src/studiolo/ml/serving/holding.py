"""Between the steps of an update: waiting, while no alarm may go off."""

import threading
from collections.abc import Callable

from studiolo.domain import Clock, NotFound, Scope
from studiolo.metrics import Metrics
from studiolo.metrics.alarm import State
from studiolo.ml.serving.policy import Policy

LOOK_SECONDS = 0.5


class TurnedBack(Exception):
    """An alarm has turned an update back."""


class GivenUp(Exception):
    """The update is wanted no more, or the server goes down."""


class Holding:
    """Waits as the policies of updates say."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._alarms = metrics.alarms
        self._clock = clock
        self._waiting = threading.Event()

    def hold(self, scope: Scope, policy: Policy, seconds: float, what: str, wanted: Callable[[], bool]) -> None:
        """Wait so long, watching the policy's alarms. what: is updated, in words. Raises TurnedBack and GivenUp."""
        until = self._clock().timestamp() + seconds
        while True:
            if not wanted():
                raise GivenUp
            for alarm in policy.alarms:
                if self._in_alarm(scope, alarm):
                    raise TurnedBack(
                        f"The deployment of {what} was rolled back: the alarm {alarm} is in the state ALARM."
                    )
            left = until - self._clock().timestamp()
            if left <= 0:
                return
            self._waiting.wait(min(left, LOOK_SECONDS))

    def _in_alarm(self, scope: Scope, name: str) -> bool:
        try:
            return self._alarms.get(scope, name).state.value is State.ALARM
        except NotFound:
            return False
