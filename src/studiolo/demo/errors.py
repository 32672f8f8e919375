"""What can go wrong in the story and has nothing to do with its code."""


class StoryError(Exception):
    """An expected failure: its text is a sentence a person can act on, shown without a traceback."""
