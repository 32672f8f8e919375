"""A program that serves, with its output in a log stream: `python -m studiolo.containers.service PLAN`.

The program outlives a crash of the server with its log unbroken, because this small parent of it does.
"""

import signal
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.containers.fencing import machine_of
from studiolo.containers.files import take_json
from studiolo.containers.image import Environment, Foreign
from studiolo.containers.making import below, made
from studiolo.containers.program import Programs
from studiolo.domain import DomainError
from studiolo.logs import LogWriter

GRACE_SECONDS = 30.0
"""What a program has to end after SIGTERM, as SageMaker gives it."""


@dataclass(frozen=True)
class Service:
    """What serves: its command and variables, `root` as its /opt/ml, `shared` the folder of its socket, its log's file.

    `hidden` is the data folder; `notes` are what the log says first; `port` is where it listens, if not at the socket.
    """

    command: tuple[str, ...]
    variables: Mapping[str, str]
    root: str
    shared: str
    log: str
    hidden: str
    environment: Environment | None = None
    foreign: Foreign | None = None
    notes: tuple[str, ...] = ()
    port: int | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Service":
        environment, foreign = values["environment"], values.get("foreign")
        own = environment and Environment.from_json(environment)
        return cls(**{**values, "environment": own, "foreign": foreign and Foreign(**foreign)})


def main(plan: Path) -> int:
    """Run the program to its end; its exit status. The plan is the JSON of a Service, and is gone then."""
    service = Service.from_json(take_json(plan))
    hidden, root = Path(service.hidden), Path(service.root)
    with LogWriter(Path(service.log)) as log:
        log.write("".join(f"{note}\n" for note in service.notes))
        try:
            python = made(service.environment, hidden, lambda line: log.write(f"{line}\n"), foreign=service.foreign)
            if service.environment is not None:
                _bring_code(service, root)
            packages = below(service.environment, hidden, python, root, lambda line: log.write(f"{line}\n"))
        except DomainError as error:
            log.write(f"{error}\n")
            return 1
    machine = machine_of(service.foreign, python, hidden, ["algo-1"])
    shared = Path(service.shared)
    network = machine.network(service.port, shared)
    start = machine.start(service.command, service.variables, root, shared=shared, below=packages, network=network)
    with network.open() if network else nullcontext():
        programs = Programs([start], [LogWriter(Path(service.log))])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: programs.end())
        return programs.run(None, GRACE_SECONDS).statuses[0]


def _bring_code(service: Service, root: Path) -> None:
    # boto3 takes longer to import than all else here: the built-in algorithms, without it, start in half the time.
    from studiolo.containers.code import bring_code
    from studiolo.containers.objects import own_client

    bring_code(own_client, service.variables.get("SAGEMAKER_SUBMIT_DIRECTORY", ""), root, root.parent)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
