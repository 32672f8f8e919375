"""Layers: code that functions share, by versions that never change."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.functions.code import LARGEST_ZIP, CodeStore
from studiolo.functions.model import Code, Layer
from studiolo.functions.store import Store

NAME = re.compile(r"[a-zA-Z0-9-_]{1,140}")
ARN = re.compile(
    r"arn:[^:]+:lambda:(?P<region>[^:]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>\d+))?"
)


class Layers:
    """The layers of every scope."""

    def __init__(self, store: Store, code: CodeStore) -> None:
        self._store = store
        self._code = code

    def publish(self, scope: Scope, name: str, data: bytes, description: str, told: Mapping[str, Any]) -> Layer:
        """A further version. Raises Invalid."""
        if NAME.fullmatch(name) is None:
            raise Invalid(f"A layer is named by letters, digits, - and _: {name}")
        code, present = self._code.put(data), self._store.clock()
        return self._store.add_layer(
            scope, name, lambda number: Layer(scope, name, number, code, description, dict(told), present)
        )

    def get(self, scope: Scope, name: str, number: int) -> Layer:
        """Raises NotFound."""
        for layer in self._store.layers(scope, name):
            if layer.number == number:
                return layer
        raise NotFound("The resource you requested does not exist.")

    def by_arn(self, arn: str) -> Layer:
        """Raises Invalid, NotFound."""
        found = ARN.fullmatch(arn)
        if found is None or found["number"] is None:
            raise Invalid(f"{arn} is not the ARN of a layer version.")
        return self.get(Scope(found["account"], found["region"]), found["name"], int(found["number"]))

    def versions(self, scope: Scope, name: str) -> list[Layer]:
        """The youngest first."""
        return self._store.layers(scope, name)[::-1]

    def latest(self, scope: Scope) -> list[Layer]:
        """The youngest version of each."""
        return list({layer.name: layer for layer in self._store.layers(scope)}.values())

    def delete(self, scope: Scope, name: str, number: int) -> None:
        """Nobody can take it any more; functions that have it keep it."""
        self._store.remove_layer(scope, name, number)

    def codes(self, arns: Sequence[str]) -> list[Code]:
        """The code of layers, also of deleted ones. Raises Invalid."""
        return [layer.code for layer in self.of(arns)]

    def of(self, arns: Sequence[str]) -> list[Layer]:
        found = []
        for arn in arns:
            parts = ARN.fullmatch(arn)
            scope = None if parts is None else Scope(parts["account"], parts["region"])
            known = [] if scope is None or parts is None else self._store.layers(scope, parts["name"], deleted=True)
            layer = next((each for each in known if each.version_arn == arn), None)
            if layer is None:
                raise Invalid(
                    f"Layer version {arn} does not exist. Layers of other accounts are not here: publish it with "
                    f"PublishLayerVersion (a zip of {LARGEST_ZIP} bytes at most)."
                )
            found.append(layer)
        return found
