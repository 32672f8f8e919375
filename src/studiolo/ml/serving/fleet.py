"""The serving processes: started, waited for until they answer /ping, restarted when they die, ended."""

import contextlib
import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from studiolo.containers.files import write_json
from studiolo.containers.images import Images
from studiolo.containers.making import made
from studiolo.containers.obituaries import obituary
from studiolo.containers.service import Service
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.unix_http import pings
from studiolo.containers.variables import passed_on
from studiolo.containers.work import BASE
from studiolo.domain import DomainError
from studiolo.logs import LogWriter
from studiolo.ml.serving.posts import Post
from studiolo.processes import Child, Processes, remove_left

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
RESTART_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""How long each restart waits, all further ones as the last. When so many fail in a row, the variant has."""
SETTLED_SECONDS = 60.0
"""A process that lived this long starts over with its restarts."""
POLL_SECONDS = 0.02
PING_SECONDS = 2.0
AT_A_TIME = 8
"""So many processes are started together."""


KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
STARTS = 3
"""How often a process is started whose start was killed: not by its own doing, as an exit status is."""


class VariantFailed(Exception):
    """A variant cannot be served, with the reason."""


class VariantKilled(VariantFailed):
    """Its process was killed before it served."""


OnMove = Callable[[Post], None]
OnFail = Callable[[Post, str], None]


class Fleet:
    """The serving processes of one data folder that are of a kind.

    on_move(post) tells that a kept process is gone, or serves again; on_fail(post, reason) that it was given up.
    """

    def __init__(
        self,
        processes: Processes,
        surroundings: Surroundings,
        images: Images,
        folder: Path,
        on_move: OnMove,
        on_fail: OnFail,
        kind: str,
    ) -> None:
        self._processes = processes
        self._surroundings = surroundings
        self._images = images
        self._folder = folder
        self._on_move = on_move
        self._on_fail = on_fail
        self._kind = kind
        # By child name; None while it is being restarted.
        self._kept: dict[str, Child | None] = {}
        # The models of multi-model containers that are loaded, by child name.
        self._models: dict[str, Post] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def open(self) -> None:
        self._closing.clear()

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def socket(self, post: Post) -> str | None:
        """The path of the socket where the post is served; None where no process of it is up."""
        child = self.child(post)
        return None if child is None else str(child.details["socket"])

    def child(self, post: Post) -> Child | None:
        """The process of the post; None where none is up."""
        with self._lock:
            return self._kept.get(post.child_name)

    def models(self, base: Post) -> Sequence[Post]:
        """The models that a multi-model container has loaded."""
        with self._lock:
            return [post for post in self._models.values() if post.base.child_name == base.child_name]

    def adopt(self, post: Post) -> bool:
        """Keep the process of a post that an earlier server started; whether there is one that answers."""
        child = self._processes.find(post.child_name)
        if child is None or not child.alive or not pings(child.details["socket"]):
            return False
        self._keep(post, child, deaths=0)
        return True

    def bring_up(self, posts: Sequence[Post]) -> None:
        """Have every post served. Raises VariantFailed; the others may then be up."""
        with self._lock:
            missing = [post for post in posts if not post.multi and post.child_name not in self._kept]
        if missing:
            with ThreadPoolExecutor(min(len(missing), AT_A_TIME)) as pool:
                list(pool.map(self._bring_up, missing))

    def take_down(
        self, posts: Sequence[Post], *, after: Callable[[Sequence[str]], None] = lambda _sockets: None
    ) -> None:
        """End the posts' processes and drop their models. after: waits until that may be, given their sockets."""
        every = [*posts, *(model for post in posts if post.multi for model in self.models(post))]
        after([child.details["socket"] for child in self._let_go(every) if child is not None])
        self._end([child for post in every if (child := self._processes.find(post.child_name))])
        for post in every:
            self._surroundings.end(post.workload)
            folder = self._post_folder(post)
            remove_left(folder)
            with contextlib.suppress(OSError):  # the last of its variant, and of its deployment
                folder.parent.rmdir()
                folder.parent.parent.rmdir()
            self._processes.log(post.child_name).unlink(missing_ok=True)

    def rest(self, post: Post, after: Callable[[Sequence[str]], None]) -> None:
        """End the process of a post until it is brought up again; what it serves stays. after: as of `take_down`."""
        child = self.child(post)
        if child is not None:
            self._let_go([post])
            self._on_move(post)
            after([child.details["socket"]])
            self._stop(child)

    def _let_go(self, posts: Sequence[Post]) -> "list[Child | None]":
        """Keep the posts' processes no more."""
        with self._lock:
            for post in posts:
                self._models.pop(post.child_name, None)
            return [self._kept.pop(post.child_name, None) for post in posts]

    def close(self) -> None:
        """End every serving process, and leave their models for the next start."""
        with self._lock:
            self._closing.set()
            self._kept.clear()
            self._models.clear()
        self._end(self._processes.children(self._kind))

    def end_others(self, posts: Sequence[Post]) -> None:
        """End what serves for none of the posts: a server that died may have left it."""
        names = {post.child_name for post in posts}
        self._end([child for child in self._processes.children(self._kind) if child.name not in names])

    def empty(self) -> None:
        """Drop every model."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, children: Sequence[Child]) -> None:
        if children:
            with ThreadPoolExecutor(len(children)) as pool:
                list(pool.map(self._stop, children))

    def _stop(self, child: Child, grace: float = CLOSE_SECONDS) -> None:
        """End a process, its role and its socket."""
        self._processes.stop(child, grace)
        self._surroundings.end(child.details["workload"])
        shutil.rmtree(Path(child.details["socket"]).parent, ignore_errors=True)

    def _bring_up(self, post: Post) -> None:
        child = self._processes.find(post.child_name)
        if child is not None and child.alive:
            self._await_ping(post, child)
        else:
            child = self._start(post)
        self._keep(post, child, deaths=0)

    def _start(self, post: Post) -> Child:
        """Start a post's process and wait until it answers. Raises VariantFailed."""
        for _ in range(STARTS - 1):
            with contextlib.suppress(VariantKilled):
                return self._start_once(post)
        return self._start_once(post)

    def _start_once(self, post: Post) -> Child:
        folder = self._post_folder(post)
        try:
            self._fetch_model(post, folder)
            child = self._launch(post, folder)
        except (OSError, DomainError) as error:
            raise VariantFailed(f"Production variant {post.variant} cannot be started: {error}") from error
        try:
            self._await_ping(post, child)
        except VariantFailed:
            self._stop(child, grace=1.0)
            raise
        return child

    def _fetch_model(self, post: Post, folder: Path) -> None:
        """Download and unpack the model, once: a restarted process finds it there."""
        if (folder / "ml/model").exists():
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not where an earlier process of it could have put a link.
        unpacked, model = folder / "model.new", post.model
        shutil.rmtree(unpacked, ignore_errors=True)
        self._surroundings.bring_model(post.scope, model.role, post.data, unpacked, compressed=model.compressed)
        (folder / "ml").mkdir(exist_ok=True)
        unpacked.rename(folder / "ml/model")

    def _launch(self, post: Post, folder: Path) -> Child:
        environment = self._surroundings.begin(post.workload, post.scope, post.model.role)
        at = self._surroundings.new_socket()
        try:
            stream = self._surroundings.log_file(post.scope, post.log_group, post.log_stream)
            service = self._service(post, folder / "ml", stream, at)
            self._prepare(service, stream)
            write_json(folder / "serve.json", asdict(service))
            # Held over check and start: once the fleet is closed, nothing starts any more.
            with self._lock:
                if self._closing.is_set():
                    raise VariantFailed("The server is going down.")
                return self._processes.start(
                    post.child_name,
                    self._kind,
                    [sys.executable, "-m", "studiolo.containers.service", str(folder / "serve.json")],
                    environment=environment,
                    folder=folder,
                    details={"workload": post.workload, "socket": str(at), "log": str(stream)},
                )
        except Exception:
            self._surroundings.end(post.workload)
            shutil.rmtree(at.parent, ignore_errors=True)
            raise

    def _prepare(self, service: Service, stream: Path) -> None:
        """Have its environment made, before the time begins in which it must answer. Raises DomainError."""
        with LogWriter(stream) as writer:
            made(
                service.environment,
                self._surroundings.folder,
                lambda line: writer.write(f"{line}\n"),
                self._closing.is_set,
                service.foreign,
            )

    def _service(self, post: Post, root: Path, log: Path, at: Path) -> Service:
        """The program that serves the model at the socket `at`."""
        model = post.model
        image = self._images.resolve(model.image, "serve", scripted=model.scripted)
        own, notes = (model.environment, ()) if image.algorithm is None else passed_on(model.environment, image.name)
        told = {"SAGEMAKER_BASE_DIR": BASE, "SAGEMAKER_BIND_TO_SOCKET": str(at)}
        return Service(
            command=image.command("serve"),
            variables={**image.variables, **own, **told},
            root=str(root),
            shared=str(at.parent),
            log=str(log),
            hidden=str(self._surroundings.folder),
            environment=image.environment,
            foreign=image.foreign,
            notes=(*image.notes, *notes),
            port=image.port,
        )

    def _await_ping(self, post: Post, child: Child) -> None:
        deadline = time.monotonic() + post.deployed.variant.startup_seconds
        while not pings(child.details["socket"]):
            with contextlib.suppress(TimeoutError):
                status = self._processes.wait(child, POLL_SECONDS)
                failed = VariantKilled if status in KILLED and not self.closing else VariantFailed
                raise failed(self._words(post, child, status))
            if time.monotonic() > deadline:
                raise VariantFailed(self._words(post, child, None))

    def _words(self, post: Post, child: Child, status: int | None) -> str:
        """Why a variant does not serve, in SageMaker's words and the program's own last ones."""
        what = post.kind.replace("-", " ")
        reason = (
            f"The {post.hostname} container for production variant {post.variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this {what} (group {post.log_group}, stream {post.log_stream})"
        )
        if child.alive:
            return f"{reason}: it did not answer within {post.deployed.variant.startup_seconds} s."
        return f"{reason}: {obituary(child, status, Path(child.details['log']))}"

    def _keep(self, post: Post, child: Child, deaths: int) -> None:
        began = time.monotonic()

        def ended(_child: Child, _status: int | None) -> None:
            with self._lock:
                wanted = self._kept.get(post.child_name) == child and not self._closing.is_set()
                if wanted:
                    self._kept[post.child_name] = None
            if wanted and post.on_demand:
                # The next call has it started again.
                self._let_go([post])
                self._on_move(post)
                self._stop(child, grace=0.5)
            elif wanted:
                self._revive(post, child, 0 if time.monotonic() - began > SETTLED_SECONDS else deaths)

        with self._lock:
            self._kept[post.child_name] = child
            if post.target is not None:
                self._models[post.child_name] = post
        self._processes.watch(child, ended)

    def _revive(self, post: Post, child: Child, deaths: int) -> None:
        """Start a dead process again, a little later each time; give it up when that has failed so often."""
        self._on_move(post)
        self._stop(child, grace=0.5)
        reason = self._words(post, child, None)
        for _ in RESTART_SECONDS:
            pause = RESTART_SECONDS[min(deaths, len(RESTART_SECONDS) - 1)]
            deaths += 1
            log.warning("%s %s, variant %s has died: restart %d", post.kind, post.owner, post.variant, deaths)
            if self._closing.wait(pause) or not self._wanted(post):
                return
            try:
                child = self._start(post)
            except VariantFailed as error:
                reason = str(error)
                continue
            if self._wanted(post):
                self._keep(post, child, deaths)
                self._on_move(post)
            else:
                self._stop(child, grace=0.5)
            return
        self._on_fail(post, reason)

    def _wanted(self, post: Post) -> bool:
        with self._lock:
            return post.child_name in self._kept and not self._closing.is_set()

    def _post_folder(self, post: Post) -> Path:
        """The post's folder; `ml` in it is what the program sees as /opt/ml."""
        of_owner = self._folder / post.scope.account / post.scope.region / post.owner
        return of_owner / post.deployment / post.variant / post.place
