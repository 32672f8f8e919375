"""AWS::CloudFormation: wait conditions, and the handles that signals are sent to."""

import json
from datetime import datetime, timezone
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType
from studiolo.stacks.types.custom import CUSTOM

WAIT = "Wait"
LONGEST = 43200
"""Seconds that a wait condition waits at most."""


class WaitConditionHandle(ResourceType):
    """Ref is the address."""

    name = "AWS::CloudFormation::WaitConditionHandle"

    def create(self, at: At, properties: Properties) -> str:
        return at.requests.handle(at)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """It goes with the stack."""


class WaitCondition(ResourceType):
    name = "AWS::CloudFormation::WaitCondition"

    def create(self, at: At, properties: Properties) -> str:
        if at.requests.signals(str(properties.get("Handle"))) is None:
            raise Refused(CUSTOM, "A wait condition needs the Ref of a WaitConditionHandle as its Handle.")
        try:
            seconds = int(properties["Timeout"])
        except (KeyError, ValueError):
            seconds = -1
        if not 0 <= seconds <= LONGEST:
            raise Refused(CUSTOM, f"A wait condition needs a Timeout of 0 to {LONGEST} seconds.")
        at.requests.note(at, WAIT, at.name(), seconds)
        return at.name()

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        signals = at.requests.signals(str(properties["Handle"])) or []
        for signal in signals:
            if signal["Status"] == "FAILURE":
                told = f"'{signal['Reason']}' for uniqueId: {signal['UniqueId']}"
                raise Refused(CUSTOM, f"WaitCondition received failed message: {told}")
        expected = int(properties.get("Count", 1))
        if len(signals) >= expected:
            return True
        waited = at.requests.last(at, WAIT, operation=False)
        if waited is not None and datetime.now(timezone.utc) < waited.deadline:
            return False
        raise Refused(CUSTOM, f"WaitCondition timed out. Received {len(signals)} conditions when expecting {expected}")

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """Nothing was made."""

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        signals = at.requests.signals(str(properties["Handle"])) or []
        return {"Data": json.dumps({signal["UniqueId"]: signal["Data"] for signal in signals})}


TYPES = (WaitCondition, WaitConditionHandle)
