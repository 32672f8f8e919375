"""Images: what an image URI means here."""

from collections.abc import Callable, Collection

from studiolo.containers.algorithm import Algorithm
from studiolo.containers.image import PYTHON, Image, Task
from studiolo.domain import Invalid


class Images:
    """The images that can be run.

    algorithm_of(uri): the built-in algorithm that an image is of; `built_in` are the names of all.
    """

    def __init__(self, algorithm_of: Callable[[str], Algorithm | None], built_in: Collection[str]) -> None:
        self._algorithm_of = algorithm_of
        self._built_in = built_in

    def resolve(self, uri: str, task: Task) -> Image:
        """What the image is, to be used for that task. Raises Invalid, which says what there is."""
        algorithm = self._algorithm_of(uri)
        if algorithm is None:
            raise Invalid(
                f"The image '{uri}' is not one that Studiolo can run. "
                f"There are the images of the built-in algorithms: {', '.join(sorted(self._built_in))}."
            )
        return _built_in(algorithm)


def _built_in(algorithm: Algorithm) -> Image:
    command = (PYTHON, "-m", algorithm.module)
    return Image(algorithm.name, train=(*command, "train"), serve=(*command, "serve"), algorithm=algorithm)
