"""All that is recorded, as the server holds it."""

from studiolo.domain import Clock
from studiolo.recorded.grants import Grants
from studiolo.recorded.keys import Keys
from studiolo.recorded.network import Network
from studiolo.recorded.parameters import Parameters
from studiolo.recorded.records import Records
from studiolo.recorded.repositories import Repositories
from studiolo.recorded.secrets_manager import Secrets
from studiolo.state import State


class Recorder:
    """The services that record, each on the one table."""

    def __init__(self, state: State, clock: Clock) -> None:
        records = Records(state, clock)
        self.network = Network(records)
        self.keys = Keys(records)
        self.grants = Grants(records, self.keys)
        self.parameters = Parameters(records, self.keys)
        self.secrets = Secrets(records, self.keys)
        self.repositories = Repositories(records)
