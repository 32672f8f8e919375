"""AWS IAM: passwords and MFA devices."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.identity import Device, LoginProfile
from studiolo.services.call import Call
from studiolo.services.iam.service import iam, marker, paging, tags, with_tags
from studiolo.services.iam.users import as_listed_user, user_named

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        ChangePasswordRequestTypeDef,
        CreateLoginProfileRequestTypeDef,
        CreateVirtualMFADeviceRequestTypeDef,
        DeactivateMFADeviceRequestTypeDef,
        DeleteLoginProfileRequestTypeDef,
        DeleteVirtualMFADeviceRequestTypeDef,
        EnableMFADeviceRequestTypeDef,
        GetLoginProfileRequestTypeDef,
        GetMFADeviceRequestTypeDef,
        ListMFADevicesRequestTypeDef,
        ListVirtualMFADevicesRequestTypeDef,
        ResyncMFADeviceRequestTypeDef,
        UpdateLoginProfileRequestTypeDef,
    )

ASSIGNED = {"Assigned": True, "Unassigned": False, "Any": None}


@iam.operation
def change_password(call: Call, request: "ChangePasswordRequestTypeDef") -> dict[str, Any]:
    user = user_named(call, None)
    call.identity.passwords.change(user, request["OldPassword"], request["NewPassword"])
    return {}


@iam.operation
def create_login_profile(call: Call, request: "CreateLoginProfileRequestTypeDef") -> dict[str, Any]:
    user = user_named(call, request.get("UserName"))
    if "Password" not in request:
        raise Invalid("Password is required.")
    profile = call.identity.passwords.create(
        user, request["Password"], reset_required=request.get("PasswordResetRequired", False)
    )
    return {"LoginProfile": as_login_profile(profile)}


@iam.operation
def create_virtual_mfa_device(call: Call, request: "CreateVirtualMFADeviceRequestTypeDef") -> dict[str, Any]:
    """With the seed that a device is set up with, and no picture of it."""
    device = call.identity.devices.create(request["VirtualMFADeviceName"], request.get("Path", "/"), tags(request))
    shown = {"SerialNumber": device.serial, "Base32StringSeed": device.seed.encode()}
    return {"VirtualMFADevice": with_tags(shown, device.tags)}


@iam.operation
def deactivate_mfa_device(call: Call, request: "DeactivateMFADeviceRequestTypeDef") -> dict[str, Any]:
    user = user_named(call, request.get("UserName"))
    call.identity.devices.deactivate(user, request["SerialNumber"])
    return {}


@iam.operation
def delete_login_profile(call: Call, request: "DeleteLoginProfileRequestTypeDef") -> dict[str, Any]:
    call.identity.passwords.delete(user_named(call, request.get("UserName")))
    return {}


@iam.operation
def delete_virtual_mfa_device(call: Call, request: "DeleteVirtualMFADeviceRequestTypeDef") -> dict[str, Any]:
    call.identity.devices.delete(request["SerialNumber"])
    return {}


@iam.operation
def enable_mfa_device(call: Call, request: "EnableMFADeviceRequestTypeDef") -> dict[str, Any]:
    codes = request["AuthenticationCode1"], request["AuthenticationCode2"]
    call.identity.devices.enable(request["UserName"], request["SerialNumber"], codes)
    return {}


@iam.operation
def get_login_profile(call: Call, request: "GetLoginProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.identity.passwords.get(user_named(call, request.get("UserName")))
    return {"LoginProfile": as_login_profile(profile)}


@iam.operation
def get_mfa_device(call: Call, request: "GetMFADeviceRequestTypeDef") -> dict[str, Any]:
    return as_device(call.identity.devices.get(request["SerialNumber"]))


@iam.operation
def list_mfa_devices(call: Call, request: "ListMFADevicesRequestTypeDef") -> dict[str, Any]:
    devices = call.identity.devices
    page = devices.of_user(user_named(call, request.get("UserName")), **paging(request))
    return {"MFADevices": [as_device(device) for device in page.items], **marker(page)}


@iam.operation
def list_virtual_mfa_devices(call: Call, request: "ListVirtualMFADevicesRequestTypeDef") -> dict[str, Any]:
    assigned = ASSIGNED[request.get("AssignmentStatus", "Any")]
    page = call.identity.devices.list(**paging(request), assigned=assigned)
    return {"VirtualMFADevices": [as_virtual_device(device) for device in page.items], **marker(page)}


@iam.operation
def resync_mfa_device(call: Call, request: "ResyncMFADeviceRequestTypeDef") -> dict[str, Any]:
    codes = request["AuthenticationCode1"], request["AuthenticationCode2"]
    call.identity.devices.resync(request["UserName"], request["SerialNumber"], codes)
    return {}


@iam.operation
def update_login_profile(call: Call, request: "UpdateLoginProfileRequestTypeDef") -> dict[str, Any]:
    call.identity.passwords.update(request["UserName"], request.get("Password"), request.get("PasswordResetRequired"))
    return {}


def as_login_profile(profile: LoginProfile) -> dict[str, Any]:
    return {
        "UserName": profile.user,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }


def as_device(device: Device) -> dict[str, Any]:
    shown: dict[str, Any] = {"SerialNumber": device.serial}
    if device.user is not None:
        shown |= {"UserName": device.user.name, "EnableDate": device.enabled}
    return shown


def as_virtual_device(device: Device) -> dict[str, Any]:
    shown: dict[str, Any] = {"SerialNumber": device.serial}
    if device.user is not None:
        shown |= {"User": as_listed_user(device.user), "EnableDate": device.enabled}
    return with_tags(shown, device.tags)
