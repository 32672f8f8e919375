"""The linear-learner, trained in a temporary folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.ml.algorithms.training_container import Data, TrainingContainer, as_csv, as_recordio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def container(tmp_path: Path) -> TrainingContainer:
    return TrainingContainer(tmp_path)


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., TrainingContainer]:
    """`trained(train, validation=None, test=None, content_type="text/csv", **hyperparameters)` trains with success."""
    count = 0

    def run(
        train: Data,
        validation: Data | None = None,
        test: Data | None = None,
        content_type: str = "text/csv",
        **hyperparameters: Any,
    ) -> TrainingContainer:
        nonlocal count
        count += 1
        container = TrainingContainer(tmp_path / str(count))
        given = {"train": train, "validation": validation, "test": test}
        channels = {name: data for name, data in given.items() if data is not None}
        container.configure(
            {name: str(value) for name, value in hyperparameters.items()},
            {name: {"ContentType": content_type, "TrainingInputMode": "File"} for name in channels},
        )
        for name, data in channels.items():
            container.put(name, as_csv(*data) if content_type.startswith("text/csv") else as_recordio(*data))
        assert container.run() == 0, container.failure
        return container

    return run
