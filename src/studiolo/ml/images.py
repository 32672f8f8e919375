"""Images: what an image URI means here."""

import hashlib
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from uv import find_uv_bin

from studiolo.domain import Conflict, Invalid
from studiolo.ml.algorithms import BUILT_IN, Algorithm, algorithm_for_image, refusal
from studiolo.ml.training.job import Channel, MetricDefinition
from studiolo.processes import child_environment, remove_left

STANDALONE = Path(__file__).with_name("standalone.py")
INSTALL_SECONDS = 1800.0


def algorithm_of(image: str) -> Algorithm:
    """The built-in algorithm that the image is of. Raises Invalid, which names those that are there."""
    algorithm = algorithm_for_image(image)
    if algorithm is None:
        reason = refusal(image)
        raise Invalid(
            f"The image '{image}' is not one that Studiolo can run{f': {reason}' if reason else '.'} "
            f"There are the images of the built-in algorithms: {', '.join(sorted(BUILT_IN))}."
        )
    return algorithm


def program(algorithm: Algorithm, task: Literal["train", "serve"]) -> list[str]:
    """The command that its container runs for `train` or `serve`."""
    if not algorithm.requirements:
        return [sys.executable, "-m", algorithm.module, task]
    # -I: nothing of ours, or of a user's, is put before the environment's own packages.
    return [str(interpreter(algorithm)), "-I", "-u", str(STANDALONE), algorithm.module, task]


def interpreter(algorithm: Algorithm) -> Path:
    """The Python of the algorithm's environment, which is made if it is not there. Raises Conflict with uv's words."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    content = hashlib.sha256("\n".join((version, *algorithm.requirements)).encode()).hexdigest()[:12]
    folder = user_cache_path("studiolo") / "environments" / f"algorithm-{content}"
    python = folder / "bin" / "python"
    if python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.part")
    _uv("venv", "--quiet", "--relocatable", "--python", sys.executable, str(part))
    _uv("pip", "install", "--quiet", "--python", str(part / "bin" / "python"), *algorithm.requirements)
    try:
        part.rename(folder)
    except OSError:
        # Another job has made it meanwhile.
        remove_left(part)
    return python


def _uv(*arguments: str) -> None:
    run = subprocess.run(
        [find_uv_bin(), *arguments],
        env=child_environment({}),
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if run.returncode:
        raise Conflict(f"The algorithm's environment could not be made: {run.stderr.strip()}")


def metrics_of(algorithm: Algorithm) -> tuple[MetricDefinition, ...]:
    """The metrics that the algorithm prints, as a job's own are given."""
    return tuple(MetricDefinition(metric.name, metric.regex) for metric in algorithm.metrics)


def check_channels(algorithm: Algorithm, channels: Sequence[Channel]) -> None:
    """Raise Invalid unless the algorithm has what it needs, knows each channel, and can read its content type."""
    names = [channel.name for channel in channels]
    known = (*algorithm.required_channels, *algorithm.optional_channels)
    if not {*algorithm.required_channels} <= {*names} <= {*known} or len(set(names)) != len(names):
        raise Invalid(
            f"The channels ({', '.join(names) or 'none'}) do not fit {algorithm.name}: it needs "
            f"{', '.join(algorithm.required_channels)}, may have {', '.join(algorithm.optional_channels)}, each once."
        )
    for channel in channels:
        kind = (channel.content_type or algorithm.default_content_type).partition(";")[0].strip().lower()
        if kind not in algorithm.content_types:
            raise Invalid(
                f"The content type '{channel.content_type}' of channel '{channel.name}' is not one that "
                f"{algorithm.name} reads: {', '.join(algorithm.content_types)}."
            )
