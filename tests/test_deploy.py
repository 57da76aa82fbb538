"""What is under deploy/: locks, container file, compose file and units say what the documentation promises."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from translate.config import default_config_path, load_config

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
Pins = dict[tuple[str, str], frozenset[str]]


def pins(lock: Path) -> Pins:
    """The hashes of each name and version in a lock."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        named = re.match(r"([a-z0-9._-]+)==([^\s;]+)", line)
        if named:
            found[named[1], named[2]] = frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
    return found


def dependencies() -> set[str]:
    """The package's own, without extras, by normalized name."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [re.match(r"[A-Za-z0-9._-]+", line) for line in project["dependencies"]]
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in named if match}


# Locks --------------------------------------------------------------------------------------------


def test_the_small_lock_is_a_part_of_the_large_one_with_the_same_versions_and_hashes() -> None:
    whole, small = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert len(small) > 100
    assert {pin: hashes for pin, hashes in small.items() if whole.get(pin) != hashes} == {}
    assert all(small.values())


def test_the_small_lock_has_every_dependency_but_those_left_out_and_what_only_they_need() -> None:
    left_out = {
        line for line in (DEPLOY / "excludes.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    }
    names = {name for name, _ in pins(DEPLOY / "requirements.lock")}
    assert left_out == {"torch", "transformers"}
    assert dependencies() - names == left_out
    assert not {name for name in names if name.startswith("nvidia-")} | (names & {"triton", "tokenizers", "pytest"})


def test_without_pytorch_drafts_are_translated_and_the_reference_engine_is_refused_in_a_sentence(
    tmp_path: Path,
) -> None:
    draft = tmp_path / "01.en.md"
    draft.write_text("The throughput of the model doubled.\n", encoding="utf-8")
    program = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from translate.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    line = [sys.executable, "-c", program]
    config = ["--config", str(DEPLOY / "newsletter.yaml")]
    published = subprocess.run(
        [*line, "publish", str(tmp_path), *config],
        env={"PYTHONPATH": str(ROOT), "TRANSLATE_ISSUE_MEMORY": str(tmp_path / "memory.sqlite"),
             "TRANSLATE_ISSUE_CACHE": str(tmp_path / "cache"), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert published.returncode == 0, published.stderr
    assert "*throughput*" in (tmp_path / "01.pt-br.md").read_text(encoding="utf-8")
    refused = subprocess.run(
        [*line, "run", str(draft), "--engine", "transformers", "--out", str(tmp_path / "x.md")],
        env={"PYTHONPATH": str(ROOT), "TRANSLATE_ISSUE_MEMORY": str(tmp_path / "memory.sqlite"), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "needs PyTorch and transformers, which are not installed here" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_configuration_of_the_image_is_valid_and_needs_no_pytorch() -> None:
    config = load_config(DEPLOY / "newsletter.yaml")
    assert config.publish.root == Path("/srv/newsletters")
    assert config.model.engine == "ctranslate2"
    assert config.degenerate.retry_reference is False
    assert load_config(default_config_path()).degenerate.retry_reference is True


# Container ----------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions, in order."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def test_the_image_is_built_from_locks_with_hashes_and_compiles_nothing() -> None:
    runs = [part.strip() for word, rest in instructions() if word == "RUN" for part in rest.split("&&")]
    installs = [run for run in runs if re.search(r"\bpip install\b", run)]
    assert len(installs) == 3
    for line in installs:
        assert "--require-hashes --requirement" in line or "--no-deps --no-index" in line
    assert any("--only-binary :all:" in line and "deploy/requirements.lock" in line for line in installs)
    (build,) = [run for run in runs if "uv build" in run]
    assert "--require-hashes --build-constraints requirements.lock" in build
    assert not any(word in run for run in runs for word in ("curl", "wget", "gcc", "build-essential"))
    base = dict(instructions())["ARG"]
    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.11\.\d+-slim-\w+", base)


def test_the_image_runs_as_a_fixed_user_who_is_not_root_and_calls_nobody() -> None:
    stage = last_stage()
    words = [word for word, _ in stage]
    assert ("USER", "10001:10001") in stage
    assert words.index("USER") > max(index for index, word in enumerate(words) if word == "RUN")
    environment = " ".join(rest for word, rest in stage if word == "ENV")
    for setting in ("HF_HUB_OFFLINE=1", "DO_NOT_TRACK=1", "PREFECT_SERVER_ANALYTICS_ENABLED=false"):
        assert setting in environment
    assert "HEALTHCHECK" in words
    (copied,) = [rest for word, rest in stage if word == "COPY" and "newsletter.yaml" in rest]
    assert copied.split()[-1] in environment


def test_everything_that_the_container_file_copies_is_in_its_context() -> None:
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    ]
    wanted = [
        source
        for word, rest in instructions()
        if word == "COPY" and "--from=" not in rest
        for source in rest.split()[:-1]
        if source != "."
    ]
    assert wanted
    for source in wanted:
        assert (ROOT / source).exists(), source
        assert source in allowed
    assert all((ROOT / path).exists() for path in allowed)
    assert {"glossary", "translate", "flows", "configs", "pyproject.toml", "README.md"} <= set(allowed)


# Compose ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_every_service_is_confined_and_none_is_reachable_from_elsewhere(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"server", "deploy", "worker"}
    for service in compose["services"].values():
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert "mem_limit" in service
        assert not service.get("privileged")
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert not re.search(r"password|secret|token|api_key", yaml.safe_dump(service), re.IGNORECASE)


def test_services_wait_for_each_other_and_their_files_are_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["deploy"]["depends_on"]["server"]["condition"] == "service_healthy"
    assert services["worker"]["depends_on"]["deploy"]["condition"] == "service_completed_successfully"
    assert "/api/health" in services["server"]["healthcheck"]["test"][-1]
    for service in services.values():
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        for volume in service.get("volumes", ()):
            name = volume.partition(":")[0]
            assert name in compose["volumes"] or volume.startswith("${")
    assert (DEPLOY / "newsletter.yaml").is_file()


# systemd ------------------------------------------------------------------------------------------


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's settings; one that is given twice has two values."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, f"{path.name}: {line}"
            section.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_run_as_nobody_special_and_start_what_there_is(path: Path) -> None:
    settings = unit(path)
    service = settings["Service"]
    assert service["User"] == ["translate-issue"]
    assert "MemoryMax" in service
    program = Path(service["ExecStart"][0].split()[0])
    assert program.is_relative_to("/opt/translate-issue")
    inside = program.relative_to("/opt/translate-issue")
    assert (ROOT / inside).is_file() if inside.parts[0] == "deploy" else inside.parts[:2] == (".venv", "bin")
    named = {other.name for other in UNITS}
    for key in ("Requires", "After", "Conflicts"):
        ours = [name for value in settings["Unit"].get(key, ()) for name in value.split() if "translate-issue" in name]
        assert set(ours) <= named


def test_the_drop_in_confines_all_units() -> None:
    assert [path.stem for path in UNITS] == [f"translate-issue-{x}" for x in ("deploy", "serve", "server", "worker")]
    service = unit(DEPLOY / "systemd" / "translate-issue-.service.d" / "hardening.conf")["Service"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["NoNewPrivileges"] == service["PrivateTmp"] == service["PrivateDevices"] == ["yes"]
    assert service["CapabilityBoundingSet"] == [""]
    assert service["SystemCallFilter"][0] == "@system-service"


# Deployments --------------------------------------------------------------------------------------


def test_deployments_name_flows_and_their_parameters() -> None:
    import inspect

    entries = {
        entry["name"]: entry
        for entry in yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    }
    assert set(entries) == {"daily", "weekly"}
    for entry in entries.values():
        module, _, name = entry["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), name)
        inspect.signature(flow.fn).bind(**entry["parameters"])
        assert entry["concurrency_limit"]["limit"] == 1
        assert entry["schedules"][0]["timezone"] == "America/Sao_Paulo"
    assert entries["weekly"]["schedules"][0]["active"] is False
    assert entries["daily"]["schedules"][0].get("active", True) is True
    register = DEPLOY / "register"
    assert register.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(register)], check=True)
