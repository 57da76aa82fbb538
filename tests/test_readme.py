"""README is what a newcomer follows: its commands are the ones that CI runs, and what it names is there."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def command(name: str) -> str:
    found = re.findall(rf"^<!-- command: {name} -->\n```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    text: str = found[0]
    return text


@pytest.mark.parametrize("name", ["run", "test"])
def test_each_command_is_one_line_that_sets_up_first(name: str) -> None:
    assert "\n" not in command(name)
    assert command(name).startswith("sh scripts/setup && .venv/bin/")


def test_ci_runs_the_test_command_and_takes_it_from_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    said = subprocess.run([script, "--print"], capture_output=True, text=True, check=True)
    assert said.stdout == command("test") + "\n"
    assert "pytest" not in script.read_text(encoding="utf-8")


def test_the_run_command_is_understood_and_its_files_are_there() -> None:
    from translate.cli import _parser

    _, _, main = command("run").partition(" && ")
    program, *arguments = shlex.split(main)
    assert program == ".venv/bin/translate-issue"
    parsed = _parser().parse_args(arguments)
    for path in [*parsed.drafts, *parsed.human]:
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name)
def test_local_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    local = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_option_that_the_readme_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    from translate.cli import main

    named_commands = {"run", *re.findall(r"`(status|review|score|history|evaluate|memory|glossary)\b", README)}
    known: set[str] = set()
    for command in sorted(named_commands):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        known |= set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    assert len(named_commands) == 8
    for_users, _, _ = README.partition("## Developing")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", for_users))
    assert {"--human", "--glossary", "--strict"} <= named
    assert named <= known


@pytest.mark.parametrize("name", ["requirements.lock", "scripts/uv.txt"])
def test_locks_have_hashes_and_name_no_index_or_machine(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert re.search(r"(?m)^--|/tmp/|/root/|/home/|-f ", text) is None
    pins = re.findall(r"(?m)^[A-Za-z0-9._-]+==\S+", text)
    assert pins
    assert len(pins) == len(re.findall(r"(?m)^(?!#| )\S.*\\\n    --hash=sha256:", text))
