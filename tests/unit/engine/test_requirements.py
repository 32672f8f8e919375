"""Which modules a session may ask for: none that is read from the machine that the server runs on."""

import pytest

from studiolo.domain import Invalid
from studiolo.engine.requirements import checked, listed


@pytest.mark.parametrize(
    "request_",
    [
        "plotly",
        "pandas>=1.5,<2; python_version > '3'",
        "requests[socks]",
        "mine @ https://packages.example/mine-1.0.tar.gz",
        "https://packages.example/mine-1.0-py3-none-any.whl",
        "git+https://packages.example/mine.git@v1",
        "plotly==5.0 --hash=sha256:00ff",
    ],
)
def test_packages_of_an_index_and_of_the_web_are_taken(request_: str) -> None:
    assert checked(request_) == request_


@pytest.mark.parametrize(
    "request_",
    [
        "/root/private",
        "./private",
        "~/private",
        "private/",
        "private-1.0.tar.gz",
        "private-1.0-py3-none-any.WHL",
        "file:///root/private-1.0.tar.gz",
        "mine @ file:///root/private-1.0.tar.gz",
        "mine @ /root/private",
        "mine @ git+file:///root/private",
        "git+ssh://host/private.git",
        "plotly /root",
        "https://packages.example/mine.whl /root",
        "${HOME}/private",
    ],
)
def test_files_of_the_machine_are_no_modules(request_: str) -> None:
    with pytest.raises(Invalid, match="no package of an index"):
        checked(request_)


def test_a_file_of_requirements_is_read_without_its_comments() -> None:
    text = "# all\nplotly==5.0 \\\n  --hash=sha256:00ff\n\nmine # /root\n--index-url=https://packages.example/simple\n"
    assert list(listed(text)) == [
        "plotly==5.0    --hash=sha256:00ff",
        "mine",
        "--index-url https://packages.example/simple",
    ]


@pytest.mark.parametrize(
    "line",
    ["-r /data/credentials.json", "-c/etc/passwd", "-e .", "--find-links /data", "--index-url file:///data", "-"],
)
def test_a_file_of_requirements_names_no_further_files(line: str) -> None:
    with pytest.raises(Invalid):
        list(listed(line))
