"""The tables `[[notice]]`: who is told by mail of a number's missed calls, voicemails and new addresses (C4). Without any, nobody is."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from callguard.call.state import NOBODY
from callguard.config.section import Flaw, Section, refusal
from callguard.config.values import Address, Filled, Language, Text
from callguard.numbers import parse


def _somebody(number: str) -> str:
    """Which country's numbers are meant makes no difference to that."""
    if parse(number, "RO") == NOBODY:
        raise refusal("is nobody's number", "write the number that is called, an extension, a mailbox, or the account of a phone")
    return number


class NoticeSettings(Section):
    """`[[notice]]`: one number, and who is told what of it. No `language`: that of the announcements."""

    number: Annotated[Text, AfterValidator(_somebody)] = Field(examples=['number = "021 333 4444"'])
    to: Annotated[tuple[Address, ...], Filled] = Field(examples=['to = ["shop@example.com"]'])
    on: Annotated[tuple[Literal["missed-call", "voicemail", "new-address"], ...], Filled] = Field(
        examples=['on = ["missed-call", "voicemail", "new-address"]']
    )
    language: Language | None = Field(default=None, examples=['language = "ro"'])


def unposted(notices: object, mail: object) -> Iterator[Flaw]:
    """Notices that could never be sent."""
    if notices and mail is None:
        yield Flaw(("notice",), "needs a server to send mails through", "write [mail] with server and sender, or leave [[notice]] out")
