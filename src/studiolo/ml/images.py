"""The images that a data folder's jobs and endpoints can be of."""

from pathlib import Path

from studiolo.containers.image import Image
from studiolo.containers.images import Images
from studiolo.containers.images.named import named
from studiolo.ml.algorithms import BUILT_IN, algorithm_for_image, refusal
from studiolo.ml.compilation.images import compiled_image
from studiolo.ml.monitoring import analyzer
from studiolo.ml.sparkml.image import sparkml_image

OWN = "images.json"
"""The file, in the data folder, that says what a person's own images are."""

PROGRAMS = {"model-monitor": analyzer.__name__}
"""The modules that are the programs of images for processing, by the images' families."""

REFUSED = {
    "clarify": "bias and explainability (Clarify) are not there; a script with the package shap, in a framework's image, "
    "can tell the same.",
}
"""Why images of AWS's that hold no algorithm cannot be run, by their families."""


def _reason(uri: str) -> str | None:
    known = named(uri)
    return refusal(uri) or (None if known is None else REFUSED.get(known.family))


def _serving_only(uri: str, scripted: bool) -> Image | None:
    return compiled_image(uri, scripted) or sparkml_image(uri)


def known_images(folder: Path, engine: str | None = None) -> Images:
    """The images of the data folder; the program `engine`, if any, may run those that are nothing here."""
    return Images(algorithm_for_image, BUILT_IN, _reason, _serving_only, folder / OWN, PROGRAMS, engine=engine)
