"""What a OneRoster request can get wrong. Each is a problem with a word of the standard beside it."""

from shared.problems import Problem


class FilterInvalid(Problem):
    """The filter cannot be understood, or not be applied."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "filter-invalid", detail)


class SortInvalid(Problem):
    """It cannot be sorted by this field."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "sort-invalid", detail)


class FieldsInvalid(Problem):
    """`fields` names what there is not."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, "fields-invalid", detail)
