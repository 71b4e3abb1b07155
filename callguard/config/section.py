"""What every table of the configuration has in common: frozen, no unknown keys, and every fault told at once with its remedy.

pydantic checks fields one by one, but its own messages say what a program expected, not what an administrator should write; it
knows no "did you mean"; and a check that concerns two keys is left out as soon as one key is wrong, so that faults would come to light
one restart after the other. Hence one wrap validator here: it lets pydantic check the fields, rewrites each complaint while it still knows
which table it belongs to, and adds what `crossed` finds in the table as it was written.

Scalars are strict (`5038` is not `"5038"`), containers are not: TOML has arrays where the settings have tuples. No message repeats what was
written unless the check at hand knows that it is no secret. The first example of every field is the line to write, ready to copy.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

OURS = "callguard"
"""The type of an error that already holds our message and remedy."""

Table = Mapping[str, Any]

_MUST_BE = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}


def refusal(message: str, remedy: str) -> PydanticCustomError:
    """What a validator of ours raises: what is wrong and what to write instead."""
    return PydanticCustomError(OURS, "{message}", {"message": message, "remedy": remedy})


class Flaw(NamedTuple):
    """A fault that only shows when several keys are seen together."""

    key: tuple[str | int, ...]
    message: str
    remedy: str


class Section(BaseModel):
    """A table of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def completed(cls, table: Table) -> Table:
        """The table with the defaults that depend on other keys of it."""
        return table

    @classmethod
    def crossed(cls, table: Table) -> Iterable[Flaw]:
        """The faults between keys of the completed table, in which any value may still be of a wrong type."""
        del table
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(cls, written: object, check: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(written, Mapping):
            raise refusal("must be a table", "write the keys of it below its name in brackets")
        table = cls.completed(written)
        faults = [_details(flaw.key, flaw.message, flaw.remedy) for flaw in cls.crossed(table)]
        try:
            section = check(table)
        except ValidationError as caught:
            faults = [*(cls._rewritten(error) for error in caught.errors(include_url=False, include_input=False)), *faults]
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return section

    @classmethod
    def _rewritten(cls, error: ErrorDetails) -> InitErrorDetails:
        context = error.get("ctx", {})
        if error["type"] == OURS:
            return _details(error["loc"], context["message"], context["remedy"])
        key = str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            return _details(error["loc"], "is no key that callguard knows", cls._meant(key))
        message = "is missing" if error["type"] == "missing" else _MUST_BE.get(error["type"], error["msg"])
        return _details(error["loc"], message.format_map(context), f"write {cls.line(key)}")

    @classmethod
    def _meant(cls, key: str) -> str:
        close = get_close_matches(key, cls.model_fields, n=1)
        return f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(cls.model_fields)}"

    @classmethod
    def line(cls, key: str) -> str:
        """An example of how the key is written."""
        examples = cls.model_fields[key].examples or [key]
        return str(examples[0])


def _details(key: tuple[str | int, ...], message: str, remedy: str) -> InitErrorDetails:
    return InitErrorDetails(type=refusal(message, remedy), loc=key, input=None)
