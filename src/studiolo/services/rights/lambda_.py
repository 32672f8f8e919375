"""What the operations of AWS Lambda need.

After "Actions, resources, and condition keys for AWS Lambda" (Service Authorization Reference). The policy that a function,
a version or an alias has itself counts for who invokes it.
"""

import re
from collections.abc import Mapping, Sequence

from studiolo.functions import function_arn, function_named, granting
from studiolo.identity import Policies
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    AddPermission                     function:{FunctionName}
    CreateAlias                       function:{FunctionName}
    CreateEventSourceMapping          *
    CreateFunction                    function:{FunctionName}
    CreateFunction?Tags               @lambda:TagResource  function:{FunctionName}
    CreateFunction?Layers             @lambda:GetLayerVersion  ={Layers}
    DeleteAlias                       function:{FunctionName}
    DeleteFunction                    function:{FunctionName}
    DeleteFunctionConcurrency         function:{FunctionName}
    DeleteFunctionEventInvokeConfig   function:{FunctionName}
    DeleteLayerVersion                layer:{LayerName}:{VersionNumber}
    GetAccountSettings                *
    GetAlias                          function:{FunctionName}
    GetFunction                       function:{FunctionName}
    GetFunctionCodeSigningConfig      function:{FunctionName}
    GetFunctionConcurrency            function:{FunctionName}
    GetFunctionConfiguration          function:{FunctionName}
    GetFunctionEventInvokeConfig      function:{FunctionName}
    GetLayerVersion                   layer:{LayerName}:{VersionNumber}
    GetLayerVersionByArn              @lambda:GetLayerVersion  ={Arn}
    GetPolicy                         function:{FunctionName}
    Invoke                            @lambda:InvokeFunction  invoked:{FunctionName}
    ListAliases                       function:{FunctionName}
    ListEventSourceMappings           *
    ListFunctionEventInvokeConfigs    function:{FunctionName}
    ListFunctions                     *
    ListLayerVersions                 *
    ListLayers                        *
    ListTags                          ={Resource}
    ListVersionsByFunction            function:{FunctionName}
    PublishLayerVersion               layer:{LayerName}
    PublishVersion                    function:{FunctionName}
    PutFunctionConcurrency            function:{FunctionName}
    PutFunctionEventInvokeConfig      function:{FunctionName}
    RemovePermission                  function:{FunctionName}
    TagResource                       ={Resource}
    UntagResource                     ={Resource}
    UpdateAlias                       function:{FunctionName}
    UpdateFunctionCode                function:{FunctionName}
    UpdateFunctionConfiguration       function:{FunctionName}
    UpdateFunctionConfiguration?Layers  @lambda:GetLayerVersion  ={Layers}
    UpdateFunctionEventInvokeConfig   function:{FunctionName}
"""

KEYS = """
    CreateFunction,UpdateFunctionConfiguration  lambda:Layer  Layers
    AddPermission  lambda:Principal  Principal
"""

_LAYER = re.compile(r"layer:(?:arn:[^:]*:lambda:[^:]*:\d*:layer:)?(.*)")


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """A function by its name, with the version or alias that is invoked."""
    layer = _LAYER.fullmatch(resource)
    if layer is not None:
        return (f"layer:{layer[1]}",)
    kind, _, named = resource.partition(":")
    name, qualifier = function_named(named)
    qualifier = parameters.get("Qualifier", qualifier) if kind == "invoked" else None
    return (f"function:{name}" if qualifier is None else f"function:{name}:{qualifier}",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.functions.find(call.scope, function_named(arn)[0]).tags


def _policy(call: Call, parameters: Parameters) -> Policies | None:
    named = parameters.get("FunctionName")
    if not isinstance(named, str):
        return None
    name, qualifier = function_named(named)
    qualifier = parameters.get("Qualifier", qualifier)
    arn = function_arn(call.scope, name)
    return granting.policies(call.studio.identity, arn if qualifier is None else f"{arn}:{qualifier}")


RIGHTS = Rights("lambda", table("lambda", TABLE), conditions(KEYS), names=_names, tags=_tags, policy=_policy)
