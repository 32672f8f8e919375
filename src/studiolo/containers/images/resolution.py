"""From an image URI to what it is here: a built-in algorithm, a framework's environment, or what a person says it is."""

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from studiolo.containers.algorithm import Algorithm
from studiolo.containers.environments import available_pythons
from studiolo.containers.foreign import foreign
from studiolo.containers.image import ENTRYPOINT, PYTHON, Environment, Foreign, Function, Image, Task
from studiolo.containers.images.frameworks import FRAMEWORKS, TOOLKITS, Framework, nearest, nearest_transformers
from studiolo.containers.images.named import Named, named, repositories
from studiolo.containers.images.own import OwnImage, own_image
from studiolo.containers.scripts import mlflow_model, notebook, serving, standalone
from studiolo.containers.work import BASE
from studiolo.domain import Invalid

TRAIN = (PYTHON, "-m", "sagemaker_training.cli.train")
SERVE = (PYTHON, str(Path(serving.__file__)))
ALONE = (PYTHON, "-I", "-u", str(Path(standalone.__file__)))
"""Runs a module of Studiolo's in another environment: nothing of ours, or of a user's, comes before its packages."""
SPARK, SUBMIT = "spark", "smspark-submit"
"""The family of the images for processing jobs on Spark, and the program that they are of."""
PORT = 8080
"""Where the programs `serve` of containers listen."""
NOTEBOOKS = ("sagemaker-distribution", "sagemaker-base-python")
"""The families of images in which Studio's notebooks run."""
OF_FUNCTIONS = {
    "sagemaker-base-python": ("boto3", "pip"),
    "sagemaker-distribution": ("boto3", "pip", "numpy", "pandas", "scikit-learn", "matplotlib"),
}
"""What these have for functions, beside the SDK that runs them."""
RELEASED = re.compile(r"\d+\.\d+\.\d+")
"""A version of the SDK that a package index has."""
MLFLOW = re.compile(r"(?:[\w.-]+(?::\d+)?/)*(?P<name>mlflow-pyfunc(?::(?P<version>\d[\w.]*)|:[\w.-]+)?)")
"""The image in which MLflow has its models served."""
SERVER = ("uvicorn", "httptools", "uvloop", "pip")
NOTEBOOK_JOB = "amazon_sagemaker_scheduler"
"""The program, as the SDK's NotebookJobStep has it, that runs a notebook."""
OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LONGEST_REQUIREMENTS = 1 << 20


