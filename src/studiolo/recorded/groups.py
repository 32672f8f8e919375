"""EC2's security groups and their rules."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from studiolo.recorded.kinds import GROUP, RULE, VPC, Attributes, Tags, require_free
from studiolo.recorded.records import Book, Record, RecordExists, RecordInvalid, RecordMissing, new_id


def add_group(book: Book, vpc_id: str | None, name: str, description: str, tags: Tags) -> Record:
    """A security group, from which all may go out. Raises RecordMissing, RecordExists."""
    if vpc_id is None:
        defaults = book.all(VPC, lambda each: bool(each["IsDefault"]))
        if not defaults:
            raise RecordMissing("default-vpc", "", "No default VPC for this user")
        vpc_id = defaults[0].id
    book.get(VPC, vpc_id)
    if book.all(GROUP, lambda each: bool(each["VpcId"] == vpc_id and each["GroupName"] == name)):
        raise RecordExists("group", f"The security group '{name}' already exists for VPC '{vpc_id}'")
    identifier = new_id("sg")
    place = f"arn:{book.scope.partition}:ec2:{book.scope.region}:{book.scope.account}"
    attributes = {
        "Description": description,
        "GroupId": identifier,
        "GroupName": name,
        "OwnerId": book.scope.account,
        "SecurityGroupArn": f"{place}:security-group/{identifier}",
        "VpcId": vpc_id,
    }
    group = book.add(GROUP, identifier, attributes, tags)
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    add_rules(book, identifier, [everywhere], egress=True)
    if name == "default":
        own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": identifier}]}
        add_rules(book, identifier, [own], egress=False)
    return group


def delete_group(book: Book, identifier: str) -> None:
    group = book.get(GROUP, identifier)
    if group["GroupName"] == "default":
        raise RecordInvalid(
            "cannot-delete", f'the specified group: "{identifier}" name: "default" cannot be deleted by a user'
        )
    require_free(book, group)
    for rule in book.all(RULE, lambda each: bool(each["GroupId"] == identifier)):
        book.drop(rule)
    book.drop(group)


def add_rules(
    book: Book, group_id: str, permissions: Sequence[Attributes], *, egress: bool, tags: Tags | None = None
) -> list[Record]:
    """Rules of a security group, one for each peer. Raises RecordMissing, RecordExists."""
    group = book.get(GROUP, group_id)
    rules = _rules(book, group, permissions, egress)
    there = [_essence(rule.attributes) for rule in book.all(RULE, lambda each: bool(each["GroupId"] == group_id))]
    for rule in rules:
        if _essence(rule) in there:
            raise RecordExists("rule", f"the specified rule already exists: {rule['IpProtocol']} of {group_id}")
    return [book.add(RULE, rule["SecurityGroupRuleId"], rule, tags, {"vpc": group["VpcId"]}) for rule in rules]


def drop_rules(
    book: Book, group_id: str, permissions: Sequence[Attributes], ids: Sequence[str], *, egress: bool
) -> None:
    """Take rules away. Raises RecordMissing for one that is not there."""
    group = book.get(GROUP, group_id)
    wanted = [_essence(rule) for rule in _rules(book, group, permissions, egress)]
    there = book.all(RULE, lambda each: bool(each["GroupId"] == group_id and each["IsEgress"] == egress))
    for essence in wanted:
        found = next((rule for rule in there if _essence(rule.attributes) == essence), None)
        if found is None:
            raise RecordMissing("permission", group_id, "The specified rule does not exist in this security group.")
        book.drop(found)
    for identifier in ids:
        book.drop(book.get(RULE, identifier))


def permissions_of(rules: Sequence[Record], *, egress: bool) -> list[dict[str, Any]]:
    """Rules as DescribeSecurityGroups shows them: a permission for each protocol and range of ports."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for rule in rules:
        if rule["IsEgress"] != egress:
            continue
        key = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        permission = found.setdefault(
            key,
            {
                "IpProtocol": key[0],
                **({} if key[0] == "-1" else {"FromPort": key[1], "ToPort": key[2]}),
                "IpRanges": [],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [],
            },
        )
        told = {"Description": rule["Description"]} if rule.get("Description") else {}
        if "CidrIpv4" in rule.attributes:
            permission["IpRanges"].append({"CidrIp": rule["CidrIpv4"], **told})
        elif "CidrIpv6" in rule.attributes:
            permission["Ipv6Ranges"].append({"CidrIpv6": rule["CidrIpv6"], **told})
        elif "PrefixListId" in rule.attributes:
            permission["PrefixListIds"].append({"PrefixListId": rule["PrefixListId"], **told})
        else:
            peer = rule["ReferencedGroupInfo"]
            permission["UserIdGroupPairs"].append({"GroupId": peer["GroupId"], "UserId": peer["UserId"], **told})
    return list(found.values())


def _rules(book: Book, group: Record, permissions: Sequence[Attributes], egress: bool) -> list[dict[str, Any]]:
    rules = []
    for permission in permissions:
        protocol = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}.get(
            str(permission.get("IpProtocol", "-1")), str(permission.get("IpProtocol", "-1"))
        )
        ports = {"FromPort": -1, "ToPort": -1}
        if protocol != "-1":
            ports = {"FromPort": permission.get("FromPort", -1), "ToPort": permission.get("ToPort", -1)}
        for peer in _peers(book, permission):
            identifier = new_id("sgr")
            rules.append(
                {
                    "GroupId": group.id,
                    "GroupOwnerId": book.scope.account,
                    "IpProtocol": protocol,
                    "IsEgress": egress,
                    "SecurityGroupRuleId": identifier,
                    **ports,
                    **peer,
                }
            )
    return rules


def _peers(book: Book, permission: Attributes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    kinds = (("IpRanges", "CidrIp", "CidrIpv4"), ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
             ("PrefixListIds", "PrefixListId", "PrefixListId"))  # fmt: skip
    for name, given, kept in kinds:
        for each in permission.get(name) or []:
            if name == "IpRanges":
                _network_of_rule(each[given])
            found.append({kept: each[given], **({"Description": each["Description"]} if "Description" in each else {})})
    for each in permission.get("UserIdGroupPairs") or []:
        identifier = each.get("GroupId")
        if identifier is None:
            name = each.get("GroupName")
            identifier = next((other.id for other in book.all(GROUP) if other["GroupName"] == name), str(name))
        book.get(GROUP, identifier)
        peer = {"GroupId": identifier, "UserId": book.scope.account}
        told = {"Description": each["Description"]} if "Description" in each else {}
        found.append({"ReferencedGroupInfo": peer, **told})
    if not found:
        raise RecordInvalid("missing-parameter", "The request must contain a source or destination: a CIDR or a group")
    return found


def _network_of_rule(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise RecordInvalid("parameter", f"CIDR block {cidr} is malformed") from error


def _essence(rule: Attributes) -> tuple[Any, ...]:
    """What makes two rules the same."""
    names = ("GroupId", "IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId")
    return (*(rule.get(name) for name in names), (rule.get("ReferencedGroupInfo") or {}).get("GroupId"))
