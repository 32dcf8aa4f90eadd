"""Accounts as clients see them, and the text that people may put into them."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.schemas import CleanText, Moment, Schema
from app.users.models import EMAIL_LENGTH, NICKNAME_LENGTH

_CONTROL: Final = frozenset({"Cc", "Zl", "Zp"})
_UNSEEN: Final = frozenset({"Cf", "Mn", "Me", "Zs"})
# Marks that turn the direction of text around: they would reorder the page around a name.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _too_long(most: int) -> PydanticCustomError:
    return PydanticCustomError("string_too_long", "must have at most {max_length} characters", {"max_length": most})


def _nickname(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    categories = [unicodedata.category(character) for character in text]
    if _CONTROL.intersection(categories) or _DIRECTIONS.intersection(text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    if all(category in _UNSEEN for category in categories):
        raise PydanticCustomError("nothing_visible", "must contain something that can be seen")
    if len(text) > NICKNAME_LENGTH:
        raise _too_long(NICKNAME_LENGTH)
    return text


def normalise_email(text: str) -> str:
    """The address in the one form that is stored: lower case, the domain in ASCII. Raises an error that
    pydantic takes.

    No DNS is asked: an answer that takes as long as somebody's name server is no answer. Addresses with other than
    ASCII before the @ are refused, since many mail servers still do.
    """
    try:
        valid = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise PydanticCustomError("email_address", "must be an e-mail address such as name@example.com") from None
    # Without characters beyond ASCII before the @ there always is an ASCII form.
    address = (valid.ascii_email or valid.normalized).lower()
    if len(address) > EMAIL_LENGTH:
        raise _too_long(EMAIL_LENGTH)
    return address


Nickname = Annotated[CleanText, StringConstraints(min_length=1, max_length=200), AfterValidator(_nickname)]
"""What a person wants to be called: 1 to 40 characters after trimming, in one line."""

EmailAddress = Annotated[
    CleanText,
    StringConstraints(min_length=3, max_length=EMAIL_LENGTH),
    AfterValidator(normalise_email),
    Field(json_schema_extra={"format": "email"}),
]
"""An e-mail address, normalised."""


class UserRead(Schema):
    """The caller's own account."""

    id: UUID
    nickname: str
    email: str | None = Field(description="Bound by a code that was mailed to it; null while there is none")
    points_balance: int
    created_at: Moment


class UserUpdate(Schema):
    """What people may change about themselves."""

    nickname: Nickname = Field(description="1 to 40 characters, one line", examples=["小雨"])


class TestMailCreate(Schema):
    """Where a test mail shall go."""

    email: EmailAddress


class TestMailRead(Schema):
    """How the mail goes out: ``smtp``, or ``console``: shown in the worker's log, as no SMTP server is set."""

    sender: str
