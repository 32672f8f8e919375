"""Endpoints: the processes that serve models, the account kept of them, the way of a call to them."""
