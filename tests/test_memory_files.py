"""TMX and PO: what goes out comes back, what other tools write is understood, what is broken is named with its line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.cli import main
from translate.errors import UserError
from translate.memory import Memory, Unit, digest
from translate.memory.po import from_po, to_po
from translate.memory.tmx import from_tmx, to_tmx

UNITS = [
    Unit("One *text* & <b>more</b>", "One text & more", "Um *texto* & <b>mais</b>", "human", True, digest("a"),
         "d/a b.md", "Head: line", "", "", 1_700_000_000.0, 1_700_000_001.0),
    Unit("Two\nlines", "Two\nlines", 'Duas "linhas"\\n\tfim', "machine", False, digest("b"), "", "",
         digest('Duas "linhas"\\n\tfim'), "sig", 1_700_000_000.0, 1_700_000_000.0),
    Unit("Three", "Three", "Três 🎉", "import", True, "", "", "", "", "", 1_700_000_000.0, 1_700_000_000.0),
]  # fmt: skip


def test_tmx_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    path.write_bytes(to_tmx(UNITS))
    assert from_tmx(path) == UNITS


def test_po_comes_back_without_its_times(tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_text(to_po(UNITS))
    assert from_po(path) == [replace(unit, created=0.0, updated=0.0) for unit in UNITS]


_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), min_size=1).filter(str.strip)


@given(_TEXT, _TEXT)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, source: str, target: str) -> None:
    folder = tmp_path_factory.mktemp("files")
    unit = Unit(source, source, target, "human", True)
    (folder / "a.tmx").write_bytes(to_tmx([unit]))
    (folder / "a.po").write_text(to_po([unit]), newline="")
    for (found,) in (from_tmx(folder / "a.tmx"), from_po(folder / "a.po")):
        assert (found.source, found.target, found.origin) == (source, target, "human")


def test_a_machine_text_that_was_changed_in_another_tool_is_a_humans(tmp_path: Path) -> None:
    for name, text in (("a.po", to_po(UNITS)), ("a.tmx", to_tmx(UNITS).decode())):
        (tmp_path / name).write_text(text.replace("linhas", "frases"))
        read = from_po if name.endswith("po") else from_tmx
        assert [unit.origin for unit in read(tmp_path / name)] == ["human", "human", "import"]


def test_another_tools_tmx(tmp_path: Path) -> None:
    path = tmp_path / "omegat.tmx"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">\n'
        '<header creationtool="OmegaT" segtype="sentence" srclang="EN-US" adminlang="EN-US" datatype="plaintext" '
        'o-tmf="OmegaT TMX" creationtoolversion="6"/><body>\n'
        '<tu><tuv xml:lang="EN-US"><seg>The <bpt i="1">&lt;b&gt;</bpt>model</seg></tuv>'
        '<tuv xml:lang="PT"><seg>errado</seg></tuv><tuv xml:lang="PT-BR"><seg>O modelo</seg></tuv></tu>\n'
        '<tu><tuv lang="en"><seg>Only English</seg></tuv></tu></body></tmx>\n'
    )
    (unit,) = from_tmx(path)
    assert (unit.source, unit.target, unit.origin, unit.approved) == ("The <b>model", "O modelo", "import", True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tmx", "<tmx>\n<body>\n<tu></body></tmx>", r"a\.tmx:3: .*well-formed"),
        ("a.tmx", "<html/>", r"a\.tmx:1: .*not TMX"),
        ("a.tmx", "", r"a\.tmx:1: "),
        ("a.tmx", '<tmx>\n<body><tu>\n<tuv xml:lang="en"/></tu></body></tmx>', r"a\.tmx:3: .*<seg>"),
        ("a.tmx", "<tmx><body><tu>\n<tuv><seg>x</seg></tuv></tu></body></tmx>", r"a\.tmx:2: .*xml:lang"),
        (
            "a.tmx",
            '<!DOCTYPE tmx [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<tmx><body><tu><tuv xml:lang="en">'
            "<seg>&e;</seg></tuv></tu></body></tmx>",
            r"a\.tmx:2: .*entity",
        ),
        ("a.po", "hello\n", r"a\.po:1: .*no msgid"),
        ("a.po", 'msgid "a"\nmsgstr "b"\n\nnonsense\n', r"a\.po:4: "),
        ("a.po", 'msgid "a"\nmsgstr "b"c"\n', r"a\.po:2: "),
        ("a.txt", "x", r"must end in \.tmx or \.po"),
    ],
)
def test_broken_files_are_named_with_the_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str,
    message: str,
) -> None:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "m.sqlite"))
    good = tmp_path / "good.tmx"
    good.write_bytes(to_tmx(UNITS))
    (tmp_path / name).write_text(content)
    assert main(["memory", "import", str(good), str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    with Memory(tmp_path / "m.sqlite") as memory:
        assert memory.stats()["units"] == 0


def test_a_billion_laughs_are_refused(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 10))
    path = tmp_path / "a.tmx"
    path.write_text(
        f'<!DOCTYPE tmx [<!ENTITY e0 "ha">{entities}]><tmx><body><tu><tuv xml:lang="en"><seg>&e9;</seg></tuv></tu>'
        "</body></tmx>"
    )
    with pytest.raises(UserError, match=r"a\.tmx:1"):
        from_tmx(path)


def test_a_control_character_cannot_go_into_tmx() -> None:
    with pytest.raises(UserError, match="control character"):
        to_tmx([Unit("a\x01", "a\x01", "b", "human")])


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "m.sqlite"))
    draft, human = tmp_path / "a.en.md", tmp_path / "a.human.md"
    draft.write_text("# News\n\nThe first model has 12 layers, see https://example.org/a.\n")
    human.write_text("# Novidades\n\nO primeiro modelo tem 12 camadas, veja https://example.org/a.\n")
    assert main(["memory", "learn", str(draft), str(human)]) == 0
    assert "left out" in capsys.readouterr().out
    for name in ("out.tmx", "out.po"):
        assert main(["memory", "export", str(tmp_path / name)]) == 0
        monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / f"{name}.sqlite"))
        assert main(["memory", "import", str(tmp_path / name)]) == 0
        with Memory(tmp_path / f"{name}.sqlite") as memory, Memory(tmp_path / "m.sqlite") as original:
            assert [(u.source, u.target) for u in memory.units()] == [(u.source, u.target) for u in original.units()]
        monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(tmp_path / "m.sqlite"))
    capsys.readouterr()
    assert main(["memory", "stats", "--json"]) == 0
    assert '"human": ' in capsys.readouterr().out
