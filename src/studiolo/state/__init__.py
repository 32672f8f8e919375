"""The database: what Studiolo remembers. Domains declare their tables on `metadata` and use `State`."""

from studiolo.state.changes import Changes, Listener, Thing
from studiolo.state.database import State, StateUnavailable
from studiolo.state.paging import page
from studiolo.state.remembered import Remembered
from studiolo.state.tables import Moment, metadata

__all__ = ["Changes", "Listener", "Moment", "Remembered", "State", "StateUnavailable", "Thing", "metadata", "page"]
