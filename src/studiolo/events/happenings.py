"""What happens here and is an event: the statuses of what jobs, endpoints, clusters, pipelines and stacks are.

That a status has changed is written down in the transaction that changes it, so that no event is lost with the server. What
the event tells beside is asked of the service afterwards, as it is then.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from studiolo.calling import Refused, Services
from studiolo.clusters.store import CLUSTER, STEP
from studiolo.clusters.tables import clusters, steps
from studiolo.domain import Clock, Scope
from studiolo.events.model import DEFAULT
from studiolo.events.tables import happened, rules, statuses
from studiolo.identity import root_user
from studiolo.ml.registry.packages import PACKAGE
from studiolo.ml.tables import endpoints, processing_jobs, records, training_jobs, transform_jobs, tuning_jobs
from studiolo.ml.tuning.store import THING as TUNING
from studiolo.pipelines.store import THING as EXECUTION
from studiolo.pipelines.tables import executions
from studiolo.stacks.store import STACK
from studiolo.stacks.tables import stacks
from studiolo.state import Thing

Document = Mapping[str, Any]


class Noting:
    """Writes down changes of status, in the transaction that makes them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, tx: Connection, thing: Thing) -> None:
        kind = KINDS.get(thing.kind)
        if kind is None or (thing.kind == STACK and not thing.name.startswith("arn:")):
            return
        found = kind.status(tx, thing)
        c = statuses.c
        mine = (c.account == thing.account) & (c.region == thing.region) & (c.kind == thing.kind)
        mine &= c.name == thing.name
        before = tx.execute(select(c.status).where(mine)).scalar()
        if found is None:
            tx.execute(statuses.delete().where(mine))
            return
        status, more = found
        if status == before:
            return
        place = {"account": thing.account, "region": thing.region}
        if before is None:
            tx.execute(statuses.insert().values(**place, kind=thing.kind, name=thing.name, status=status))
        else:
            tx.execute(statuses.update().where(mine).values(status=status))
        r = rules.c
        here = (r.account == thing.account) & (r.region == thing.region) & (r.bus == DEFAULT)
        if tx.execute(select(r.name).where(here).limit(1)).first() is not None:
            document = {"status": status, "before": before, **more}
            row = {"bus": DEFAULT, "kind": thing.kind, "name": thing.name, "document": document}
            tx.execute(happened.insert().values(**place, **row, at=self._clock()))


@dataclass(frozen=True)
class Kind:
    """status: reads it, with what else the event needs; told: the event's source, type, resources and detail."""

    status: Callable[[Connection, Thing], tuple[str, Document] | None]
    told: Callable[["Asking", str, Document], tuple[str, str, list[str], Document]]


