from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.ops.embedded.secrets import SecretsUnreadable, load_secrets

if TYPE_CHECKING:
    from pathlib import Path


def test_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secrets.json"
    made = load_secrets(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_secrets(path) == made
    values = [made.postgres_superuser_password, made.postgres_password, made.redis_password, made.secret_key]
    assert len(set(values)) == 4
    assert all(len(value) >= 43 for value in values)
    assert list(path.parent.iterdir()) == [path]


def test_nothing_of_them_is_shown(tmp_path: Path) -> None:
    made = load_secrets(tmp_path / "secrets.json")
    assert made.secret_key not in repr(made)


def test_a_file_that_was_opened_to_all_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    load_secrets(path)
    path.chmod(0o644)
    load_secrets(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_starts_at_the_same_time_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(load_secrets, [tmp_path / "secrets.json"] * 8))
    assert len(set(results)) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"secret_key": "x"}', "null"])
def test_a_broken_file_is_neither_used_nor_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(SecretsUnreadable, match=r"secrets\.json"):
        load_secrets(path)
    assert path.read_text() == content