class Images:
    """The images that can be run.

    algorithm_of(uri): the built-in algorithm that an image is of; `built_in` are the names of all. reason(uri): why an
    image that is of none cannot be run, where more is to be said than that.
    compiled(uri, scripted): the image, if it is one that serves compiled models.
    own: the file that says what a person's own images are. programs: the modules, run with the container's /opt/ml as
    their argument, that are the programs of families of images for processing. pythons: those of this machine, as `3.11`.
    engine: the program of a container engine that may run those that are nothing else, if any.
    """

    def __init__(
        self,
        algorithm_of: Callable[[str], Algorithm | None],
        built_in: Collection[str],
        reason: Callable[[str], str | None],
        compiled: Callable[[str, bool], Image | None],
        own: Path,
        programs: Mapping[str, str],
        pythons: Callable[[], Collection[str]] = available_pythons,
        engine: str | None = None,
    ) -> None:
        self._algorithm_of = algorithm_of
        self._built_in = built_in
        self._reason = reason
        self._compiled = compiled
        self._own = own
        self._programs = programs
        self._engine = engine
        self._pythons = pythons

    def resolve(self, uri: str, task: Task, *, scripted: bool = False, function: Function | None = None) -> Image:
        """What the image is, to be used for that task. Raises Invalid, which says what there is.

        scripted: whether a script of the user's is run in it, where it is of an algorithm as well as of a framework.
        function: what it runs, whose Python it has where the image does not say its own.
        """
        own, python = own_image(self._own, uri), function.python if function is not None else ""
        if own is not None:
            return self._of_a_person(uri, own, python)
        compiled = self._compiled(uri, scripted) or _of_mlflow(uri)
        if compiled is not None:
            return compiled
        algorithm = self._algorithm_of(uri)
        known = named(uri)
        if known is not None and known.family in NOTEBOOKS:
            return _of_notebooks(known) if function is None else self._of_functions(known, function)
        if known is not None and known.family in FRAMEWORKS and (scripted or algorithm is None):
            return self._of_a_framework(known, FRAMEWORKS[known.family], python)
        if known is not None and known.family == SPARK and task == "process":
            return Image(name=str(known), process=(SUBMIT,), spark=known.version)
        if known is not None and known.family in self._programs and task == "process":
            return Image(name=str(known), process=(PYTHON, "-m", self._programs[known.family], BASE))
        if algorithm is not None:
            return image_of(algorithm, str(known or algorithm.name))
        reason = self._reason(uri)
        if self._engine is not None and known is None and reason is None:
            return _of_an_engine(foreign(self._engine, uri))
        raise Invalid(
            f"The image '{uri}' is not one that Studiolo can run{f': {reason}' if reason else '.'} "
            f"Use one of a built-in algorithm ({', '.join(sorted(self._built_in))}) or of a framework "
            f"({', '.join(self.frameworks())}), or say what it is in {self._own} (a file of requirements, or a folder); "
            "Docker runs an image of your own where the setting `docker` allows it."
        )

    @staticmethod
    def frameworks() -> list[str]:
        """The repositories of frameworks that can be run."""
        return [name for family in FRAMEWORKS for name in _runnable(family)]

    def _of_functions(self, known: Named, function: Function) -> Image:
        python = nearest(known.python or function.python, self._pythons())
        # The SDK would have pip install itself in each job, and its version 3 leaves even that out.
        sdk = (f"sagemaker=={function.sdk}",) if RELEASED.fullmatch(function.sdk) else ()
        return Image(
            name=str(known),
            environment=Environment(python, (*OF_FUNCTIONS[known.family], *sdk), image=str(known)),
            notes=(f"The image {known} is Python {python} here, with {', '.join(sdk) or 'no SDK'}.",),
        )

    def _of_a_framework(self, known: Named, framework: Framework, asked_python: str) -> Image:
        # The oldest image of XGBoost, of version 0.72, has no other version in its tag.
        asked = "0.72" if known.repository == "xgboost" else known.version
        second = ""
        if known.repository not in _runnable(known.family):
            raise Invalid(f"The image '{known}' is not one that Studiolo can run: it is for other machines than this.")
        if "-transformers" in asked:
            asked, _, transformers = asked.partition("-transformers")
            second = nearest_transformers(transformers)
        if not asked[:1].isdigit():
            raise Invalid(f"The image '{known}' has no tag that begins with a version of {framework.name}.")
        version, python = framework.fit(asked, known.python or asked_python, self._pythons())
        requirements, overrides = framework.requirements(version, second)
        return Image(
            name=str(known),
            train=TRAIN,
            serve=(*SERVE, known.family),
            environment=Environment(python, requirements, overrides, image=str(known)),
            variables=_variables(framework.module),
            notes=tuple(_notes(known, framework, asked, version, python, second)),
        )

    def _of_a_person(self, uri: str, own: OwnImage, asked: str) -> Image:
        pythons = self._pythons()
        if own.python and own.python not in pythons:
            raise Invalid(f"{self._own} wants Python {own.python} for '{uri}', which this machine does not have.")
        python = own.python or nearest(asked, pythons)
        file = own.requirements or (own.folder or Path()) / "requirements.txt"
        lines = _requirements(file) if file.is_file() else ()
        programs = {name for name in ("train", "serve") if own.folder and (own.folder / name).is_file()}
        return Image(
            name=uri,
            train=("train",) if "train" in programs else TRAIN,
            serve=("serve",) if "serve" in programs else (*SERVE, "sklearn"),
            environment=Environment(python, (*lines, *TOOLKITS), folder=str(own.folder or ""), image=uri),
            variables=_variables(""),
            port=PORT if "serve" in programs else None,
            notes=(f"The image {uri} is what {self._own} says: Python {python} with {file}.",),
        )


