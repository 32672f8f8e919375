"""SageMaker's projects: a name for what SageMaker launches of a product of Service Catalog, as the caller."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from studiolo.calling import Refused, Services, principal_as_json, principal_from
from studiolo.domain import AlreadyExists, Clock, Conflict, Invalid, NotFound, Scope
from studiolo.identity import Principal
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.products.launched import TERMINATE, UPDATE
from studiolo.products.provisioning import Provisioning
from studiolo.products.tables import projects
from studiolo.state import State

VERBS = {"ProvisionProduct": "Create", "UpdateProvisionedProduct": "Update", "TerminateProvisionedProduct": "Delete"}
OPERATIONS = {UPDATE: "UpdateProvisionedProduct", TERMINATE: "TerminateProvisionedProduct"}


@dataclass(frozen=True)
class Project:
    """A project. status: as SageMaker spells it; message: why it failed.

    document: description, product, artifact, path, parameters, by (who made it), changed_by, operation (the last one, of
    Service Catalog), call (its parameters, until it is made), principal, record, provisioned, refused.
    """

    id: str
    scope: Scope
    name: str
    created: datetime
    updated: datetime
    document: Mapping[str, Any]
    status: str = "Pending"
    message: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.document.get(name)

    @property
    def arn(self) -> str:
        place = f"arn:{self.scope.partition}:sagemaker:{self.scope.region}:{self.scope.account}"
        return f"{place}:project/{self.name}"


class Projects:
    """The projects of every scope. `start` is given how to call the services."""

    def __init__(self, state: State, provisioning: Provisioning, tags: Tags, clock: Clock) -> None:
        self._state = state
        self._provisioning = provisioning
        self._clock = clock
        self._services: Services | None = None
        tags.know("project", _exists)

    def start(self, services: Services) -> None:
        """Make the calls that an earlier server was killed before."""
        self._services = services
        with self._state.reading() as connection:
            found = [
                _as_project(row) for row in connection.execute(projects.select().where(projects.c.live.is_not(None)))
            ]
        for project in found:
            if project["call"] is not None:
                self._call(project)

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        description: str | None,
        details: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> Project:
        """Begin to make a project. details: product, artifact, path, parameters. Raises AlreadyExists."""
        moment, identifier = self._clock(), f"p-{secrets.token_hex(6)}"
        artifact = details["artifact"] or self._provisioning.youngest(scope, details["product"])
        document = {"description": description, **details, "artifact": artifact, "by": _as_person(principal)}
        project = Project(identifier, scope, name, moment, moment, document)
        own = {"sagemaker:project-name": name, "sagemaker:project-id": identifier}
        parameters = {
            "ProductId": details["product"],
            "ProvisioningArtifactId": artifact,
            "PathId": details["path"],
            "ProvisionedProductName": f"{name}-{identifier}",
            "ProvisioningParameters": _given(self._own_parameters(project), details["parameters"]),
            "ProvisionToken": identifier,
            "Tags": [{"Key": key, "Value": value} for key, value in {**tags, **own}.items()],
        }
        project = self._asking(project, principal, "ProvisionProduct", parameters)
        with self._state.transaction() as tx:
            if _exists(tx, scope, name):
                raise AlreadyExists(f"Project with name {name} already exists.")
            values = {"id": identifier, "account": scope.account, "region": scope.region, "name": name, "live": name}
            tx.execute(projects.insert().values(**values, created=moment, updated=moment, document=project.document))
            set_tags(tx, project.arn, tags)
        return self._call(project)

    def get(self, scope: Scope, name: str) -> Project:
        """A project, or the last of that name that was deleted. Raises NotFound."""
        found = self._all(scope, projects.c.name == name)
        if not found:
            raise NotFound(f"Project with name {name} does not exist.")
        return found[0]

    def all(self, scope: Scope) -> list[Project]:
        """Those that are not deleted, the youngest first."""
        return [each for each in self._all(scope, projects.c.live.is_not(None)) if each.status != "DeleteCompleted"]

    def update(
        self, scope: Scope, principal: Principal, name: str, description: str | None, changes: Mapping[str, Any] | None
    ) -> Project:
        """Change what is told of a project, or launch other parameters or another artifact. Raises Conflict, NotFound."""
        project = self._settled(scope, name)
        document = {**project.document, "changed_by": _as_person(principal)}
        if description is not None:
            document["description"] = description
        project = replace(project, document=document)
        if changes is None:
            return self._put(project)
        if project["provisioned"] is None:
            raise Conflict(f"Project {name} has never been launched: delete it.")
        document["artifact"] = changes["artifact"] or project["artifact"]
        document["parameters"] = {**project["parameters"], **changes["parameters"]}
        parameters = {
            "ProvisionedProductId": project["provisioned"],
            "ProvisioningArtifactId": project["artifact"],
            "ProvisioningParameters": _given(self._own_parameters(project), project["parameters"]),
            "UpdateToken": secrets.token_hex(16),
        }
        return self._call(self._put(self._asking(project, principal, OPERATIONS[UPDATE], parameters)))

    def delete(self, scope: Scope, principal: Principal, name: str) -> None:
        """Begin to delete a project, with what was launched for it. Raises Conflict, NotFound."""
        project = self._settled(scope, name)
        if project["provisioned"] is None:
            self._drop(project)
            return
        parameters = {"ProvisionedProductId": project["provisioned"], "TerminateToken": secrets.token_hex(16)}
        self._call(self._put(self._asking(project, principal, OPERATIONS[TERMINATE], parameters)))

    # --- parts

    def _settled(self, scope: Scope, name: str) -> Project:
        project = self.get(scope, name)
        if project.status == "DeleteCompleted":
            raise NotFound(f"Project with name {name} does not exist.")
        if project.status.endswith("InProgress"):
            raise Conflict(f"Project {name} is {project.status}: wait for that first.")
        return project

    def _own_parameters(self, project: Project) -> dict[str, str]:
        """What SageMaker itself gives to templates that ask for it."""
        own = {"SageMakerProjectName": project.name, "SageMakerProjectId": project.id}
        product, artifact = project["product"], project["artifact"]
        known = self._provisioning.parameters(project.scope, product, artifact)
        return {name: value for name, value in own.items() if name in known}

    def _asking(self, project: Project, principal: Principal, operation: str, parameters: Mapping[str, Any]) -> Project:
        call = {name: value for name, value in parameters.items() if value not in (None, [])}
        asked = {"operation": operation, "call": call, "principal": principal_as_json(principal), "refused": None}
        return replace(project, document={**project.document, **asked})

    def _call(self, project: Project) -> Project:
        principal, region = principal_from(project["principal"]), project.scope.region
        found: dict[str, Any] = {"call": None, "record": None}
        try:
            assert self._services is not None
            answer = self._services(principal, region, "servicecatalog", project["operation"], project["call"])
            detail = answer["RecordDetail"]
            found.update(record=detail["RecordId"], provisioned=detail["ProvisionedProductId"])
        except Refused as error:
            found["refused"] = f"{error.message} (Service: AWSServiceCatalog; Error Code: {error.code})"
        return self._put(replace(project, document={**project.document, **found}))

    def _put(self, project: Project) -> Project:
        changed = replace(project, updated=self._clock())
        with self._state.transaction() as tx:
            this = projects.update().where(projects.c.id == project.id)
            tx.execute(this.values(updated=changed.updated, document=changed.document))
        return changed

    def _drop(self, project: Project) -> None:
        with self._state.transaction() as tx:
            document = {**project.document, "gone": True}
            tx.execute(projects.update().where(projects.c.id == project.id).values(live=None, document=document))
            drop_tags(tx, project.arn)

    def _all(self, scope: Scope, which: Any) -> list[Project]:
        columns = projects.c
        query = projects.select().where(columns.account == scope.account, columns.region == scope.region, which)
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(columns.created.desc(), columns.id)).all()
        return [self._told(_as_project(row), row.live is not None) for row in rows]

    def _told(self, project: Project, live: bool) -> Project:
        """With its status: what has become of what SageMaker asked Service Catalog for."""
        if project["gone"]:
            return replace(project, status="DeleteCompleted")
        verb = VERBS[project["operation"]]
        if project["refused"] is not None:
            return replace(project, status=f"{verb}Failed", message=project["refused"])
        if project["record"] is None:
            return project
        record = self._provisioning.record(project.scope, project["record"])
        if record.running:
            return replace(project, status=f"{verb}InProgress")
        if record.status == "FAILED":
            why = "; ".join(error["Description"] for error in record["errors"])
            return replace(project, status=f"{verb}Failed", message=why)
        if verb == "Delete" and live:
            self._drop(project)
        return replace(project, status=f"{verb}Completed")


def _exists(connection: Connection, scope: Scope, name: str) -> bool:
    columns = projects.c
    mine = (columns.account == scope.account) & (columns.region == scope.region) & (columns.live == name)
    return connection.execute(projects.select().where(mine)).first() is not None


def _as_project(row: Any) -> Project:
    return Project(row.id, Scope(row.account, row.region), row.name, row.created, row.updated, row.document)


def _given(own: Mapping[str, str], given: Mapping[str, str]) -> list[dict[str, str]]:
    if taken := sorted(set(own) & set(given)):
        raise Invalid(f"{', '.join(taken)} cannot be given: SageMaker sets it.")
    return [{"Key": key, "Value": value} for key, value in {**own, **given}.items()]


def _as_person(principal: Principal) -> dict[str, str]:
    return {"Arn": principal.arn, "PrincipalId": principal.user_id}
