"""Reading, repairing and writing text files, with real failures."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.errors import UserError
from translate.text_file import newline_of, read_text, repair_mojibake, write_atomic, write_output

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "newsletters"
ACCENTED = "Tradução automática: não há atenção à configuração. Você já avaliou três versões?\n"


def leftovers(directory: Path) -> list[str]:
    return [p.name for p in directory.iterdir() if p.name.startswith(".translate-issue-")]


@pytest.mark.parametrize("text", ["a\r\nb\r\n", "\ufeff# título", "a  \n\n", "um\u2028dois\rtrês", "emoji 🧠 and ção"])
def test_text_comes_back_exactly(tmp_path: Path, text: str) -> None:
    path = tmp_path / "draft.en.md"
    write_atomic(path, text)
    assert path.read_bytes() == text.encode()
    source = read_text(path)
    assert source.text == text
    assert source.path == path
    assert source.has_bom == text.startswith("\ufeff")


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_writing_is_utf8_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    write_atomic(path, text)
    assert path.read_bytes() == text.encode("utf-8")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "empty"),
        (b"text\0more", "binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "an image"),
        (b"PK\x03\x04\x14\0\x06\0", "office document"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
        ("# title, not long\n".encode("utf-16"), "iconv -f UTF-16 "),
        ("# title, not long\n".encode("utf-16-le"), "iconv -f UTF-16LE "),
        ("# title, not long\n".encode("utf-16-be"), "iconv -f UTF-16BE "),
        ("# title, not long\n".encode("utf-32"), "iconv -f UTF-32 "),
        ("# title, not long\n".encode("utf-32-be"), "iconv -f UTF-32BE "),
        (b"one\ntwo \xe7\xe3o\n", "byte 8 (line 2): the text is probably ISO-8859-1"),
        (b"one \x93quoted\x94\n", "probably WINDOWS-1252"),
        (b"corta" + "ç".encode()[:1], "middle of a character"),
        (bytes(range(1, 256)), "binary"),
    ],
)
def test_bad_content_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "draft.en.md"
    path.write_bytes(data)
    with pytest.raises(UserError) as error:
        read_text(path)
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_bad_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_text(tmp_path / "absent.md")
    with pytest.raises(UserError, match="is a directory"):
        read_text(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        read_text("a\0b")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be read"):
        read_text(tmp_path / "file" / "below")


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    path.write_text("x" * 101)
    with pytest.raises(UserError, match="larger than"):
        read_text(path, max_bytes=100)
    assert len(read_text(path, max_bytes=101).text) == 101


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret.md"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(UserError, match="permission denied"):
        read_text(path)


def test_standard_streams(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\r\n".encode()), encoding="ascii"))
    source = read_text("-")
    assert (source.text, source.path, source.name) == ("é\r\n", None, "standard input")
    write_output("-", source.text)
    assert capfdbinary.readouterr().out == "é\r\n".encode()


def test_newline_of() -> None:
    assert [newline_of(t) for t in ("", "a\nb\r\nc\n", "a\r\nb\r\nc\n")] == ["\n", "\n", "\r\n"]


@pytest.mark.parametrize("wrong", ["mac-roman", "cp1252", "latin-1"])
def test_mojibake_is_repaired(wrong: str) -> None:
    damaged = (ACCENTED * 5).encode().decode(wrong)
    assert repair_mojibake(damaged) == (ACCENTED * 5, True)


@pytest.mark.parametrize(
    "text",
    [ACCENTED, "plain ASCII", "√2 ≈ 1.41 — “ok”…", ACCENTED * 3 + "O erro mostra `Ã§Ã£o`, `Ã©` e `Ã¡` e não ção.\n"],
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert repair_mojibake(text) == (text, False)


@pytest.mark.skipif(not SHARED.exists(), reason="the newsletters are not here")
def test_mojibake_of_a_real_newsletter() -> None:
    damaged = read_text(SHARED / "04.pt-br.mojibake.md").text
    assert repair_mojibake(damaged) == (read_text(SHARED / "04.pt-br.md").text, True)
    for path in SHARED.glob("*.md"):
        if "mojibake" not in path.name:
            text = read_text(path).text
            assert repair_mojibake(text) == (text, False)


def test_permission_bits_stay_and_new_files_follow_the_umask(tmp_path: Path) -> None:
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("x")
    old.chmod(0o640)
    mask = os.umask(0o027)
    try:
        write_atomic(old, "y")
        write_atomic(new, "y")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert leftovers(tmp_path) == []


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "t.md", tmp_path / "l.md"
    link.symlink_to(target)
    write_atomic(link, "one")  # the link dangles
    write_atomic(link, "two")
    assert link.is_symlink()
    assert target.read_text() == "two"
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(UserError, match="circle"):
        write_atomic(link, "three")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, said in [
        (tmp_path, "is a directory"),
        (tmp_path / "absent" / "a.md", "directory does not exist"),
        (tmp_path / "file" / "a.md", "not a directory"),
        (tmp_path / ("n" * 300), "too long"),
        (Path("a\0b"), "cannot be written"),
    ]:
        with pytest.raises(UserError, match=said):
            write_atomic(path, "text")
    with pytest.raises(UserError, match="U\\+D800"):
        write_atomic(tmp_path / "s.md", "\ud800")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permission_denied(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(UserError, match="permission denied"):
        write_atomic(locked / "a.md", "text")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_file_system_that_takes_no_files() -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write_atomic("/proc/self/a.md", "text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_written_not_replaced() -> None:
    with pytest.raises(UserError, match="no space is left"):
        write_atomic("/dev/full", "text")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    write_atomic("/dev/null", "text")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def in_child(code: str, *arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit on file size makes the write fail half-way, as a full disk does."""
    path = tmp_path / "a.md"
    path.write_text("old")
    child = in_child(
        """
        import resource, sys
        from translate.errors import UserError
        from translate.text_file import write_atomic
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            write_atomic(sys.argv[1], "new" * 5000)
        except UserError as error:
            print(error)
        """,
        str(path),
    )
    out, err = child.communicate()
    assert "larger than the system allows" in out, err
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_interrupt_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    """The child writes again and again; Ctrl-C arrives at any moment of it."""
    path = tmp_path / "a.md"
    path.write_text("old")
    for _ in range(5):
        child = in_child(
            """
            import sys
            from translate.text_file import write_atomic
            try:
                print("ready", flush=True)
                while True:
                    write_atomic(sys.argv[1], "new" * 1_000_000)
            except KeyboardInterrupt:
                sys.exit(130)
            """,
            str(path),
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        child.communicate()
        assert child.returncode == 130
        assert path.read_text() in {"old", "new" * 1_000_000}
        assert leftovers(tmp_path) == []