def _of_an_engine(image: Foreign) -> Image:
    note = f"The image {image.name} is run by {Path(image.engine).name}, outside of Studiolo's fence."
    return Image(
        image.name,
        train=(ENTRYPOINT, "train"),
        serve=(ENTRYPOINT, "serve"),
        process=(ENTRYPOINT,),
        foreign=image,
        port=PORT,
        notes=(note,),
    )


def _of_mlflow(uri: str) -> Image | None:
    """The image that `mlflow deployments create -t sagemaker` names, for models of MLflow; None for any other."""
    match = MLFLOW.fullmatch(uri)
    if match is None:
        return None
    version = match["version"]
    mlflow = f"mlflow=={version}" if version else "mlflow"
    environment = Environment(OWN_PYTHON, (mlflow, *SERVER), image=match["name"])
    what = mlflow.replace("==", " ")
    note = f"The image {match['name']} is {what} on Python {OWN_PYTHON} here, and what the model requires."
    return Image(
        match["name"], serve=(PYTHON, str(Path(mlflow_model.__file__))), environment=environment, notes=(note,)
    )


def _of_notebooks(known: Named) -> Image:
    note = f"The image {known} is Studiolo's own Python {OWN_PYTHON} here, which is that of Studio's notebooks."
    return Image(name=str(known), programs={NOTEBOOK_JOB: (PYTHON, "-m", notebook.__name__)}, notes=(note,))


def image_of(algorithm: Algorithm, name: str) -> Image:
    """A built-in algorithm: in an environment, known by that name, of what it requires, else on Studiolo's own Python."""
    if algorithm.requirements:
        command: tuple[str, ...] = (*ALONE, algorithm.module)
        environment = Environment(OWN_PYTHON, algorithm.requirements, image=name)
    else:
        command, environment = (PYTHON, "-m", algorithm.module), None
    return Image(
        algorithm.name,
        train=(*command, "train"),
        serve=(*command, "serve"),
        environment=environment,
        algorithm=algorithm,
    )


def _runnable(family: str) -> list[str]:
    """The repositories of a family that are for processors as this machine's."""
    others = ("-eia", "-graviton", "-neo-", "huggingface-tensorflow")
    return [name for name in repositories(family) if not any(other in name for other in others)]


def _variables(module: str) -> dict[str, str]:
    # Hosts are named in the fence's hosts file, where there is a fence; the toolkit would wait for them without end.
    variables = {"SM_STUDIO_LOCAL_MODE": "true"}
    return {**variables, "SAGEMAKER_TRAINING_MODULE": module} if module else variables


def _notes(known: Named, framework: Framework, asked: str, version: str, python: str, second: str) -> Iterator[str]:
    yield f"The image {known} is {framework.name} {version} on Python {python} here."
    plain = asked.partition("-")[0]
    if plain != version and not plain.startswith(f"{version}."):
        yield f"{framework.name} {plain} cannot be installed on the Pythons of this machine: {version} stands in for it."
    if known.python and known.python != python:
        yield f"The image's Python is {known.python}: {python} stands in for it."
    if second and not known.version.partition("-transformers")[2].startswith(f"{second}."):
        yield f"The image's transformers cannot be installed on any Python of Studiolo's: {second} stands in for it."
    if "-gpu-" in known.tag:
        yield "The image is for GPUs: it runs on what this machine has."


def _requirements(file: Path) -> tuple[str, ...]:
    """The lines of a file of requirements that say something. Raises Invalid for what names other files."""
    if file.stat().st_size > LONGEST_REQUIREMENTS:
        raise Invalid(f"{file} is larger than {LONGEST_REQUIREMENTS} bytes.")
    lines = [line.strip() for line in file.read_text(errors="replace").splitlines()]
    said = tuple(line for line in lines if line and not line.startswith("#"))
    for line in said:
        if line.startswith(("-", ".")):
            raise Invalid(f"{file} has the line '{line}': here only packages by name or URL can be required.")
    return said
