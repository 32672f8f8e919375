"""The images that a data folder's jobs and endpoints can be of."""

from pathlib import Path

from studiolo.containers.images import Images
from studiolo.ml.algorithms import BUILT_IN, algorithm_for_image, refusal
from studiolo.ml.compilation.images import compiled_image
from studiolo.ml.monitoring import analyzer

OWN = "images.json"
"""The file, in the data folder, that says what a person's own images are."""

PROGRAMS = {"model-monitor": analyzer.__name__}
"""The modules that are the programs of images for processing, by the images' families."""


def known_images(folder: Path) -> Images:
    """The images of the data folder."""
    return Images(algorithm_for_image, BUILT_IN, refusal, compiled_image, folder / OWN, PROGRAMS)
