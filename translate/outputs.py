"""Where a run's files go."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from translate.errors import UserError
from translate.text_file import remove_leftovers

STANDARD = "-"


def output_paths(drafts: Sequence[str], out: str | None, protected: Sequence[str] = ()) -> list[Path | None]:
    """One path for each draft; None is standard output.

    Without ``out`` a draft's translation goes beside it: ``NAME.en.md`` to ``NAME.pt-br.md``. ``out`` is a directory
    if it is one, ends with a slash, or there are several drafts. Raises UserError where a file would overwrite a
    draft, another output or one of the ``protected`` files.
    """
    for name in {name for name in drafts if drafts.count(name) > 1}:
        raise UserError(f"{name}: given twice; give each draft once.")
    into = is_directory(drafts, out)
    if out == STANDARD and len(drafts) > 1:
        raise UserError("--out - takes one draft only; name a directory for several.")
    paths = [_path(draft, out, into) for draft in drafts]
    inputs = {Path(name).resolve(): name for name in drafts if name != STANDARD}
    guarded = {Path(name).resolve(): name for name in protected if name != STANDARD}
    seen: set[Path] = set()
    for path in paths:
        if path is None:
            continue
        resolved = path.resolve()
        if resolved in inputs:
            raise UserError(f"{path}: the output would overwrite the draft {inputs[resolved]}; choose another --out.")
        if resolved in guarded:
            raise UserError(
                f"{path}: the output would overwrite {guarded[resolved]}, which the run reads; choose another --out."
            )
        if resolved in seen:
            raise UserError(f"{path}: two drafts would be written to this file; give them different names.")
        seen.add(resolved)
    return paths


def is_directory(drafts: Sequence[str], out: str | None) -> bool:
    """Whether ``out`` names a directory: it is one, ends with a slash, or there are several drafts."""
    return out is not None and out != STANDARD and (len(drafts) > 1 or out.endswith("/") or Path(out).is_dir())


def _path(draft: str, out: str | None, into: bool) -> Path | None:
    if out == STANDARD or (out is None and draft == STANDARD):
        return None
    if out is None:
        return Path(draft).with_name(target_name(Path(draft).name))
    if into:
        return Path(out) / target_name("standard-input.en.md" if draft == STANDARD else Path(draft).name)
    return Path(out)


def check_report(report: Path | None, others: Sequence[Path | str | None]) -> None:
    """UserError if the report would overwrite a file that the run reads or writes, or cannot be written at all."""
    if report is None:
        return
    for other in others:
        if other is not None and other != STANDARD and Path(other).resolve() == report.resolve():
            raise UserError(f"{report}: the report would overwrite this file; choose another --report.")
    if report.is_dir():
        raise UserError(f"{report}: this is a directory; give --report a file.")
    make_ready([report], create=False, option="--report")


def make_ready(paths: Sequence[Path | None], *, create: bool, option: str = "--out") -> None:
    """Finds out before any work is done whether files can be written at ``paths``; clears what killed runs left there.

    ``create`` makes their directories where they do not exist. Raises UserError naming the directory and the
    ``option`` that says where to write.
    """
    for directory in dict.fromkeys(path.parent for path in paths if path is not None):
        if create and not directory.exists():
            try:
                directory.mkdir(parents=True)
            except OSError as error:
                raise UserError(
                    f"{directory}: cannot make this directory ({error.strerror}); choose another {option}."
                ) from None
        if not directory.is_dir():
            raise UserError(f"{directory}: there is no such directory; make it or choose another {option}.")
        try:
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            raise UserError(f"{directory}: cannot write here ({error.strerror}); choose another {option}.") from None
        remove_leftovers([directory])


def target_name(name: str) -> str:
    """``3.en.md`` becomes ``3.pt-br.md``, ``a.markdown`` ``a.pt-br.markdown``, ``a`` ``a.pt-br.md``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem_of(name)}.pt-br.{suffix if dot and stem else 'md'}"


def stem_of(name: str) -> str:
    """A draft's name without its ending: ``3`` of ``3.en.md``, ``a`` of ``a.markdown``."""
    stem, dot, _ = name.rpartition(".")
    if not dot or not stem:
        return name
    return stem[: stem.rfind(".")] if stem.lower().endswith((".en", ".en-us", ".en-gb")) else stem
