"""What is remembered of tokens and of who is signed in: secrets only as their hashes."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata

offers = Table(
    "sign_in_offers",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("key", Text),
    Column("content", JSON, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("place", Text, nullable=False),
    # Ids of access keys: that which it was opened with, and that of the role which it views as.
    Column("key", Text),
    Column("role_key", Text),
    Column("content", JSON, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
)
