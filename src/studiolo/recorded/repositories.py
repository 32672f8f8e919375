"""ECR's repositories. No image comes into one: there is no registry behind them."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Scope
from studiolo.recorded.records import Record, RecordExists, RecordMissing, Records

REPOSITORY = "ecr-repository"


class Repositories:
    """The repositories of every scope, by their names."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, scope: Scope, name: str, attributes: Mapping[str, Any], tags: Mapping[str, str]) -> Record:
        """Raises RecordExists."""
        with self._records.writing(scope) as book:
            if book.find(REPOSITORY, name) is not None:
                raise RecordExists(
                    REPOSITORY,
                    f"The repository with name '{name}' already exists in the registry with id '{scope.account}'",
                )
            told = {
                "repositoryArn": f"arn:{scope.partition}:ecr:{scope.region}:{scope.account}:repository/{name}",
                "registryId": scope.account,
                "repositoryName": name,
                "repositoryUri": f"{scope.account}.dkr.ecr.{scope.region}.amazonaws.com/{name}",
                "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": {"scanOnPush": False},
                "encryptionConfiguration": {"encryptionType": "AES256"},
                **{key: value for key, value in attributes.items() if value is not None},
            }
            return book.add(REPOSITORY, name, told, tags)

    def get(self, scope: Scope, name: str) -> Record:
        with self._records.reading(scope) as book:
            found = book.find(REPOSITORY, name)
        if found is None:
            raise RecordMissing(
                REPOSITORY,
                name,
                f"The repository with name '{name}' does not exist in the registry with id '{scope.account}'",
            )
        return found

    def named(self, scope: Scope, arn: str) -> Record:
        """A repository by its ARN."""
        return self.get(scope, arn.partition(":repository/")[2])

    def all(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(REPOSITORY)

    def change(self, scope: Scope, name: str, **attributes: Any) -> Record:
        self.get(scope, name)
        with self._records.writing(scope) as book:
            return book.put(book.get(REPOSITORY, name).with_(**attributes))

    def keep(self, scope: Scope, name: str, **documents: str | None) -> Record:
        """Record documents (`Policy`, `Lifecycle`) of a repository."""
        self.get(scope, name)
        with self._records.writing(scope) as book:
            return book.put(book.get(REPOSITORY, name).hiding(**documents))

    def tag(self, scope: Scope, arn: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        name = self.named(scope, arn).id
        with self._records.writing(scope) as book:
            book.put(book.get(REPOSITORY, name).tagged(tags, without))

    def delete(self, scope: Scope, name: str) -> Record:
        found = self.get(scope, name)
        with self._records.writing(scope) as book:
            book.drop(found)
        return found
