"""A step of a pipeline that has a cluster of EMR made for it."""

from collections.abc import Mapping
from typing import Any

from studiolo.pipelines.kinds import KINDS
from studiolo.pipelines.model import FAILED, SUCCEEDED

EMR = KINDS["EMR"]
ARGUMENTS = {"ClusterConfig": {"Instances": {"InstanceGroups": []}}, "StepConfig": {"HadoopJarStep": {"Jar": "a.jar"}}}


class Clusters:
    """EMR's answers about the clusters that it was asked for."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.step: dict[str, Any] = {"State": "PENDING"}
        self.cluster: dict[str, Any] = {"State": "STARTING"}

    def __call__(self, _service: str, operation: str, **given: Any) -> Mapping[str, Any]:
        if operation == "RunJobFlow":
            self.requests.append(given)
            return {"JobFlowId": "j-1"}
        answers: dict[str, Any] = {
            "ListClusters": {"Clusters": [{"Id": "j-1", "Name": each["Name"]} for each in self.requests]},
            "ListSteps": {"Steps": [{"Id": "s-1", "Name": each["Steps"][0]["Name"]} for each in self.requests]},
            "DescribeStep": {"Step": {"Id": "s-1", "Status": self.step}},
            "DescribeCluster": {"Cluster": {"Status": self.cluster}},
        }
        return answers[operation]


def test_a_step_s_own_cluster_is_asked_for_once_and_ends_with_the_step() -> None:
    clusters = Clusters()
    handle = EMR.handle("e", "a", {"Arguments": ARGUMENTS}, "x")
    assert EMR.begin(clusters, handle, ARGUMENTS) == EMR.begin(clusters, handle, ARGUMENTS)
    [request] = clusters.requests
    assert request["Instances"] == {"InstanceGroups": [], "KeepJobFlowAliveWhenNoSteps": False}
    assert [step["ActionOnFailure"] for step in request["Steps"]] == ["TERMINATE_CLUSTER"]


def test_a_step_whose_own_cluster_does_not_start_fails_with_the_cluster_s_reason() -> None:
    clusters = Clusters()
    handle = EMR.handle("e", "a", {"Arguments": ARGUMENTS}, "x")
    handle |= EMR.begin(clusters, handle, ARGUMENTS)
    clusters.step = {"State": "CANCELLED"}
    clusters.cluster = {"State": "TERMINATED_WITH_ERRORS", "StateChangeReason": {"Message": "no bootstrap"}}
    seen = EMR.look(clusters, handle)
    assert (seen.status, seen.failure) == (FAILED, "no bootstrap")
    clusters.step = {"State": "COMPLETED"}
    assert EMR.look(clusters, handle).status == SUCCEEDED
