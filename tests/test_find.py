"""Which drafts a scheduled run takes: globs, links, revisions."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import PublishConfig, load_config
from translate.errors import UserError
from translate.publishing.find import find, matches


def config(root: Path, **changes: object) -> PublishConfig:
    return replace(load_config().publish, root=root, **changes)  # type: ignore[arg-type]


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Text.\n", encoding="utf-8")


def names(root: Path, **changes: object) -> list[str]:
    return [c.path.relative_to(root).as_posix() for c in find(config(root, **changes)).candidates]


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("a.en.md", "**/*.en.md", True),
        ("x/y/a.en.md", "**/*.en.md", True),
        ("x/a.en.md", "*.en.md", False),
        ("x/a.en.md", "*/*.en.md", True),
        ("x/y/z/a.en.md", "x/**/a.en.md", True),
        ("x/a.en.md", "x/**/a.en.md", True),
        ("y/a.en.md", "x/**", False),
        ("x", "x/**", True),
        ("x/_site/a.md", "**/_site/**", True),
        ("x/site/a.md", "**/_site/**", False),
        ("a/b/a/b/c", "**/a/b/**/b/c", True),
        ("2026-01.en.md", "20[0-9][0-9]-??.en.md", True),
    ],
)
def test_globs(name: str, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected


@given(st.lists(st.sampled_from(["a", "b", "**", "*"]), min_size=1, max_size=30), st.text("ab/", min_size=1))
def test_any_glob_ends(pattern: list[str], name: str) -> None:
    assert matches(name, "/".join(pattern)) in (True, False)


def test_a_glob_of_many_stars_over_a_deep_path_needs_no_recursion() -> None:
    assert not matches("a/" * 3000 + "b", "**/a/" * 300 + "c")


def test_drafts_are_found_and_the_rest_is_not(tmp_path: Path) -> None:
    write(tmp_path, "b/02.en.md", "01.en.md", "01.pt-br.md", "notes.md", "_site/01.en.md", ".git/x.en.md")
    write(tmp_path, "01.pt-br.human.md")
    assert names(tmp_path) == ["01.en.md", "b/02.en.md"]
    first = find(config(tmp_path)).candidates[0]
    assert first.bilingual == tmp_path / "01.pt-br.md"
    assert first.human == tmp_path / "01.pt-br.human.md"
    assert first.size == 6


def test_a_glob_that_takes_everything_takes_no_output_for_a_draft(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "a.pt-br.md", "a.pt-br.human.md")
    assert names(tmp_path, drafts=("*.md",)) == ["a.md"]


def test_links_are_left_out_and_named(tmp_path: Path) -> None:
    secret = tmp_path / "outside" / "secret.en.md"
    root = tmp_path / "root"
    write(tmp_path, "outside/secret.en.md", "root/01.en.md")
    (root / "02.en.md").symlink_to(secret)
    (root / "folder").symlink_to(secret.parent, target_is_directory=True)
    found = find(config(root))
    assert [c.path.name for c in found.candidates] == ["01.en.md"]
    assert found.left_out == ("02.en.md",)


@pytest.mark.parametrize("pattern", ["../*.en.md", "x/../../*.md", "/etc/*.md", "~/x.md", ""])
def test_globs_that_leave_the_root_are_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UserError, match=r"publish\.drafts"):
        find(config(tmp_path, drafts=(pattern,)))


def test_a_human_version_is_a_file_beside_the_draft(tmp_path: Path) -> None:
    write(tmp_path, "01.en.md")
    with pytest.raises(UserError, match=r"publish\.human"):
        find(config(tmp_path, human="../{stem}.md"))


def git(root: Path, *arguments: str) -> None:
    line = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    subprocess.run(line, check=True, capture_output=True)


def test_a_revision_is_read_whatever_the_disk_holds(tmp_path: Path) -> None:
    from translate.draft_source import read_draft

    root = tmp_path / "site"
    write(root, "posts/01.en.md", "posts/02.en.md", "other/03.en.md")
    (root / "posts" / "link.en.md").symlink_to("/etc/passwd")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "drafts")
    (root / "posts" / "02.en.md").unlink()
    (root / "posts" / "01.en.md").write_text("Changed.\n", encoding="utf-8")
    found = find(config(root / "posts", revision="HEAD"))
    assert [c.path.name for c in found.candidates] == ["01.en.md", "02.en.md"]
    assert found.commit is not None
    assert len(found.commit) == 40
    assert read_draft(str(found.candidates[1].path), found.commit, max_bytes=100).text == "Text.\n"
    assert read_draft(str(found.candidates[0].path), found.commit, max_bytes=100).text == "Text.\n"
    with pytest.raises(UserError, match="larger"):
        read_draft(str(found.candidates[0].path), found.commit, max_bytes=3)
    with pytest.raises(UserError, match="no regular file"):
        read_draft(str(root / "posts" / "link.en.md"), found.commit, max_bytes=100)
    for revision in ("nothing", "--help", ""):
        with pytest.raises(UserError, match="no commit"):
            find(config(root, revision=revision))


def test_a_revision_needs_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no git repository"):
        find(config(tmp_path, revision="HEAD"))
