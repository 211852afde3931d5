"""What keeps the product from starting, in one sentence that says what to do."""


class CannotStart(Exception):
    """Shown to the user as it is, without a trace."""
