"""What the operations of EventBridge need.

After "Actions, resources, and condition keys for Amazon EventBridge" (Service Authorization Reference).
"""

import json
from collections.abc import Mapping, Sequence

from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    CreateEventBus         event-bus/{Name}
    CreateEventBus?Tags    @events:TagResource  event-bus/{Name}
    DeleteEventBus         event-bus/{Name}
    DeleteRule             rule/{Name}
    DescribeEventBus       event-bus/{Name:default}
    DescribeRule           rule/{Name}
    DisableRule            rule/{Name}
    EnableRule             rule/{Name}
    ListEventBuses         *
    ListRuleNamesByTarget  *
    ListRules              *
    ListTagsForResource    ={ResourceARN}
    ListTargetsByRule      rule/{Rule}
    PutEvents              event-bus/{Entries[].[EventBusName||'default'][]}
    PutPermission          event-bus/{EventBusName:default}
    PutRule                rule/{Name}
    PutRule?Tags           @events:TagResource  rule/{Name}
    PutTargets             rule/{Rule}
    RemovePermission       event-bus/{EventBusName:default}
    RemoveTargets          rule/{Rule}
    TagResource            ={ResourceARN}
    TestEventPattern       *
    UntagResource          ={ResourceARN}
    UpdateEventBus         event-bus/{Name:default}
"""

KEYS = """
    PutEvents   events:source       Entries[].Source
    PutEvents   events:detail-type  Entries[].DetailType
    PutTargets  events:TargetArn    Targets[].Arn
"""


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """Rules of other buses than the default one have these in their names; buses may be given by ARN."""
    kind, _, name = resource.partition("/")
    name = name.rpartition(":event-bus/")[2]
    bus = str(parameters.get("EventBusName", "default")).rpartition(":event-bus/")[2]
    return (f"{kind}/{name}" if kind != "rule" or bus == "default" else f"{kind}/{bus}/{name}",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    if kind == "event-bus":
        return call.studio.events.rules.bus(call.scope, name).tags
    bus, _, rule = name.rpartition("/")
    return call.studio.events.rules.get(call.scope, bus or "default", rule).tags


def _known(call: Call, operation: str, parameters: Parameters) -> Mapping[str, str | Sequence[str]]:
    """Whose a rule is, and what the pattern of one that is put is for: the values that it asks for as they are."""
    if "Rule" not in operation and "Targets" not in operation:
        return {}
    known: dict[str, str | Sequence[str]] = {"events:creatorAccount": call.scope.account}
    try:
        pattern = json.loads(parameters.get("EventPattern", "{}"))
    except (TypeError, ValueError):
        return known
    for key in ("source", "detail-type"):
        values = pattern.get(key) if isinstance(pattern, dict) else None
        if isinstance(values, list):
            known[f"events:{key}"] = tuple(value if isinstance(value, str) else json.dumps(value) for value in values)
    return known


RIGHTS = Rights("events", table("events", TABLE), conditions(KEYS), names=_names, tags=_tags, known=_known)
