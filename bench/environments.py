"""What Studiolo is compared with, each in a Python environment of its own made by uv and kept for the next run."""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import uv

from bench.row import Unavailable

REQUIREMENTS = {
    "moto": ("moto[server]==5.2.5",),
    "ministack": ("ministack==1.5.33",),
    "models": (
        *("mlflow==3.17.2", "litserve==0.2.19", "numpy<2", "pandas<3"),
        *("scikit-learn==1.2.2", "xgboost-cpu==3.0.5", "torch==2.6.0"),
    ),
    "mlflow": ("mlflow==3.17.2", "scikit-learn==1.7.2", "numpy<3"),
}
BUILD_SECONDS = 600


class Environments:
    """The environments under one folder; each is built at its first use, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refused: dict[str, Unavailable] = {}

    def get(self, name: str) -> Path:
        """The folder of its programs. Raises Unavailable, with what uv said, where it cannot be built."""
        if name in self._refused:
            raise self._refused[name]
        requirements = REQUIREMENTS[name]
        content = json.dumps([requirements, platform.python_version(), platform.machine()])
        home = self._folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        complete = home / "complete"
        if not complete.exists():
            try:
                self._build(home, requirements)
            except Unavailable as why:
                shutil.rmtree(home, ignore_errors=True)
                self._refused[name] = why
                raise
            complete.touch()
        return home / "bin"

    def _build(self, home: Path, requirements: tuple[str, ...]) -> None:
        print(f"Building an environment for {requirements[0]} in {home} ...", file=sys.stderr, flush=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        program = uv.find_uv_bin()
        _run([program, "venv", "-q", "--python", sys.executable, str(home)])
        _run([program, "pip", "install", "-q", "--python", str(home / "bin" / "python"), *requirements])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"its environment was not built within {BUILD_SECONDS} s") from None
    if done.returncode:
        raise Unavailable(f"its environment could not be built: {' '.join(done.stderr.split())[-300:]}")
