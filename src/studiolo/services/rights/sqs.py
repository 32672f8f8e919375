"""What the operations of Amazon SQS need.

After "Actions, resources, and condition keys for Amazon SQS" (Service Authorization Reference). A queue's own policy
counts too.
"""

from collections.abc import Mapping, Sequence

from studiolo.domain import DomainError, Scope
from studiolo.identity import Policies
from studiolo.queues import queue_arn, queue_named
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    AddPermission                 {QueueUrl}
    ChangeMessageVisibility       {QueueUrl}
    ChangeMessageVisibilityBatch  @sqs:ChangeMessageVisibility  {QueueUrl}
    CreateQueue                   {QueueName}
    CreateQueue?tags              @sqs:TagQueue  {QueueName}
    DeleteMessage                 {QueueUrl}
    DeleteMessageBatch            @sqs:DeleteMessage  {QueueUrl}
    DeleteQueue                   {QueueUrl}
    GetQueueAttributes            {QueueUrl}
    GetQueueUrl                   {QueueName}
    ListDeadLetterSourceQueues    {QueueUrl}
    ListQueueTags                 {QueueUrl}
    ListQueues                    *
    PurgeQueue                    {QueueUrl}
    ReceiveMessage                {QueueUrl}
    RemovePermission              {QueueUrl}
    SendMessage                   {QueueUrl}
    SendMessageBatch              @sqs:SendMessage  {QueueUrl}
    SetQueueAttributes            {QueueUrl}
    TagQueue                      {QueueUrl}
    UntagQueue                    {QueueUrl}
"""


def _names(_call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """The end of a URL is the queue's name."""
    return (resource.rstrip("/").rpartition("/")[2],)


def _place(call: Call, parameters: Parameters) -> Scope:
    """A URL says whose a queue is, what is no such URL is refused later."""
    url, owner = parameters.get("QueueUrl"), parameters.get("QueueOwnerAWSAccountId")
    parts = url.rstrip("/").split("/") if isinstance(url, str) else []
    account = parts[-2] if len(parts) > 1 else owner
    known = isinstance(account, str) and len(account) == 12 and account.isdecimal()
    return Scope(str(account), call.scope.region) if known else call.scope


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.queues.get(*queue_named(arn)).tags


def _policy(call: Call, parameters: Parameters) -> Policies | None:
    url = parameters.get("QueueUrl") or parameters.get("QueueName")
    if not isinstance(url, str):
        return None
    scope, (name,) = _place(call, parameters), _names(call, url, parameters)
    try:
        document = call.studio.queues.get(scope, name).attributes.get("Policy")
    except DomainError:
        return None
    return call.studio.identity.compiled(document, queue_arn(scope, name)) if document else None


RIGHTS = Rights("sqs", table("sqs", TABLE), names=_names, tags=_tags, policy=_policy, place=_place)
