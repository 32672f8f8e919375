"""What this library does not do, said clearly."""


class NotSupported(Exception):
    """Something of the public interface that is not carried out here."""
