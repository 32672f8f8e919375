"""A launch, and an import, whose server ends after any one commit end as they would have."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from studiolo.domain import now
from studiolo.ml.tags import Tags
from studiolo.products import Done, Products
from studiolo.products import Wanted as Launch
from studiolo.stacks import Import, Wanted
from tests.unit.stacks.world import ACCOUNT, SCOPE, Killed, World

BASE = """
Parameters: {Name: {Type: String}}
Resources:
  Base:
    Type: AWS::Glue::Database
    DeletionPolicy: Delete
    Properties: {CatalogId: !Ref AWS::AccountId, DatabaseInput: {Name: !Ref Name}}
Outputs: {Base: {Value: !Ref Base}}
"""


class Shop(World):
    """A world with Service Catalog, started as a server starts it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.products = Products(self.state, self.identity, self.stacks, Tags(self.state), now)
        self.products.start(self.inside)

    def offer(self) -> tuple[str, str]:
        """A product that root may launch, and its artifact."""
        portfolios = self.products.portfolios
        shop = portfolios.create(SCOPE, {"DisplayName": "shop", "ProviderName": "team"}, {}, "t")
        told = {"Name": "base", "Owner": "team", "ProductType": "CLOUD_FORMATION_TEMPLATE"}
        artifact = {"Name": "v1", "Info": {"ImportFromPhysicalId": "model"}}
        product, version = self.products.offers.create(SCOPE, self.root, told, artifact, {}, "t")
        portfolios.put_product(SCOPE, shop.id, product.id)
        portfolios.allow(SCOPE, shop.id, f"arn:aws:iam::{ACCOUNT}:root", "IAM")
        return product.id, version.id

    def launch(self, product: str, artifact: str) -> Done:
        wanted = Launch("token", product=product, artifact=artifact, parameters={"Name": "launched"})
        return self.products.provisioning.provision(SCOPE, self.root, "mine", wanted)

    def import_it(self) -> None:
        imports = [Import("Base", "AWS::Glue::Database", {"DatabaseName": "there"})]
        wanted = Wanted("taken", body=BASE, parameters={"Name": "there"})
        made = self.stacks.change_sets.create(SCOPE, self.root, wanted, "import", "IMPORT", None, imports)
        self.stacks.change_sets.execute(self.root, made, None, None)

    def bases(self) -> list[str]:
        return [base["Name"] for base in self.call("glue", "GetDatabases")["DatabaseList"]]


@pytest.fixture
def before(tmp_path: Path) -> tuple[Path, str, str]:
    """A data folder with a product and a database; the product's id and its artifact's."""
    folder = tmp_path / "before"
    folder.mkdir()
    world = Shop(folder)
    world.create("model", BASE, parameters={"Name": "model"})
    world.call("glue", "CreateDatabase", DatabaseInput={"Name": "there"})
    product, artifact = world.offer()
    world.close()
    return folder, product, artifact


def killed(before: Path, folder: Path, after: int, begin: Any) -> tuple[Shop, bool]:
    """Do it, with the server's end after so many commits; the server after that, and whether it ended at all."""
    shutil.copytree(before, folder)
    world = Shop(folder)
    world.state.left = after
    try:
        begin(world)
        world.run()
        world.products.provisioning.all(SCOPE, world.root, "User")
        ended = False
    except Killed:
        ended = True
    world.close()
    world = Shop(folder)
    world.run()
    return world, ended


def test_a_launch_ends_as_it_would_have(tmp_path: Path, before: tuple[Path, str, str]) -> None:
    folder, *which = before
    # The first commits are Service Catalog's own, the others its stack's.
    for number in (1, 2, 3, *range(4, 100, 6)):
        world, ended = killed(folder, tmp_path / str(number), number, lambda world: world.launch(*which))
        again = world.products.provisioning.record(SCOPE, world.launch(*which).id)
        [launched] = world.products.provisioning.all(SCOPE, world.root, "User")
        outputs = {each["OutputKey"]: each["OutputValue"] for each in again["outputs"]}
        assert (launched.status, again.status, outputs["Base"]) == ("AVAILABLE", "SUCCEEDED", "launched"), number
        assert world.bases() == ["launched", "model", "there"]
        world.close()
        if not ended:
            assert number > 4
            return


def test_an_import_ends_as_it_would_have(tmp_path: Path, before: tuple[Path, str, str]) -> None:
    for number in range(2, 100, 3):
        # The first commit is the change set's: before the second nothing was begun.
        world, ended = killed(before[0], tmp_path / str(number), number, lambda world: world.import_it())
        assert world.stack("taken").status == "IMPORT_COMPLETE", number
        assert world.physical("taken") == {"Base": "there"}
        assert world.bases() == ["model", "there"]
        world.close()
        if not ended:
            assert number > 3
            return
