"""Lists of private attributes."""

from __future__ import annotations

from pathlib import Path

import pytest

from vascal.errors import InputError
from vascal.io.deid.private import PrivateTag, read_private_list, read_safe_private


def test_the_shipped_list_has_rows_of_the_standard() -> None:
    safe = read_safe_private()
    assert PrivateTag(creator="GEMS_ACQU_01", group=0x0019, element=0x23) in safe
    assert PrivateTag(creator="Philips PET Private Group", group=0x7053, element=0x00) in safe
    assert len(safe) == 26
    assert all(tag.group % 2 == 1 for tag in safe)


def test_a_list_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("creator,group,element\nMINE,0029,a1\n")
    assert read_private_list(tmp_path / "p.csv") == {PrivateTag(creator="MINE", group=0x29, element=0xA1)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group,element\n", "columns"),
        ("creator,group,element\nM,0028,01\n", "line 2"),
        ("creator,group,element\nM,0029,1FF\n", "line 2"),
        ("creator,group,element\nM,x,1\n", "line 2"),
        ("creator,group,element\n,0029,01\n", "line 2"),
        ("creator,group,element\nM,0029\n", "line 2"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_private_list(tmp_path / "p.csv")
