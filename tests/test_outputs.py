"""Where files go, and what a run must never overwrite."""

from pathlib import Path

import pytest

from translate.errors import UserError
from translate.outputs import output_paths, target_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("03.en.md", "03.pt-br.md"),
        ("notes.md", "notes.pt-br.md"),
        ("notes.markdown", "notes.pt-br.markdown"),
        ("notes", "notes.pt-br.md"),
        ("2026.11.EN.md", "2026.11.pt-br.md"),
        (".hidden", ".hidden.pt-br.md"),
    ],
)
def test_target_names(name: str, expected: str) -> None:
    assert target_name(name) == expected


def test_beside_the_draft_by_default(tmp_path: Path) -> None:
    assert output_paths([f"{tmp_path}/a.en.md"], None) == [tmp_path / "a.pt-br.md"]


def test_standard_input_goes_to_standard_output() -> None:
    assert output_paths(["-"], None) == [None]


def test_a_directory_for_several(tmp_path: Path) -> None:
    paths = output_paths(["x/a.en.md", "y/b.en.md"], str(tmp_path / "new"))
    assert paths == [tmp_path / "new" / "a.pt-br.md", tmp_path / "new" / "b.pt-br.md"]


@pytest.mark.parametrize(
    ("drafts", "out", "protected", "message"),
    [
        (["a.md"], "a.md", [], "would overwrite the draft"),
        (["a.en.md"], None, ["a.pt-br.md"], "which the run reads"),
        (["x/a.en.md", "y/a.en.md"], "out/", [], "two drafts"),
        (["a.md", "a.md"], None, [], "given twice"),
        (["a.md", "b.md"], "-", [], "one draft only"),
    ],
)
def test_refusals(drafts: list[str], out: str | None, protected: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        output_paths(drafts, out, protected)
