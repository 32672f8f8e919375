"""AWS::Glue: databases, tables, partitions, functions, connections, classifiers, the encryption of a catalog."""

from typing import Any

from studiolo.stacks.types.base import At, Properties, ResourceType, differs, existing, without


class Database(ResourceType):
    name = "AWS::Glue::Database"
    named_by = "DatabaseInput.Name"
    also_create_only = ("CatalogId", "DatabaseInput.Name")

    def _input(self, at: At, properties: Properties) -> dict[str, Any]:
        own = properties["DatabaseInput"]
        return {**own, "Name": own.get("Name") or properties.get("DatabaseName") or at.name().lower()}

    def create(self, at: At, properties: Properties) -> str:
        given = self._input(at, properties)
        at.call("glue", "CreateDatabase", CatalogId=properties["CatalogId"], DatabaseInput=given)
        return str(given["Name"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(self._input(at, properties)["Name"])
        catalog = properties["CatalogId"]
        found = existing(at.call, service="glue", operation="GetDatabase", CatalogId=catalog, Name=name)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = {**properties["DatabaseInput"], "Name": physical}
        at.call("glue", "UpdateDatabase", CatalogId=properties["CatalogId"], Name=physical, DatabaseInput=given)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        found = at.call("glue", "GetDatabase", CatalogId=properties["CatalogId"], Name=physical)["Database"]
        return {"DatabaseInput": found}

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("glue", "DeleteDatabase", CatalogId=properties.get("CatalogId"), Name=physical)


class Table(ResourceType):
    name = "AWS::Glue::Table"
    named_by = "TableInput.Name"

    def _place(self, properties: Properties) -> dict[str, Any]:
        return {name: properties[name] for name in ("CatalogId", "DatabaseName")}

    def create(self, at: At, properties: Properties) -> str:
        given = self._input(at, properties)
        opened = properties.get("OpenTableFormatInput")
        at.call("glue", "CreateTable", **self._place(properties), TableInput=given, OpenTableFormatInput=opened)
        return str(given["Name"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(self._input(at, properties)["Name"])
        found = existing(at.call, service="glue", operation="GetTable", **self._place(properties), Name=name)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = {**properties["TableInput"], "Name": physical}
        at.call("glue", "UpdateTable", **self._place(properties), TableInput=given)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        return {"TableInput": at.call("glue", "GetTable", **self._place(properties), Name=physical)["Table"]}

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("glue", "DeleteTable", **self._place(properties), Name=physical)

    def _input(self, at: At, properties: Properties) -> dict[str, Any]:
        own = properties.get("TableInput") or {}
        return {**own, "Name": own.get("Name") or properties.get("Name") or at.name().lower()}


class Partition(ResourceType):
    name = "AWS::Glue::Partition"

    def _place(self, properties: Properties) -> dict[str, Any]:
        return {name: properties[name] for name in ("CatalogId", "DatabaseName", "TableName")}

    def create(self, at: At, properties: Properties) -> str:
        given = properties["PartitionInput"]
        at.call("glue", "CreatePartition", **self._place(properties), PartitionInput=given)
        return _partition_id(properties)

    def find(self, at: At, properties: Properties) -> str | None:
        values = properties["PartitionInput"]["Values"]
        place = self._place(properties)
        found = existing(at.call, service="glue", operation="GetPartition", **place, PartitionValues=values)
        return None if found is None else _partition_id(properties)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = properties["PartitionInput"]
        place = self._place(properties)
        at.call("glue", "UpdatePartition", **place, PartitionValueList=given["Values"], PartitionInput=given)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        values = properties["PartitionInput"]["Values"]
        at.call("glue", "DeletePartition", **self._place(properties), PartitionValues=values)


class Connection(ResourceType):
    name = "AWS::Glue::Connection"
    named_by = "ConnectionInput.Name"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties["ConnectionInput"].get("Name") or at.name())

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        given = {"ConnectionProperties": {}, **properties["ConnectionInput"], "Name": name}
        at.call("glue", "CreateConnection", CatalogId=properties["CatalogId"], ConnectionInput=given)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="glue", operation="GetConnection", Name=name, HidePassword=True)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = {"ConnectionProperties": {}, **properties["ConnectionInput"], "Name": physical}
        at.call("glue", "UpdateConnection", Name=physical, ConnectionInput=given)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("glue", "DeleteConnection", ConnectionName=physical)


class Classifier(ResourceType):
    name = "AWS::Glue::Classifier"

    KINDS = ("CsvClassifier", "GrokClassifier", "JsonClassifier", "XMLClassifier")

    def _given(self, at: At, properties: Properties) -> tuple[str, dict[str, Any]]:
        kind = next(name for name in self.KINDS if name in properties)
        own = properties[kind]
        return kind, {**own, "Name": own.get("Name") or at.name()}

    def custom_name(self, properties: Properties) -> str | None:
        return next((properties[kind].get("Name") for kind in self.KINDS if kind in properties), None)

    def create(self, at: At, properties: Properties) -> str:
        kind, given = self._given(at, properties)
        at.call(
            "glue",
            "CreateClassifier",
            **{kind: without(given, "CustomDatatypes") if kind != "CsvClassifier" else given},
        )
        return str(given["Name"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(self._given(at, properties)[1]["Name"])
        return None if existing(at.call, service="glue", operation="GetClassifier", Name=name) is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, *self.KINDS):
            kind = next(name for name in self.KINDS if name in properties)
            at.call("glue", "UpdateClassifier", **{kind: {**properties[kind], "Name": physical}})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("glue", "DeleteClassifier", Name=physical)


class UserDefinedFunction(ResourceType):
    """Ref is the ARN."""

    name = "AWS::Glue::UserDefinedFunction"
    named_by = "FunctionName"

    def create(self, at: At, properties: Properties) -> str:
        base = properties["DatabaseName"]
        given = without(properties, "DatabaseName")
        at.call("glue", "CreateUserDefinedFunction", DatabaseName=base, FunctionInput=given)
        return self._arn(at, properties)

    def find(self, at: At, properties: Properties) -> str | None:
        place = {name: properties[name] for name in ("DatabaseName", "FunctionName")}
        found = existing(at.call, service="glue", operation="GetUserDefinedFunction", **place)
        return None if found is None else self._arn(at, properties)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        place = {name: properties[name] for name in ("DatabaseName", "FunctionName")}
        given = without(properties, "DatabaseName")
        at.call("glue", "UpdateUserDefinedFunction", **place, FunctionInput=given)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        place = {name: properties[name] for name in ("DatabaseName", "FunctionName")}
        at.call("glue", "DeleteUserDefinedFunction", **place)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": physical}

    def _arn(self, at: At, properties: Properties) -> str:
        place = f"{properties['DatabaseName']}/{properties['FunctionName']}"
        return f"arn:{at.scope.partition}:glue:{at.scope.region}:{at.scope.account}:userDefinedFunction/{place}"


class DataCatalogEncryptionSettings(ResourceType):
    """A catalog's, of which there is one; with the stack they go back to none. Ref is the catalog's id."""

    name = "AWS::Glue::DataCatalogEncryptionSettings"

    def create(self, at: At, properties: Properties) -> str:
        at.call("glue", "PutDataCatalogEncryptionSettings", **properties)
        return str(properties["CatalogId"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        none = {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        }
        self.create(at, {"CatalogId": physical, "DataCatalogEncryptionSettings": none})


def _partition_id(properties: Properties) -> str:
    values = ",".join(properties["PartitionInput"]["Values"])
    return "|".join([properties["CatalogId"], properties["DatabaseName"], properties["TableName"], values])


TYPES = (
    Classifier, Connection, DataCatalogEncryptionSettings, Database, Partition, Table, UserDefinedFunction,
)  # fmt: skip
