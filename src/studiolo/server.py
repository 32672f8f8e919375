"""The process: builds the house, serves its app, shuts down."""

import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from studiolo import __version__, http_server
from studiolo.background import Background
from studiolo.config import EVERYWHERE, Settings, is_loopback
from studiolo.domain import DomainError
from studiolo.door import DoorUnavailable
from studiolo.house import House
from studiolo.instance import AlreadyRunning, Instance, Running
from studiolo.listening import Listening
from studiolo.processes import isolation
from studiolo.runtimes import JavaMissing
from studiolo.state import StateUnavailable
from studiolo.storage import StoreUnavailable

log = logging.getLogger("studiolo")

DAY = 24 * 60 * 60


class CannotStart(Exception):
    """Why the server does not start, in one sentence."""


def serve(settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    """Run the server until SIGTERM or SIGINT; calls `ready` when it answers.

    Raises CannotStart with one sentence that says what is in the way.
    """
    began = time.monotonic()
    if not is_loopback(settings.host) and not settings.allow_remote:
        raise CannotStart(
            f"Studiolo listens on this machine only. To listen on {settings.host}, put TLS in front of it "
            "and set STUDIOLO_ALLOW_REMOTE=true."
        )
    if settings.s3_direct and settings.s3_endpoint is None:
        raise CannotStart("STUDIOLO_S3_DIRECT is for an S3 of your own: name it with STUDIOLO_S3_ENDPOINT.")
    for name, elsewhere in (
        ("STUDIOLO_RAY_ADDRESS", settings.ray_is_elsewhere),
        ("STUDIOLO_SPARK_MASTER", settings.spark_is_elsewhere),
    ):
        if elsewhere and (is_loopback(settings.host) or settings.host in EVERYWHERE):
            raise CannotStart(
                f"{name} names another machine, whose nodes have to reach Studiolo: set STUDIOLO_HOST to the address "
                "that they know it by."
            )
    try:
        with Instance(settings.folder) as instance, Listening(settings) as listening, ExitStack() as cleanup:
            log.info("Studiolo %s starts on %s", __version__, settings.folder)
            fence = isolation()
            log.log(logging.INFO if fence.kind == "fenced" else logging.WARNING, "%s", fence)
            house = House(settings, listening, cleanup)
            app, home = house.app(), house.metastore.home
            housekeeping = Background("log events past their retention", house.logs.purge, DAY)
            housekeeping.wake()
            housekeeping.start()
            instance.announce(
                Running(os.getpid(), listening.endpoint, house.door.endpoint, home, __version__, time.time())
            )
            _spare_collector()
            log.info("answers at %s after %.1f s", listening.endpoint, time.monotonic() - began)
            ready()

            def stopping() -> None:
                listening.end()
                app.stop()

            http_server.serve(app, listening.sockets, [settings.host, *settings.host_names], stopping)
            log.info("stops")
    except (AlreadyRunning, DomainError, StateUnavailable, StoreUnavailable, DoorUnavailable, JavaMissing) as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(
            f"Studiolo cannot start: {error.strerror or error} ({error.filename or settings.folder})."
        ) from error


def _spare_collector() -> None:
    """Keep Python's collector of cycles from walking over what stays for good, and from running amid every batch.

    A batch of a hundred partitions makes thousands of objects, none of them in a cycle: a third of its time went there.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def configure_logging() -> None:
    """Say what happens on stderr: a line an event, with its time."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)


def main() -> int:
    """Serve with the settings of the environment; what is in the way goes to stderr in one sentence."""
    configure_logging()
    try:
        serve(Settings())
    except CannotStart as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
