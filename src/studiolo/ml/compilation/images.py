"""The environments that models are compiled in, and the images, AWS's for compiled models and ours, that serve them."""

import re
from collections.abc import Callable, Collection

from studiolo.containers.environments import available_pythons
from studiolo.containers.image import Environment, Image
from studiolo.containers.images.frameworks import FRAMEWORKS
from studiolo.containers.images.named import named
from studiolo.containers.images.resolution import ALONE, OWN_PYTHON
from studiolo.domain import Invalid
from studiolo.ml.algorithms.registry import SERVER
from studiolo.ml.compilation import accounts
from studiolo.ml.compilation.specification import KERAS, ONNX, PYTORCH, SKLEARN, TENSORFLOW, XGBOOST

RUNTIME = "onnxruntime==1.23.2"
CONVERTERS = {
    SKLEARN: ("skl2onnx==1.20.0",),
    XGBOOST: ("skl2onnx==1.20.0", "onnxmltools==1.16.0"),
    PYTORCH: (),
    TENSORFLOW: ("tf2onnx==1.17.0",),
    KERAS: ("tf2onnx==1.17.0",),
}
PACKAGE = "onnx==1.19.1"
PACKAGES = {TENSORFLOW: "onnx==1.17.0", KERAS: "onnx==1.17.0"}
"""TensorFlow bears no newer one: both bind the package ml_dtypes."""
OF_PICKLES = (SKLEARN, XGBOOST)
"""Frameworks whose models are read by the version alone that wrote them."""
DEFAULTS = {SKLEARN: "1.2", XGBOOST: "3.0", PYTORCH: "2.6", TENSORFLOW: "2.16", KERAS: "2.16"}
"""The versions of frameworks where a job names none."""
LEFT_OUT = (
    "sagemaker",
    "pip",
    "boto3",
    "setuptools",
    "pandas",
    "pyarrow",
    "torchvision",
    "uvicorn",
    "uvloop",
    "httptools",
)
"""What an image of a framework has for scripts, and models are compiled without, by how their names begin."""

OWN = re.compile(r"studiolo/onnxruntime(:[\w.-]+)?")
FAMILIES = ("xgboost-neo", "neo-pytorch", "neo-tensorflow", "neo-mxnet")
COMMAND = (*ALONE, "studiolo.ml.compilation.program")
SERVE = (*ALONE, "studiolo.ml.compilation.serving")


def environment_of(
    framework: str, version: str, pythons: Callable[[], Collection[str]] = available_pythons
) -> Environment:
    """Where models of a framework's version are compiled. Raises Invalid for a version that is none."""
    image = f"compilation of {framework} {version}".rstrip()
    if framework == ONNX:
        return Environment(OWN_PYTHON, (*SERVER, RUNTIME, "numpy", PACKAGE), image=image)
    known, wanted = (
        FRAMEWORKS["tensorflow" if framework == KERAS else framework.lower()],
        version or DEFAULTS[framework],
    )
    if not re.fullmatch(r"\d+(\.\d+)+", wanted):
        raise Invalid(f"FrameworkVersion {version} is not a version of {known.name}, such as {DEFAULTS[framework]}.")
    fitting, python = known.fit(wanted, OWN_PYTHON, pythons())
    if framework in OF_PICKLES and not wanted.startswith(fitting):
        raise Invalid(f"FrameworkVersion {version} cannot be installed on this machine; the nearest one is {fitting}.")
    requirements, overrides = known.requirements(fitting)
    libraries = tuple(each for each in requirements if not each.startswith(LEFT_OUT))
    further = (*CONVERTERS[framework], PACKAGES.get(framework, PACKAGE), RUNTIME)
    return Environment(python, (*SERVER, *libraries, *further), overrides, image=image)


def inference_image(framework: str, version: str, region: str) -> str:
    """The image that a compiled model is served by: AWS's, where it has one for the framework, else Studiolo's own."""
    registry = f"{accounts.account_of(region)}.dkr.ecr.{region}.{accounts.domain_of(region)}"
    if framework == XGBOOST:
        return f"{registry}/xgboost-neo:latest"
    if framework in (PYTORCH, TENSORFLOW):
        return f"{registry}/sagemaker-inference-{framework.lower()}:{version or DEFAULTS[framework]}-cpu-py3"
    return "studiolo/onnxruntime:latest"


def compiled_image(uri: str, scripted: bool) -> Image | None:
    """The image, if it is one that serves compiled models.

    scripted: whether functions of the user's take part, which for a model of PyTorch may need that. Raises Invalid.
    """
    known = named(uri)
    if OWN.fullmatch(uri):
        name = uri
    elif known is not None and known.family in FAMILIES:
        name = str(known)
    else:
        return None
    environment = Environment(OWN_PYTHON, (*SERVER, RUNTIME, "numpy"), image="onnxruntime")
    notes = (f"The image {name} serves models of ONNX by {RUNTIME.replace('==', ' ')} here.",)
    if scripted and known is not None and known.family == "neo-pytorch":
        version = re.match(r"\d+\.\d+", known.version)
        environment = environment_of(PYTORCH, version[0] if version else "")
    return Image(name, serve=SERVE, environment=environment, notes=notes)
