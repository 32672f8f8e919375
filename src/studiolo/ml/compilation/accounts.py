"""The accounts of AWS's registries that hold the images for compiled models, by region, as AWS's SDK has them."""

_TABLE = """
af-south-1 774647643957, ap-east-1 110948597952, ap-northeast-1 941853720454, ap-northeast-2 151534178276,
ap-northeast-3 925152966179, ap-south-1 763008648453, ap-southeast-1 324986816169, ap-southeast-2 355873309152,
ca-central-1 464438896020, cn-north-1 472730292857, cn-northwest-1 474822919863, eu-central-1 746233611703,
eu-central-2 010526262399, eu-north-1 601324751636, eu-south-1 966458181534, eu-west-1 802834080501,
eu-west-2 205493899709, eu-west-3 254080097072, il-central-1 275950707576, me-south-1 836785723513,
sa-east-1 756306329178, us-east-1 785573368785, us-east-2 007439368137, us-gov-east-1 227234621604,
us-gov-west-1 263933020539, us-iso-east-1 167761179201, us-isob-east-1 406031935815, us-isof-east-1 751086301963,
us-isof-south-1 935523707064, us-west-1 710691900526, us-west-2 301217895009
"""
_ACCOUNTS = {pair.split()[0]: pair.split()[1] for pair in _TABLE.split(",")}
_DOMAINS = {"cn-": "amazonaws.com.cn"}


def account_of(region: str) -> str:
    """The registry's account; in a region that AWS's SDK does not know, that of us-east-1."""
    return _ACCOUNTS.get(region, _ACCOUNTS["us-east-1"])


def domain_of(region: str) -> str:
    """What the registry's host name ends with."""
    return next((domain for begin, domain in _DOMAINS.items() if region.startswith(begin)), "amazonaws.com")
