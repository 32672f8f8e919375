"""botocore's sessions as the server makes them: what they read is read once for all, the endpoints alone are 7 MB."""

from functools import cache

import botocore.session
from botocore.loaders import Loader


@cache
def loader() -> Loader:
    """Where models and endpoints come from; it keeps what it has read."""
    return Loader()


def new_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", loader())
    return session
