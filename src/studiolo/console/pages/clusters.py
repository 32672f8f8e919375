"""Clusters: EMR's, with their nodes, their steps and what these print, made larger and smaller, ended."""

import shlex
from typing import Any

from starlette.responses import Response

from studiolo.console.packed import packed_log
from studiolo.console.pages.page import Page
from studiolo.console.visit import Refused, Visit

STATES = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")
ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")
PASSING = ("STARTING", "BOOTSTRAPPING", "TERMINATING")
STEP_PASSING = ("PENDING", "RUNNING", "CANCEL_PENDING")
APPLICATIONS = ("Spark", "Hive", "Livy", "Hadoop", "Trino")
FILES = ("stderr", "stdout", "controller", "syslog")


def clusters(visit: Visit) -> Response:
    given: dict[str, Any] = {"Marker": visit.query["after"]} if visit.query.get("after") else {}
    if visit.query.get("status") in STATES:
        given["ClusterStates"] = [visit.query["status"]]
    found = visit.client("emr").list_clusters(**given)
    return visit.page(
        "clusters.html",
        clusters=found["Clusters"],
        more=found.get("Marker"),
        states=STATES,
        passing=any(each["Status"]["State"] in PASSING for each in found["Clusters"]),
        choices=visit.attempt(_choices, visit),
        applications=APPLICATIONS,
    )


def create(visit: Visit) -> Response:
    form = visit.form
    log = {"LogUri": form["log"]} if form.get("log") else {}
    idle = int(form["idle"]) * 60 if form.get("idle", "").isdecimal() else 3600
    made = visit.client("emr").run_job_flow(
        Name=form.get("name", ""),
        ReleaseLabel=form.get("release", ""),
        Applications=[{"Name": name} for name in APPLICATIONS if form.get(f"app.{name}")],
        Instances={
            "MasterInstanceType": form.get("type", ""),
            "SlaveInstanceType": form.get("type", ""),
            "InstanceCount": int(form["nodes"]) if form.get("nodes", "").isdecimal() else 1,
            "KeepJobFlowAliveWhenNoSteps": True,
        },
        AutoTerminationPolicy={"IdleTimeout": idle},
        JobFlowRole=form.get("profile", ""),
        ServiceRole=form.get("service_role", ""),
        **log,
    )
    return visit.go(f"/clusters/{made['JobFlowId']}")


def cluster(visit: Visit) -> Response:
    identifier, emr = visit.path["cluster"], visit.client("emr")
    described = emr.describe_cluster(ClusterId=identifier)["Cluster"]
    tab, state = visit.query.get("tab", "steps"), described["Status"]["State"]
    shown: dict[str, Any] = {}
    passing = state in PASSING
    if tab == "nodes":
        fleets = described.get("InstanceCollectionType") == "INSTANCE_FLEET"
        groups = [] if fleets else emr.list_instance_groups(ClusterId=identifier)["InstanceGroups"]
        instances = visit.every("emr", "list_instances", "Instances", ClusterId=identifier)
        scaling = emr.get_managed_scaling_policy(ClusterId=identifier).get("ManagedScalingPolicy", {})
        shown = {"groups": groups, "instances": instances, "scaling": scaling.get("ComputeLimits")}
        passing = passing or any(each["Status"]["State"] == "RESIZING" for each in groups)
    elif tab == "steps":
        given = {"Marker": visit.query["after"]} if visit.query.get("after") else {}
        found = emr.list_steps(ClusterId=identifier, **given)
        shown = {"steps": found["Steps"], "more": found.get("Marker")}
        passing = passing or any(each["Status"]["State"] in STEP_PASSING for each in found["Steps"])
    return visit.page("cluster.html", cluster=described, tab=tab, ended=state in ENDED, passing=passing, **shown)


def spark(visit: Visit) -> Response:
    """Off to its history server; of one that has ended, to what is kept."""
    identifier, emr = visit.path["cluster"], visit.client("emr")
    described = emr.describe_cluster(ClusterId=identifier)["Cluster"]
    if described["Status"]["State"] in ("RUNNING", "WAITING"):
        return visit.leave(emr.get_on_cluster_app_ui_presigned_url(ClusterId=identifier)["PresignedURL"])
    made = emr.create_persistent_app_ui(TargetResourceArn=described["ClusterArn"])["PersistentAppUIId"]
    return visit.leave(emr.get_persistent_app_ui_presigned_url(PersistentAppUIId=made)["PresignedURL"])


