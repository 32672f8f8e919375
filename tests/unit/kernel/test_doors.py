"""What Spark's driver is told so that it asks everybody for a token or a secret."""

import pytest

from studiolo.kernel.doors import closed, dashboard


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "yarn", "k8s://https://10.0.0.7:6443"])
def test_a_driver_that_is_alone_with_its_executors_makes_its_own_secret(master: str) -> None:
    assert closed({"spark.master": master})["spark.authenticate"] == "true"


@pytest.mark.parametrize("master", ["spark://127.0.0.1:7077", "local-cluster[1,1,1024]"])
def test_the_secret_of_a_cluster_is_left_to_its_owner(master: str) -> None:
    assert "spark.authenticate" not in closed({"spark.master": master})


def test_what_the_user_set_holds_and_lists_are_joined() -> None:
    given = {
        "spark.master": "local[1]",
        "spark.ui.killEnabled": "true",
        "spark.ui.filters": "a.Filter",
        "spark.extraListeners": "a.Listener",
        "spark.studiolo.UiDoor.param.token": "known",
    }
    conf = closed(given)
    assert conf["spark.ui.killEnabled"] == "true"
    assert conf["spark.ui.filters"] == "studiolo.UiDoor,a.Filter"
    assert conf["spark.extraListeners"] == "studiolo.StreamDoor,a.Listener"
    assert conf["spark.studiolo.UiDoor.param.token"] != "known"


def test_each_driver_s_pages_have_a_token_of_their_own() -> None:
    one, other = closed({"spark.master": "local"}), closed({"spark.master": "local"})
    assert dashboard(one, "http://127.0.0.1:4040") != dashboard(other, "http://127.0.0.1:4040")
    assert dashboard(one, None) is None
