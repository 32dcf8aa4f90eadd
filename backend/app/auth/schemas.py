"""Signing in, as clients see it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from app.core.schemas import Schema
from app.users.schemas import EmailAddress, UserRead


def _secret_text(pattern: str, shortest: int, longest: int) -> tuple[FieldInfo, AfterValidator]:
    """The constraints of a secret text: pydantic's own would speak of its "items"."""

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if len(value) < shortest:
            raise PydanticCustomError("string_too_short", "too short", {"min_length": shortest})
        if len(value) > longest:
            raise PydanticCustomError("string_too_long", "too long", {"max_length": longest})
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("string_pattern_mismatch", "has not the right form")
        return secret

    told = Field(json_schema_extra={"pattern": f"^{pattern}$", "minLength": shortest, "maxLength": longest})
    return told, AfterValidator(check)


# Both are secrets in effect: as such they show in no repr, and so in no log and no error report.
DeviceId = Annotated[SecretStr, *_secret_text("[!-~]+", 16, 128)]
Code = Annotated[SecretStr, *_secret_text("[0-9]{6}", 6, 6)]


class DeviceSignIn(Schema):
    """Signing in by a device."""

    device_id: DeviceId = Field(
        description="Random, made once and kept on the device: who knows it is signed in. Only a keyed hash is stored.",
        examples=["9f0c5c4e-6a0e-4f3a-9d0f-5d6b0e6f1a2b"],
    )


class CodeCreate(Schema):
    """Asking for a code."""

    email: EmailAddress


class CodeVerify(Schema):
    """Showing a code."""

    email: EmailAddress
    code: Code = Field(description="The six digits that were mailed", examples=["042917"])
    device_id: DeviceId = Field(
        description="The device to sign in on. With a token the address goes to the account that calls, and its "
        "devices stay as they are."
    )


class CodeSent(Schema):
    """A code is on its way, whether or not an account has this address."""

    expires_in: int = Field(description="Seconds for which the code holds")


class TokenRead(Schema):
    """An access token."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds for which the token holds")


class SignedIn(TokenRead):
    """An access token, and the account that it opens."""

    user: UserRead
