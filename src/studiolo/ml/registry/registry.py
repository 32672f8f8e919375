"""The registry as the server holds it, and what it writes down by itself of jobs and packages."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Clock, Scope
from studiolo.identity import Principal
from studiolo.ml.names import arn
from studiolo.ml.registry.cards import Cards
from studiolo.ml.registry.lineage import ACTION, CONTEXT, Lineage, ensure, ensure_artifact, link
from studiolo.ml.registry.packages import GROUP, PACKAGE, Packages
from studiolo.ml.registry.records import Book, Record, Records, by
from studiolo.state import State

CONTRIBUTED, PRODUCED, ASSOCIATED = "ContributedTo", "Produced", "AssociatedWith"


class Registry:
    """Model packages, lineage and model cards of one data folder."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.records = Records(state, clock)
        self.packages = Packages(self.records, _note_package)
        self.lineage = Lineage(self.records)
        self.cards = Cards(self.records)

    def note_training(self, scope: Scope, job: str, image: str, inputs: Sequence[str], model: str) -> None:
        """Write down what a training job that has completed was made of, and what it made: URIs."""
        component = arn(scope, "experiment-trial-component", f"{job}-aws-training-job")
        with self.records.writing(scope) as book:
            for uri, type_ in ((image, "Image"), *((uri, "DataSet") for uri in inputs)):
                link(book, ensure_artifact(book, uri, type_), component, CONTRIBUTED)
            if model:
                link(book, component, ensure_artifact(book, model, "Model"), PRODUCED)


def _note_package(book: Book, package: Record, principal: Principal) -> None:
    """Write down of a version which models it has, of which group it is, and how its approval goes."""
    if package.parent is None:
        return
    resource = arn(book.scope, PACKAGE, package.name)
    group = arn(book.scope, GROUP, package.parent)
    source = {"SourceUri": resource, "SourceType": "ARN"}
    action = ensure(
        book,
        ACTION,
        f"{package.name.replace('/', '-')}-aws-model-package",
        "Approval",
        {
            "Source": source,
            "Status": "Completed" if package.status == "Approved" else "Unknown",
            "Properties": {"ModelApprovalStatus": str(package.status)},
            "CreatedBy": by(principal),
        },
    )
    context = ensure(
        book,
        CONTEXT,
        f"{package.parent}-aws-model-group",
        "ModelGroup",
        {"Source": {"SourceUri": group, "SourceType": "ARN"}, "CreatedBy": by(principal)},
    )
    for uri in _models(package):
        link(book, ensure_artifact(book, uri, "Model"), action, CONTRIBUTED)
    link(book, action, context, ASSOCIATED)


def _models(package: Record) -> list[str]:
    containers: Sequence[Mapping[str, Any]] = package.get("InferenceSpecification", {}).get("Containers", ())
    sources = [each.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri") for each in containers]
    return [
        uri for each, source in zip(containers, sources, strict=True) if (uri := each.get("ModelDataUrl") or source)
    ]
