"""What the operations of CloudWatch Logs need.

After "Actions, resources, and condition keys for Amazon CloudWatch Logs" (Service Authorization Reference) and "Overview
of managing access permissions" (CloudWatch Logs User Guide): but for tags the ARN of a group ends in `:log-stream:`, so
that policies name groups as `log-group:NAME:*`.
"""

import re
from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    CancelExportTask          *
    CreateExportTask          log-group:{logGroupName}:log-stream:
    CreateLogGroup            log-group:{logGroupName}:log-stream:
    CreateLogGroup?tags       @logs:TagResource  log-group:{logGroupName}
    CreateLogStream           log-group:{logGroupName}:log-stream:{logStreamName}
    DeleteLogGroup            log-group:{logGroupName}:log-stream:
    DeleteLogStream           log-group:{logGroupName}:log-stream:{logStreamName}
    DeleteMetricFilter        log-group:{logGroupName}:log-stream:
    DeleteResourcePolicy      *
    DeleteRetentionPolicy     log-group:{logGroupName}:log-stream:
    DeleteSubscriptionFilter     log-group:{logGroupName}:log-stream:
    DescribeSubscriptionFilters  log-group:{logGroupName}:log-stream:
    PutSubscriptionFilter        log-group:{logGroupName}:log-stream:
    DescribeExportTasks       *
    DescribeLogGroups         log-group::log-stream:
    DescribeLogStreams        log-group:{logGroupName||logGroupIdentifier}:log-stream:
    DescribeMetricFilters     log-group:{logGroupName:}:log-stream:
    DescribeQueries           *
    DescribeResourcePolicies  *
    FilterLogEvents           log-group:{logGroupName||logGroupIdentifier}:log-stream:
    GetLogEvents              log-group:{logGroupName||logGroupIdentifier}:log-stream:{logStreamName}
    GetQueryResults           *
    ListTagsForResource       ={resourceArn}
    ListTagsLogGroup          log-group:{logGroupName}
    PutLogEvents              log-group:{logGroupName}:log-stream:{logStreamName}
    PutMetricFilter           log-group:{logGroupName}:log-stream:
    PutResourcePolicy         *
    PutRetentionPolicy        log-group:{logGroupName}:log-stream:
    StartLiveTail             log-group:{logGroupIdentifiers}:log-stream:
    StartQuery                log-group:{logGroupName||logGroupNames||logGroupIdentifiers}:log-stream:
    StopQuery                 *
    TagLogGroup               log-group:{logGroupName}
    TagResource               ={resourceArn}
    TestMetricFilter          *
    UntagLogGroup             log-group:{logGroupName}
    UntagResource             ={resourceArn}
"""

_BY_ARN = re.compile(
    r"^log-group:arn:[^:]*:logs:[^:]*:[^:]*:log-group:(?P<name>[^:]*)(?::\*)?(?P<rest>:log-stream:.*)$"
)


def _names(_call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A group may be named by its ARN, where the parameter is an identifier."""
    by_arn = _BY_ARN.match(resource)
    return (resource if by_arn is None else f"log-group:{by_arn['name']}{by_arn['rest']}",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    _, _, rest = parse_arn(arn).resource.partition("log-group:")
    return call.studio.logs.groups.get(call.scope, rest.partition(":")[0]).tags


RIGHTS = Rights("logs", table("logs", TABLE), names=_names, tags=_tags)
