"""Classifiers, by which crawlers recognize formats."""

from dataclasses import replace

from pydantic import TypeAdapter

from studiolo.catalog.model import Classifier
from studiolo.catalog.named import Named
from studiolo.catalog.subject import Subject
from studiolo.catalog.tables import classifiers
from studiolo.domain import Clock, Invalid, Page, Scope
from studiolo.state import State


class Classifiers(Subject):
    """Classifiers by name, which keeps its case."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state, clock)
        self._classifiers = Named(state, classifiers, TypeAdapter(Classifier), "Classifier")

    def create_classifier(self, scope: Scope, classifier: Classifier) -> None:
        """Raises AlreadyExists."""
        moment = self._clock()
        self._classifiers.add(scope, classifier.name, replace(classifier, created=moment, updated=moment, version=1))

    def classifier(self, scope: Scope, name: str) -> Classifier:
        """Raises NotFound."""
        return self._classifiers.get(scope, name)

    def classifiers(self, scope: Scope, after: str | None = None, limit: int = 100) -> Page[Classifier]:
        """In the order of their names."""
        return self._classifiers.list(scope, after, limit)

    def update_classifier(self, scope: Scope, classifier: Classifier) -> None:
        """Change the properties that are given. Raises NotFound, and Invalid for another kind."""
        with self._state.transaction() as tx:
            before = self._classifiers.get_within(tx, scope, classifier.name, lock=True)
            if before.kind != classifier.kind:
                raise Invalid(f"Classifier {before.name} is of the kind {before.kind}, not {classifier.kind}.")
            properties = {**before.properties, **classifier.properties}
            made = replace(before, properties=properties, updated=self._clock(), version=before.version + 1)
            self._classifiers.replace_within(tx, scope, made.name, made)

    def delete_classifier(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            self._classifiers.delete_within(tx, scope, name)
