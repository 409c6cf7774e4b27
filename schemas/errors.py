"""The failures that this room raises: a broken contract and a bad specification.

Bad rows never raise; they go to quarantine. Messages name columns, rules, and counts, never a value of a row.
"""


class SchemaError(Exception):
    """What is wrong, where, what was expected, and what to do about it."""

    def __init__(self, what: str, *, where: str, expected: str, remedy: str) -> None:
        """Keep the four parts as fields beside the composed message."""
        super().__init__(what, where, expected, remedy)
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        """One line that a reader of a log can act on."""
        return f"{self.where}: {self.what}. Expected: {self.expected}. Remedy: {self.remedy}"


class ContractBroken(SchemaError):  # noqa: N818 - the name says what happened, as in the other rooms
    """A file whose columns cannot serve its contract; the file is refused, no row of it is loaded."""


class BadSpecification(SchemaError):  # noqa: N818
    """A contract, a code table, or a rule of ours that cannot be used as it is written."""
