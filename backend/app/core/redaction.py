"""The last net under the logs: secrets that slipped into a line are taken out of it before it is written.

Nothing relies on this; code that logs a secret is wrong anyway. It works on the finished line, with cheap looks
first, since nearly every line holds none.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from app.core.settings import Settings

HIDDEN: Final = "[redacted]"
_SHORTEST: Final = 8
_KEYS: Final = frozenset(
    {"authorization", "cookie", "device_id", "dsn", "password", "secret", "secret_key", "signature", "token"}
    | {"access_token", "api_key", "email", "headers"}
)
_CODE_KEYS: Final = frozenset({"code", "email_code", "sign_in_code", "verification_code"})
_CODE: Final = re.compile(r"\d{6}")
_BEARER: Final = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}")
_TOKEN: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_SIGNATURE: Final = re.compile(r"(?i)((?:signature|credential|security-token)=)[^&\s\"'\\]+")
_MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,}")
_LOGIN: Final = re.compile(r"(://[^\s/@:\"']*:)[^\s/@\"']+@")


class Redactor:
    """Knows the secrets of these settings and the shapes of others."""

    def __init__(self, settings: Settings) -> None:
        secrets = set()
        for name in type(settings).model_fields:
            value = getattr(settings, name)
            if isinstance(value, SecretStr) and len(plain := value.get_secret_value()) >= _SHORTEST:
                # As it is, and as it stands in JSON.
                secrets |= {plain, json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]}
        self._secrets = sorted(secrets, key=len, reverse=True)

    def hide_fields(self, fields: MutableMapping[str, Any]) -> None:
        """Hide the values of fields whose names say that they are secret, and sign-in codes."""
        if not _KEYS.isdisjoint(fields):
            for key in fields.keys() & _KEYS:
                fields[key] = HIDDEN
        if not _CODE_KEYS.isdisjoint(fields):
            for key in fields.keys() & _CODE_KEYS:
                if _CODE.fullmatch(str(fields[key])):
                    fields[key] = HIDDEN

    def hide(self, line: str) -> str:
        """The line without secrets."""
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, HIDDEN)
        if "earer " in line or "EARER " in line:
            line = _BEARER.sub(rf"\1{HIDDEN}", line)
        if "eyJ" in line:
            line = _TOKEN.sub(HIDDEN, line)
        if "ignature=" in line or "redential=" in line or "oken=" in line:
            line = _SIGNATURE.sub(rf"\1{HIDDEN}", line)
        if "@" in line:
            line = _MAIL.sub(HIDDEN, _LOGIN.sub(rf"\1{HIDDEN}@", line))
        return line