class Asking:
    """Asks the services about what has changed, as its account."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services = services
        self.scope = scope

    def __call__(self, service: str, operation: str, **parameters: Any) -> Document:
        """The answer; an empty one where the service has none any more."""
        try:
            return self._services(
                root_user(self.scope.account, self.scope.partition), self.scope.region, service, operation, parameters
            )
        except Refused:
            return {}


def event_of(services: Services, scope: Scope, kind: str, name: str, document: Document) -> Document:
    """The event of a change, without its id and time."""
    source, type_, resources, detail = KINDS[kind].told(Asking(services, scope), name, document)
    plain = json.loads(json.dumps(detail, default=_milliseconds))
    return {"detail-type": type_, "source": source, "resources": resources, "detail": plain}


def _milliseconds(value: Any) -> Any:
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else str(value)


def _named(table: Table) -> Callable[[Connection, Thing], tuple[str, Document] | None]:
    """The status of what a table has by account, region and name."""

    def read(tx: Connection, thing: Thing) -> tuple[str, Document] | None:
        c = table.c
        mine = (c.account == thing.account) & (c.region == thing.region) & (c.name == thing.name)
        if "kind" in c:
            mine &= c.kind == thing.kind
        found = tx.execute(select(c.status).where(mine)).first()
        return None if found is None else (found.status or "Completed", {})

    return read


def _execution_status(tx: Connection, thing: Thing) -> tuple[str, Document] | None:
    query = select(executions.c.status).where(executions.c.id == thing.name.rpartition("/")[2])
    found = tx.execute(query).scalar()
    return None if found is None else (found, {})


def _cluster_status(tx: Connection, thing: Thing) -> tuple[str, Document] | None:
    found = tx.execute(select(clusters.c.state).where(clusters.c.id == thing.name)).scalar()
    return None if found is None else (found, {})


def _step_status(tx: Connection, thing: Thing) -> tuple[str, Document] | None:
    found = tx.execute(select(steps.c.state, steps.c.cluster).where(steps.c.id == thing.name)).first()
    return None if found is None else (found.state, {"cluster": found.cluster})


def _stack_status(tx: Connection, thing: Thing) -> tuple[str, Document] | None:
    found = tx.execute(select(stacks.c.status, stacks.c.reason).where(stacks.c.id == thing.name)).first()
    return None if found is None else (found.status, {"reason": found.reason or ""})


def _of_sagemaker(
    operation: str, word: str, type_: str, field: str
) -> Callable[[Asking, str, Document], tuple[str, str, list[str], Document]]:
    """What a Describe operation answers is the detail. word: how what it is about begins the names of its members."""

    def told(ask: Asking, name: str, document: Document) -> tuple[str, str, list[str], Document]:
        status = document["status"]
        arn = f"arn:{ask.scope.partition}:sagemaker:{ask.scope.region}:{ask.scope.account}:{field}/{name}"
        if word == "Endpoint":
            status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()
        answer = dict(ask("sagemaker", operation, **{f"{word}Name": arn if word == "ModelPackage" else name}))
        said = {f"{word}Name": name, f"{word}Arn": arn, f"{word}Status": status}
        if word == "ModelPackage":
            said = {f"{word}Arn": arn}
            if status != "Completed":
                said["ModelApprovalStatus"] = status
        return "aws.sagemaker", type_, [arn], {**answer, **said}

    return told


def _execution_told(ask: Asking, name: str, document: Document) -> tuple[str, str, list[str], Document]:
    found = ask("sagemaker", "DescribePipelineExecution", PipelineExecutionArn=name)
    pipeline = name.partition("/execution/")[0]
    detail = {
        "pipelineArn": pipeline,
        "pipelineExecutionArn": name,
        "pipelineExecutionDisplayName": found.get("PipelineExecutionDisplayName"),
        "pipelineExecutionDescription": found.get("PipelineExecutionDescription"),
        "currentPipelineExecutionStatus": document["status"],
        "previousPipelineExecutionStatus": document["before"],
        "executionStartTime": _text(found.get("CreationTime")),
    }
    if document["status"] not in ("Executing", "Stopping"):
        detail["executionEndTime"] = _text(found.get("LastModifiedTime"))
    type_ = "SageMaker Model Building Pipeline Execution Status Change"
    return "aws.sagemaker", type_, [pipeline, name], detail


def _cluster_told(ask: Asking, name: str, document: Document) -> tuple[str, str, list[str], Document]:
    found = ask("emr", "DescribeCluster", ClusterId=name).get("Cluster", {})
    status = document["status"]
    reason = found.get("Status", {}).get("StateChangeReason", {})
    detail = {
        "severity": "CRITICAL" if status == "TERMINATED_WITH_ERRORS" else "INFO",
        "stateChangeReason": json.dumps({name.lower(): value for name, value in reason.items()}),
        "name": found.get("Name"),
        "clusterId": name,
        "state": status,
        "message": f"Amazon EMR cluster {name} ({found.get('Name')}) is in the state {status}.",
    }
    return "aws.emr", "EMR Cluster State Change", [], detail


def _step_told(ask: Asking, name: str, document: Document) -> tuple[str, str, list[str], Document]:
    cluster, status = document["cluster"], document["status"]
    found = ask("emr", "DescribeStep", ClusterId=cluster, StepId=name).get("Step", {})
    detail = {
        "severity": "ERROR" if status == "FAILED" else "INFO",
        "actionOnFailure": found.get("ActionOnFailure"),
        "stepId": name,
        "name": found.get("Name"),
        "clusterId": cluster,
        "state": status,
        "message": f"Step {name} ({found.get('Name')}) in Amazon EMR cluster {cluster} is in the state {status}.",
    }
    return "aws.emr", "EMR Step Status Change", [], detail


def _stack_told(ask: Asking, name: str, document: Document) -> tuple[str, str, list[str], Document]:
    detail = {
        "stack-id": name,
        "status-details": {"status": document["status"], "status-reason": document["reason"]},
    }
    return "aws.cloudformation", "CloudFormation Stack Status Change", [name], detail


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _job(table: Table, word: str, type_: str, field: str) -> Kind:
    return Kind(_named(table), _of_sagemaker(f"Describe{word}", word, type_, field))


KINDS: Mapping[str, Kind] = {
    "training-job": _job(training_jobs, "TrainingJob", "SageMaker Training Job State Change", "training-job"),
    "processing-job": _job(processing_jobs, "ProcessingJob", "SageMaker Processing Job State Change", "processing-job"),
    "transform-job": _job(transform_jobs, "TransformJob", "SageMaker Transform Job State Change", "transform-job"),
    TUNING: _job(
        tuning_jobs,
        "HyperParameterTuningJob",
        "SageMaker HyperParameter Tuning Job State Change",
        "hyper-parameter-tuning-job",
    ),
    "endpoint": _job(endpoints, "Endpoint", "SageMaker Endpoint State Change", "endpoint"),
    PACKAGE: _job(records, "ModelPackage", "SageMaker Model Package State Change", PACKAGE),
    EXECUTION: Kind(_execution_status, _execution_told),
    CLUSTER: Kind(_cluster_status, _cluster_told),
    STEP: Kind(_step_status, _step_told),
    STACK: Kind(_stack_status, _stack_told),
}
"""By the kind of what transactions say that they change."""