def add_step(visit: Visit) -> Response:
    """A step of a command line: what one would type on the master."""
    identifier = visit.path["cluster"]
    command = visit.form.get("command", "")
    try:
        words = shlex.split(command)
    except ValueError as error:
        said = Refused("ValidationException", f"The command cannot be split into words: {error}.", 400)
        return visit.page("refused.html", 400, said=said)
    visit.client("emr").add_job_flow_steps(
        JobFlowId=identifier,
        Steps=[
            {
                "Name": visit.form.get("name") or (words[0] if words else ""),
                "ActionOnFailure": "CONTINUE",
                "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
            }
        ],
    )
    return visit.go(f"/clusters/{identifier}")


def step(visit: Visit) -> Response:
    identifier, emr = visit.path["cluster"], visit.client("emr")
    described = emr.describe_step(ClusterId=identifier, StepId=visit.path["step"])["Step"]
    cluster = emr.describe_cluster(ClusterId=identifier)["Cluster"]
    file = visit.query.get("file", FILES[0])
    place = cluster.get("LogUri", "")
    folder = f"{place.rstrip('/')}/{identifier}/steps/{visit.path['step']}"
    log = visit.attempt(packed_log, visit, f"{folder}/{file}.gz") if place and file in FILES else None
    passing = described["Status"]["State"] in STEP_PASSING
    return visit.page(
        "step.html", cluster=cluster, step=described, file=file, files=FILES, place=place, log=log, passing=passing
    )


def cancel(visit: Visit) -> Response:
    identifier = visit.path["cluster"]
    visit.client("emr").cancel_steps(ClusterId=identifier, StepIds=[visit.path["step"]])
    return visit.go(f"/clusters/{identifier}/steps/{visit.path['step']}")


def resize(visit: Visit) -> Response:
    identifier, form = visit.path["cluster"], visit.form
    count = int(form["count"]) if form.get("count", "").isdecimal() else 1
    group = {"InstanceGroupId": form.get("group", ""), "InstanceCount": count}
    visit.client("emr").modify_instance_groups(ClusterId=identifier, InstanceGroups=[group])
    return visit.go(f"/clusters/{identifier}?tab=nodes")


def scale(visit: Visit) -> Response:
    """Let EMR choose the number of nodes between two limits; without them, no longer."""
    identifier, form, emr = visit.path["cluster"], visit.form, visit.client("emr")
    if form.get("end"):
        emr.remove_managed_scaling_policy(ClusterId=identifier)
    else:
        least, most = (int(form[name]) if form.get(name, "").isdecimal() else 1 for name in ("least", "most"))
        limits = {"UnitType": "Instances", "MinimumCapacityUnits": least, "MaximumCapacityUnits": most}
        emr.put_managed_scaling_policy(ClusterId=identifier, ManagedScalingPolicy={"ComputeLimits": limits})
    return visit.go(f"/clusters/{identifier}?tab=nodes")


def terminate(visit: Visit) -> Response:
    visit.client("emr").terminate_job_flows(JobFlowIds=[visit.path["cluster"]])
    return visit.go(f"/clusters/{visit.path['cluster']}")


def _choices(visit: Visit) -> dict[str, Any]:
    """What a new cluster can be made of: releases, the instance profiles, and the roles that trust EMR."""
    iam = visit.client("iam")
    releases = visit.client("emr").list_release_labels()["ReleaseLabels"]
    return {
        "releases": [each for each in releases if each[4:5].isdigit()],
        "profiles": [each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]],
        "roles": [
            each["RoleName"]
            for each in iam.list_roles(MaxItems=200)["Roles"]
            if "elasticmapreduce.amazonaws.com" in str(each.get("AssumeRolePolicyDocument"))
        ],
    }


PAGES = (
    Page("GET", "/clusters", clusters),
    Page("POST", "/clusters", create),
    Page("GET", "/clusters/{cluster}", cluster),
    Page("GET", "/clusters/{cluster}/spark", spark),
    Page("POST", "/clusters/{cluster}/steps", add_step),
    Page("GET", "/clusters/{cluster}/steps/{step}", step),
    Page("POST", "/clusters/{cluster}/steps/{step}/cancel", cancel),
    Page("POST", "/clusters/{cluster}/resize", resize),
    Page("POST", "/clusters/{cluster}/scale", scale),
    Page("POST", "/clusters/{cluster}/terminate", terminate),
)
