"""What the operations of Amazon EMR Serverless need.

After "Actions, resources, and condition keys for Amazon EMR Serverless" (Service Authorization Reference).
`iam:PassRole` is asked for where the role is passed.
"""

import re
from collections.abc import Mapping

from studiolo.domain import NotFound
from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, table

TABLE = """
    CancelJobRun            /applications/{applicationId}/jobruns/{jobRunId}
    CreateApplication       *
    CreateApplication?tags  @emr-serverless:TagResource  *
    DeleteApplication       /applications/{applicationId}
    GetApplication          /applications/{applicationId}
    GetDashboardForJobRun   /applications/{applicationId}/jobruns/{jobRunId}
    GetJobRun               /applications/{applicationId}/jobruns/{jobRunId}
    GetResourceDashboard    /applications/{applicationId}/sessions/{resourceId}
    GetSession              /applications/{applicationId}/sessions/{sessionId}
    GetSessionEndpoint      /applications/{applicationId}/sessions/{sessionId}
    ListApplications        *
    ListJobRunAttempts      /applications/{applicationId}/jobruns/{jobRunId}
    ListJobRuns             /applications/{applicationId}
    ListSessions            /applications/{applicationId}
    ListTagsForResource     ={resourceArn}
    StartApplication        /applications/{applicationId}
    StartJobRun             /applications/{applicationId}
    StartJobRun?tags        @emr-serverless:TagResource  /applications/{applicationId}
    StartSession            /applications/{applicationId}
    StartSession?tags       @emr-serverless:TagResource  /applications/{applicationId}
    StopApplication         /applications/{applicationId}
    TagResource             ={resourceArn}
    TerminateSession        /applications/{applicationId}/sessions/{sessionId}
    UntagResource           ={resourceArn}
    UpdateApplication       /applications/{applicationId}
"""

LIVY = "emr-serverless:AccessLivyEndpoints"
"""The action that the requests to an application's Livy endpoint need, on the application."""

RESOURCE = re.compile(r"arn:[^:]+:emr-serverless:[^:]*:\d*:/applications/([^/]+)(?:/(jobruns|sessions)/([^/]+))?")


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    found = RESOURCE.fullmatch(arn)
    if found is None:
        raise NotFound(arn)
    app, kind, name = found.groups()
    serverless = call.studio.serverless
    if kind == "jobruns":
        return serverless.job_run(call.scope, app, name).tags
    if kind == "sessions":
        return serverless.sessions.get(call.scope, app, name).tags
    return serverless.application(call.scope, app).tags


RIGHTS = Rights("emr-serverless", table("emr-serverless", TABLE), tags=_tags)
