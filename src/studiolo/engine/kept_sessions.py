"""Kernels kept ready for those who have asked for that ahead, with all the settings of the sessions that will have them."""

import threading

from studiolo.domain import Scope
from studiolo.engine.kernels import Kernels, OnEnd
from studiolo.engine.memory import Memory
from studiolo.engine.model import Wanted
from studiolo.engine.plan import Plan
from studiolo.engine.provision import Surroundings, full_plan
from studiolo.engine.reserves import Reserve, Reserves


class KeptSessions:
    """They have no role, and nobody's files, until a session has them; they may serve Spark Connect before that."""

    def __init__(self, kernels: Kernels, memory: Memory, surroundings: Surroundings, on_end: OnEnd) -> None:
        self._kernels = kernels
        self._around = surroundings
        self._on_end = on_end
        self._reserves = Reserves(kernels, memory)
        self._closed = threading.Event()
        self.start, self.kept, self.ended = self._reserves.start, self._reserves.kept, self._reserves.ended

    def keep(self, owner: str, scope: Scope, wanted: Wanted, count: int) -> None:
        """Keep so many for the owner's sessions that are as this one but for their role. Raises Invalid."""
        plan = self._plan(wanted)

        def start(kernel: str) -> None:
            self._around.make_runtime(wanted, scope, self._closed.is_set)
            client = self._around.client_environment(self._kernels, scope, kernel)
            aws = {name: value for name, value in client.items() if name.startswith("AWS_")}
            self._kernels.start(kernel, plan, warm=True, on_end=self._on_end, aws=aws)

        self._reserves.keep(owner, Reserve(plan.fingerprint, count, start))

    def give_back(self, owner: str) -> None:
        """End those that are kept for the owner."""
        self._reserves.keep(owner, None)

    def take(self, wanted: Wanted) -> str | None:
        """One that was kept for such a session, and is up; it is the caller's now."""
        return None if wanted.kept_by is None else self._reserves.take(wanted.kept_by, self._plan(wanted).fingerprint)

    def close(self) -> list[str]:
        """Start none any more. Those that were kept ready, for the caller to end."""
        self._closed.set()
        return self._reserves.close()

    def _plan(self, wanted: Wanted) -> Plan:
        return full_plan(self._around, wanted)
