"""What a compilation job is asked to do."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from studiolo.domain import Invalid

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each input, by name, the first dimension its rows."""

SKLEARN, XGBOOST, PYTORCH, TENSORFLOW, KERAS, ONNX = "SKLEARN", "XGBOOST", "PYTORCH", "TENSORFLOW", "KERAS", "ONNX"
COMPILED = (SKLEARN, XGBOOST, PYTORCH, TENSORFLOW, KERAS, ONNX)
"""The frameworks whose models can be compiled."""
VERSIONED = (SKLEARN, XGBOOST, PYTORCH, TENSORFLOW, KERAS)
"""Those of a FrameworkVersion. Of these SageMaker has it for PyTorch and TensorFlow: a pickle is of a version as well."""

PROCESSORS = ("ml_m4", "ml_m5", "ml_m6g", "ml_c4", "ml_c5", "ml_c6g")
"""The target devices that are processors: each is this machine's here."""
ARCHITECTURES = {"x86_64": "X86_64", "amd64": "X86_64", "aarch64": "ARM64", "arm64": "ARM64"}

LARGEST_DIMENSION = 1 << 24
MOST_VALUES = 1 << 26
"""Of one input: 256 MiB."""
UNHEEDED = ("mcpu", "mattr")
"""Options that name the processor's instructions: ONNX Runtime finds these out where it runs."""


@dataclass(frozen=True)
class Target:
    """What is compiled for: a device, as `ml_c5`, or an operating system, an architecture and an accelerator."""

    device: str = ""
    system: str = ""
    architecture: str = ""
    accelerator: str = ""

    def __str__(self) -> str:
        return self.device or "_".join(filter(None, (self.system, self.architecture, self.accelerator)))

    def check(self) -> None:
        """Raise Invalid for what is not a processor such as this machine's."""
        if bool(self.device) == bool(self.system):
            raise Invalid("An OutputConfig needs either TargetDevice or TargetPlatform, and not both.")
        own = ARCHITECTURES.get(platform.machine().lower(), platform.machine())
        if self.device and self.device not in PROCESSORS:
            raise Invalid(
                f"TargetDevice {self.device} is not one that Studiolo can compile for: it compiles for the processor of "
                f"this machine, as which it takes {', '.join(PROCESSORS)}."
            )
        if self.system and (self.system, self.architecture, self.accelerator) != ("LINUX", own, ""):
            raise Invalid(
                f"TargetPlatform {self} is not one that Studiolo can compile for: it compiles for the processor of this "
                f"machine, which is Os LINUX, Arch {own}, without an Accelerator."
            )


@dataclass(frozen=True)
class CompilationSpecification:
    """What was asked for. `recorded` is kept and shown, and changes nothing that the job does.

    uri: the model's archive; output: the URI that the compiled one is written under. shapes: empty where they are to be
    found in the model. version: of the framework, as `1.2`; empty for a default.
    """

    framework: str
    role: str
    uri: str
    output: str
    target: Target
    shapes: Shapes = field(default_factory=dict)
    version: str = ""
    max_runtime: int = 15 * 60
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise Invalid for what cannot be compiled."""
        if self.framework not in COMPILED:
            raise Invalid(
                f"Framework {self.framework} is not one that Studiolo can compile; it compiles {', '.join(COMPILED)}."
            )
        if self.version and self.framework not in VERSIONED:
            raise Invalid(
                f"FrameworkVersion is not supported for {self.framework}; it is for {', '.join(VERSIONED)} alone."
            )
        if self.framework == PYTORCH and not self.shapes:
            raise Invalid(
                "A DataInputConfig is needed for PYTORCH, whose models do not say what they take: "
                'the shape of each input, such as {"input0": [1, 3, 224, 224]}.'
            )
        if not self.uri.endswith((".tar.gz", ".tgz")):
            raise Invalid(
                f"InputConfig.S3Uri must be that of one gzip-compressed tar archive (.tar.gz), not {self.uri}."
            )
        self.target.check()

    @property
    def archive(self) -> str:
        """The name of the model's archive."""
        return self.uri.rpartition("/")[2]

    @property
    def artifact(self) -> str:
        """The URI of the compiled model."""
        stem = self.archive.removesuffix(".tgz").removesuffix(".tar.gz")
        return f"{self.output.rstrip('/')}/{stem}-{self.target}.tar.gz"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "CompilationSpecification":
        shapes = {name: tuple(shape) for name, shape in values["shapes"].items()}
        return cls(**{**values, "target": Target(**values["target"]), "shapes": shapes})


def shapes_of(text: str) -> Shapes:
    """The inputs' shapes that a DataInputConfig says: by their names, or in a list, which names them input0, input1, …

    Raises Invalid.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"DataInputConfig is not valid JSON: {error}.") from error
    if isinstance(given, list):
        given = {f"input{number}": shape for number, shape in enumerate(given)}
    if not isinstance(given, dict) or not given:
        raise Invalid(
            'DataInputConfig must have the shape of each input by its name, such as {"input0": [1, 3, 224, 224]}.'
        )
    return {name: _shape(name, shape) for name, shape in given.items()}


def _shape(name: str, shape: Any) -> tuple[int, ...]:
    dimensions = shape if isinstance(shape, list) else []
    values = 1
    for size in dimensions:
        if type(size) is not int or not 0 < size <= LARGEST_DIMENSION:
            dimensions = []
            break
        values *= size
    if not dimensions:
        raise Invalid(
            f"DataInputConfig must have a list of positive numbers as the shape of '{name}', not {json.dumps(shape)[:80]}."
        )
    if values > MOST_VALUES:
        raise Invalid(f"DataInputConfig has {values} values for '{name}'; an input may have {MOST_VALUES}.")
    return tuple(dimensions)


def check_options(text: str) -> None:
    """Raise Invalid for CompilerOptions that ask for another model than the one that is compiled."""
    try:
        options = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"CompilerOptions is not valid JSON: {error}.") from error
    if not isinstance(options, dict):
        raise Invalid("CompilerOptions must be a JSON object.")
    for name, value in options.items():
        if name not in UNHEEDED and (name, value) != ("dtype", "float32"):
            raise Invalid(
                f"CompilerOptions {json.dumps({name: value})[:80]} is not supported by Studiolo: models are compiled in "
                f"float32, and of the options only {', '.join(UNHEEDED)} and dtype float32 are taken."
            )
