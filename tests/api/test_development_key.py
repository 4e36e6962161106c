"""The development key: made once, whoever asks first, and readable by its owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signtally.development_key import DevelopmentKeyError, key_id, load_development_key


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    load_development_key(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_all_who_ask_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = pool.map(lambda _: load_development_key(tmp_path / "state"), range(24))
        assert len({key_id(key) for key in keys}) == 1
    assert len(list((tmp_path / "state").iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_broken_key_says_which_file_to_delete(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "development-key.pem").write_bytes(content)
    with pytest.raises(DevelopmentKeyError, match=r"development-key\.pem.*delete"):
        load_development_key(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    with pytest.raises(DevelopmentKeyError, match="state"):
        load_development_key(tmp_path / "state")
