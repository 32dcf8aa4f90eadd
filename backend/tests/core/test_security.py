"""Tokens that were verified once are remembered, but never beyond their time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import security
from app.core.clock import utc_now
from app.core.errors import Unauthorized
from app.core.ids import new_id
from app.core.security import Keyring
from app.core.settings import Settings


def keyring(secret: str = "a-secret-of-a-test-with-more-than-32-characters") -> Keyring:
    return Keyring(Settings(_env_file=None, SECRET_KEY=secret, ACCESS_TOKEN_DAYS=1))


def test_a_remembered_token_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = keyring()
    user_id = new_id()
    token, lasts = keys.issue_token(user_id)
    assert keys.read_token(token) == user_id == keys.read_token(token)
    monkeypatch.setattr(security, "utc_now", lambda: utc_now() + timedelta(seconds=lasts + 1))
    with pytest.raises(Unauthorized):
        keys.read_token(token)


def test_what_does_not_hold_is_not_remembered() -> None:
    token, _ = keyring("another-secret-of-a-test-with-many-characters").issue_token(new_id())
    keys = keyring()
    for _ in range(2):
        with pytest.raises(Unauthorized):
            keys.read_token(token)
    assert keys._verified.cache_info().currsize == 0
