"""What compilation jobs are asked for, and what of that is refused."""

from dataclasses import replace

import pytest

from studiolo.domain import Invalid
from studiolo.ml.compilation import specification
from studiolo.ml.compilation.specification import CompilationSpecification, Target, check_options, shapes_of

ASKED = CompilationSpecification(
    framework="XGBOOST",
    role="arn:aws:iam::123456789012:role/r",
    uri="s3://b/in/churn.tar.gz",
    output="s3://b/out/",
    target=Target("ml_c5"),
)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ('{"data": [1, 3, 8, 8], "mask": [1, 8]}', {"data": (1, 3, 8, 8), "mask": (1, 8)}),
        ("[[1, 30], [1]]", {"input0": (1, 30), "input1": (1,)}),
    ],
)
def test_shapes_are_given_by_name_or_in_a_list(text: str, shapes: object) -> None:
    assert shapes_of(text) == shapes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{'data': [1]}", "not valid JSON"),
        ("[" * 10_000, "not valid JSON"),
        ("7", "the shape of each input by its name"),
        ("{}", "the shape of each input by its name"),
        ('{"data": [1, 0]}', "list of positive numbers as the shape of 'data'"),
        ('{"data": [true]}', "list of positive numbers"),
        ('{"data": {"shape": [1]}}', "list of positive numbers"),
        ('{"data": [100000, 100000]}', "10000000000 values for 'data'"),
    ],
)
def test_what_is_no_shape_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        shapes_of(text)


def test_the_artifact_has_the_name_of_the_model_and_of_what_it_is_compiled_for() -> None:
    assert ASKED.artifact == "s3://b/out/churn-ml_c5.tar.gz"
    platform = replace(ASKED, output="s3://b", target=Target(system="LINUX", architecture="X86_64"))
    assert platform.artifact == "s3://b/churn-LINUX_X86_64.tar.gz"


def test_what_was_asked_for_is_the_same_after_it_was_recorded() -> None:
    asked = replace(ASKED, shapes={"data": (1, 30)}, version="3.0", recorded={"VpcConfig": {}})
    assert CompilationSpecification.from_json(asked.to_json()) == asked


def test_this_machine_s_own_platform_is_compiled_for_and_another_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specification.platform, "machine", lambda: "aarch64")
    replace(ASKED, target=Target(system="LINUX", architecture="ARM64")).check()
    for other in (
        Target(system="LINUX", architecture="X86_64"),
        Target(system="ANDROID", architecture="ARM64"),
        Target(system="LINUX", architecture="ARM64", accelerator="NVIDIA"),
    ):
        with pytest.raises(Invalid, match=f"TargetPlatform {other} is not one that Studiolo can compile for"):
            replace(ASKED, target=other).check()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": Target("jetson_nano")}, "TargetDevice jetson_nano is not one that Studiolo can compile for"),
        ({"target": Target()}, "either TargetDevice or TargetPlatform"),
        ({"target": Target("ml_c5", "LINUX", "X86_64")}, "either TargetDevice or TargetPlatform"),
        ({"framework": "DARKNET"}, "Framework DARKNET is not one"),
        ({"framework": "PYTORCH"}, "A DataInputConfig is needed for PYTORCH"),
        ({"framework": "ONNX", "version": "1.8"}, "FrameworkVersion is not supported for ONNX"),
        ({"uri": "s3://b/in/"}, "gzip-compressed tar archive"),
    ],
)
def test_what_cannot_be_compiled_is_refused_in_a_sentence(changes: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        replace(ASKED, **changes).check()  # type: ignore[arg-type]


def test_options_that_would_change_the_model_are_refused() -> None:
    check_options('{"dtype": "float32", "mcpu": "skylake-avx512", "mattr": ["+avx2"]}')
    for text in ("[]", "{", '{"dtype": "float16"}', '{"class_labels": "x"}'):
        with pytest.raises(Invalid, match="CompilerOptions"):
            check_options(text)
