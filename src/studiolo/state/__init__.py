"""The database: what Studiolo remembers. Domains declare their tables on `metadata` and use `State`."""

from studiolo.state.database import State, StateUnavailable
from studiolo.state.paging import page
from studiolo.state.tables import Moment, metadata

__all__ = ["Moment", "State", "StateUnavailable", "metadata", "page"]
