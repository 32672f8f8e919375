"""AWS IAM: identity providers of OpenID Connect and SAML."""

from typing import TYPE_CHECKING, Any

from studiolo.services.call import Call
from studiolo.services.iam.service import iam, tags, with_tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        AddClientIDToOpenIDConnectProviderRequestTypeDef,
        CreateOpenIDConnectProviderRequestTypeDef,
        CreateSAMLProviderRequestTypeDef,
        DeleteOpenIDConnectProviderRequestTypeDef,
        DeleteSAMLProviderRequestTypeDef,
        GetOpenIDConnectProviderRequestTypeDef,
        GetSAMLProviderRequestTypeDef,
        RemoveClientIDFromOpenIDConnectProviderRequestTypeDef,
        UpdateOpenIDConnectProviderThumbprintRequestTypeDef,
        UpdateSAMLProviderRequestTypeDef,
    )


@iam.operation
def add_client_id_to_open_id_connect_provider(
    call: Call, request: "AddClientIDToOpenIDConnectProviderRequestTypeDef"
) -> dict[str, Any]:
    call.identity.providers.change_open_id(request["OpenIDConnectProviderArn"], add=request["ClientID"])
    return {}


@iam.operation
def create_open_id_connect_provider(call: Call, request: "CreateOpenIDConnectProviderRequestTypeDef") -> dict[str, Any]:
    provider = call.identity.providers.create_open_id(
        request["Url"], request.get("ClientIDList", []), request.get("ThumbprintList", []), tags(request)
    )
    return with_tags({"OpenIDConnectProviderArn": provider.arn}, provider.tags)


@iam.operation
def create_saml_provider(call: Call, request: "CreateSAMLProviderRequestTypeDef") -> dict[str, Any]:
    provider = call.identity.providers.create_saml(request["Name"], request["SAMLMetadataDocument"], tags(request))
    return with_tags({"SAMLProviderArn": provider.arn}, provider.tags)


@iam.operation
def delete_open_id_connect_provider(call: Call, request: "DeleteOpenIDConnectProviderRequestTypeDef") -> dict[str, Any]:
    call.identity.providers.delete(request["OpenIDConnectProviderArn"])
    return {}


@iam.operation
def delete_saml_provider(call: Call, request: "DeleteSAMLProviderRequestTypeDef") -> dict[str, Any]:
    call.identity.providers.delete(request["SAMLProviderArn"])
    return {}


@iam.operation
def get_open_id_connect_provider(call: Call, request: "GetOpenIDConnectProviderRequestTypeDef") -> dict[str, Any]:
    provider = call.identity.providers.open_id(request["OpenIDConnectProviderArn"])
    shown = {
        "Url": provider.name,
        "ClientIDList": list(provider.clients),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created,
    }
    return with_tags(shown, provider.tags)


@iam.operation
def get_saml_provider(call: Call, request: "GetSAMLProviderRequestTypeDef") -> dict[str, Any]:
    provider = call.identity.providers.saml(request["SAMLProviderArn"])
    shown = {
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
    }
    return with_tags(shown, provider.tags)


@iam.operation
def list_open_id_connect_providers(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.identity.providers.open_ids()
    return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in found]}


@iam.operation
def list_saml_providers(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {
        "SAMLProviderList": [
            {"Arn": provider.arn, "ValidUntil": provider.valid_until, "CreateDate": provider.created}
            for provider in call.identity.providers.samls()
        ]
    }


@iam.operation
def remove_client_id_from_open_id_connect_provider(
    call: Call, request: "RemoveClientIDFromOpenIDConnectProviderRequestTypeDef"
) -> dict[str, Any]:
    call.identity.providers.change_open_id(request["OpenIDConnectProviderArn"], remove=request["ClientID"])
    return {}


@iam.operation
def update_open_id_connect_provider_thumbprint(
    call: Call, request: "UpdateOpenIDConnectProviderThumbprintRequestTypeDef"
) -> dict[str, Any]:
    call.identity.providers.change_open_id(request["OpenIDConnectProviderArn"], thumbprints=request["ThumbprintList"])
    return {}


@iam.operation
def update_saml_provider(call: Call, request: "UpdateSAMLProviderRequestTypeDef") -> dict[str, Any]:
    providers = call.identity.providers
    arn = request["SAMLProviderArn"]
    metadata = request.get("SAMLMetadataDocument", providers.saml(arn).metadata)
    return {"SAMLProviderArn": providers.update_saml(arn, metadata).arn}
