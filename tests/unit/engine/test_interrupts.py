"""How often a statement that is being canceled is interrupted."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from studiolo.domain import Scope
from studiolo.engine import Key
from studiolo.engine.runner import Runner


def test_what_wakes_a_session_does_not_interrupt_its_statement_again(tmp_path: Path) -> None:
    interrupted: list[str] = []
    kernels = SimpleNamespace(folder=lambda _: tmp_path, interrupt=interrupted.append)
    store = SimpleNamespace(statement=lambda *_: SimpleNamespace(state="CANCELLING"))
    provision: Any = SimpleNamespace(store=store, kernels=kernels)
    awake: Any = SimpleNamespace(receive=lambda _: None)
    statement: Any = SimpleNamespace(id=0, message="one")
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "one.jsonl").touch()
    runner = Runner(Key("test", Scope("000000000000", "eu-central-1"), "mine"), provision, lambda _: None)

    # The kernel still turns the first interrupt into a reply, which a second one would cut off.
    assert not any(runner._answered(awake, "kernel", statement) for _ in range(3))
    assert interrupted == ["kernel"]
