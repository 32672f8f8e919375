"""SageMaker's images for Spark: which runtime of this machine one is, and what its containers have for that."""

import json
from dataclasses import replace

from studiolo.containers.image import PYTHON, Image, Tools
from studiolo.containers.images.resolution import SUBMIT
from studiolo.containers.work import BASE, Work
from studiolo.domain import Scope
from studiolo.engine.launches import Launches
from studiolo.kernel import smspark
from studiolo.runtimes import Release, Runtimes

PROGRAM = (PYTHON, "-m", smspark.__name__, BASE)


class SparkImages:
    """The images of the server's runtimes."""

    def __init__(self, runtimes: Runtimes, launches: Launches) -> None:
        self._runtimes = runtimes
        self._launches = launches

    def release(self, image: Image) -> Release:
        """What the image is here. Raises Invalid for one without a version."""
        return self._runtimes.for_processing(image.spark)

    def furnished(self, work: Work, image: Image) -> Work:
        """The work with what containers of the image have. Raises Invalid, JarsUnavailable and NotCompiled."""
        release = self.release(image)
        launch = self._launches.launch(Scope(work.account, work.region), release)
        instances = tuple(
            replace(
                each,
                variables={**launch.variables, **each.variables},
                files={**each.files, smspark.TOLD: json.dumps(launch.told)},
            )
            for each in work.instances
        )
        tools = Tools({SUBMIT: PROGRAM}, tuple(map(str, launch.seen)))
        return replace(work, instances=instances, tools=tools, notes=(*work.notes, *_notes(image, release)))


def _notes(image: Image, release: Release) -> tuple[str, ...]:
    stands_in = f"{release.label} stands in for it. " if release.label != image.spark else ""
    return (f"The image is {image.name}. {stands_in}{release.notice}",)
