"""The frameworks whose images can be run: which of their versions install on which Python, and what comes with them.

What PyPI has as wheels for x86-64 Linux decides: versions before those listed cannot be installed on any Python that
Studiolo's programs run on.
"""

from collections.abc import Collection
from dataclasses import dataclass

from studiolo.domain import Invalid

ALL = ("3.10", "3.11", "3.12", "3.13")
OLD = ("3.10", "3.11")

TOOLKITS = (
    "sagemaker-training",
    "sagemaker-inference",
    "setuptools<81",
    "pip",
    "boto3",
    "uvicorn",
    "httptools",
    "uvloop",
)
"""What runs scripts and handlers as in SageMaker's containers. sagemaker-inference asks setuptools for pkg_resources."""


@dataclass(frozen=True)
class Need:
    """A requirement, of versions from `since` on and before `below`; `{}` in it is the version, `{2}` the second one."""

    text: str
    since: str = "0"
    below: str = "9999"
    overrides: bool = False


@dataclass(frozen=True)
class Framework:
    """A framework. `wheels`: the first versions for which a set of Pythons holds, oldest first."""

    name: str
    wheels: tuple[tuple[str, tuple[str, ...]], ...]
    needs: tuple[Need, ...]
    module: str = ""
    """The value of SAGEMAKER_TRAINING_MODULE: the framework's own choice of how its scripts are run."""

    def requirements(self, version: str, second: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The requirements and overrides of a version, as `1.2`."""
        fitting = [need for need in self.needs if _number(need.since) <= _number(version) < _number(need.below)]
        texts = [(need.overrides, need.text.format(version, "", second)) for need in fitting]
        return (
            (*(text for overrides, text in texts if not overrides), *TOOLKITS),
            tuple(text for overrides, text in texts if overrides),
        )

    def fit(self, version: str, python: str, available: Collection[str]) -> tuple[str, str]:
        """The nearest version, as `1.2`, and Python to those wanted that install with the available Pythons.

        Raises Invalid where none does.
        """
        wanted = _minor(version)
        held = tuple(entry for entry in self.wheels if _number(entry[0]) <= _number(wanted))
        for first, pythons in (*held[-1:], *self.wheels[len(held) :]):
            if fitting := [each for each in pythons if each in available]:
                return max(wanted, first, key=_number), nearest(python, fitting)
        needed = sorted({python for _, pythons in self.wheels for python in pythons}, key=_number)
        raise Invalid(f"{self.name} needs one of the Pythons {', '.join(needed)} on this machine.")


OLDEST_TRANSFORMERS = "4.17"
"""The tokenizers of earlier ones have no wheels for any of these Pythons."""

# Newer pyarrow than 25 runs on NumPy 2 alone, and does not say so to who installs it.
FRAMEWORKS = {
    "sklearn": Framework(
        name="scikit-learn",
        wheels=(("1.0", ("3.10",)), ("1.1", OLD), ("1.3", ALL[:3]), ("1.5", ALL)),
        needs=(
            Need("scikit-learn=={}.*"),
            Need("numpy<1.24", below="1.2"),
            Need("numpy<2", since="1.2", below="1.5"),
            Need("scipy<1.12", below="1.3"),
            Need("pandas<3"),
            Need("pyarrow<26"),
        ),
    ),
    "xgboost": Framework(
        name="XGBoost",
        wheels=(("0.90", OLD), ("1.6", ALL[:3]), ("2.1", ALL)),
        needs=(
            Need("xgboost=={}.*", below="2.1"),
            # The package of this name brings 469 MB of libraries for GPUs.
            Need("xgboost-cpu=={}.*", since="2.1"),
            Need("numpy<1.24", below="1.6"),
            Need("numpy<2", since="1.6", below="2.1"),
            Need("pandas<2", below="1.6"),
            Need("pandas<3", since="1.6"),
            Need("scikit-learn<1.6", below="2.1"),
            Need("scikit-learn", since="2.1"),
            Need("scipy"),
            Need("pyarrow<26"),
        ),
    ),
    "pytorch": Framework(
        name="PyTorch",
        wheels=(("1.12", ("3.10",)), ("1.13", OLD), ("2.2", ALL[:3]), ("2.6", ALL)),
        needs=(
            Need("torch=={}.*"),
            Need("torchvision"),
            Need("numpy<2", below="2.3"),
            Need("numpy", since="2.3"),
            Need("pandas<3"),
            Need("scikit-learn"),
            Need("sagemaker-pytorch-training"),
            Need("sagemaker-pytorch-inference"),
        ),
        module="sagemaker_pytorch_container.training:main",
    ),
    "tensorflow": Framework(
        name="TensorFlow",
        wheels=(("2.8", ("3.10",)), ("2.12", OLD), ("2.16", ALL[:3])),
        needs=(
            Need("tensorflow-cpu=={}.*; sys_platform == 'linux' and platform_machine == 'x86_64'"),
            Need("tensorflow=={}.*; sys_platform != 'linux' or platform_machine != 'x86_64'"),
            Need("numpy<2", below="2.18"),
            Need("pandas<3"),
            Need("scikit-learn"),
            # The training toolkit asks for more than TensorFlow bears, and reads no protobuf in script mode.
            Need("protobuf>=3.20.3,<5", below="2.18", overrides=True),
        ),
    ),
    "huggingface": Framework(
        name="PyTorch",
        wheels=(("1.12", ("3.10",)), ("1.13", OLD), ("2.2", ALL[:3]), ("2.6", ALL)),
        needs=(
            Need("torch=={}.*"),
            Need("transformers=={2}.*"),
            Need("datasets"),
            Need("pyarrow<26"),
            Need("accelerate"),
            Need("sentencepiece"),
            Need("numpy<2", below="2.3"),
            Need("pandas<3"),
            Need("scikit-learn"),
            Need("sagemaker-pytorch-training"),
            Need("sagemaker-huggingface-inference-toolkit"),
            # Its handlers raise what this server knows; the server itself is not run.
            Need("multi-model-server"),
        ),
        module="sagemaker_pytorch_container.training:main",
    ),
}


def nearest_transformers(version: str) -> str:
    """The nearest version of transformers to that which installs, as `4.17`."""
    return max(_minor(version), OLDEST_TRANSFORMERS, key=_number)


def nearest(wanted: str, pythons: Collection[str]) -> str:
    """The nearest of the Pythons to the one wanted, as `3.11`; the oldest where none is."""
    return min(pythons, key=lambda each: _distance(each, wanted))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _minor(version: str) -> str:
    """`1.2` of `1.2-1`, `1.2.3` and `1.2`."""
    numbers = version.partition("-")[0].split(".")[:2]
    return ".".join([*numbers, "0"][:2])


def _distance(python: str, wanted: str) -> tuple[int, int]:
    """How far a Python is from the one wanted; without a wish, the oldest is the nearest to what AWS has."""
    minor = int(python.partition(".")[2])
    other = wanted.partition(".")[2]
    return abs(minor - (int(other) if other.isdecimal() else 0)), -minor
