"""Functions of one data folder, put together of their parts."""

from pathlib import Path
from urllib.parse import urlsplit

from studiolo.containers.environments import Environments
from studiolo.domain import Clock
from studiolo.functions.code import CodeStore
from studiolo.functions.events import Events
from studiolo.functions.functions import Functions
from studiolo.functions.launching import Addresses, Launcher
from studiolo.functions.layers import Layers
from studiolo.functions.runtimes import Runtimes
from studiolo.functions.store import Store
from studiolo.functions.urls import Urls
from studiolo.identity import Identity
from studiolo.logs import Logs
from studiolo.objects import Objects
from studiolo.processes import Processes
from studiolo.state import State


def functions_of(
    state: State,
    processes: Processes,
    identity: Identity,
    logs: Logs,
    objects: Objects,
    data: Path,
    endpoint: str,
    s3_endpoint: str,
    clock: Clock,
) -> Functions:
    """The functions of the data folder."""
    folder = data / "functions"
    store, code, runtimes = Store(state, clock), CodeStore(folder / "code"), Runtimes(Environments(data))
    layers, addresses = Layers(store, code), Addresses(endpoint, s3_endpoint)
    launcher = Launcher(processes, identity, logs, runtimes, code, layers.codes, folder / "processes", addresses)

    def make_events(functions: Functions) -> Events:
        return Events(state, store, functions.ready, functions.run, functions.deliver, clock)

    def make_urls(functions: Functions) -> Urls:
        port = urlsplit(endpoint).port
        assert port is not None, "the one endpoint always has one"
        return Urls(state, functions.find, port, clock)

    return Functions(store, identity, runtimes, code, layers, launcher, objects, make_events, make_urls)
