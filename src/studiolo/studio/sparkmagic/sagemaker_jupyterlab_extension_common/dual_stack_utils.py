"""Whether AWS is to be reached by the names that have IPv6 addresses, too."""


def is_dual_stack_enabled() -> bool:
    """Never: here all is at the address that AWS_ENDPOINT_URL says."""
    return False
