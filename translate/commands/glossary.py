"""``translate-issue glossary``: check, verify, suggest, import, export."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glossary import Termbase
    from translate.config import Config

_BAD_INPUT = "  2    bad input: one sentence names the file and says what to do"
_CONVERTED = f"exit codes:\n  0    done\n{_BAD_INPUT}"
_RAW = argparse.RawDescriptionHelpFormatter

Commands = Any  # argparse keeps the type of its subparsers private


def add_parser(commands: Commands) -> None:
    """Adds ``glossary`` and its subcommands."""
    parser = commands.add_parser(
        "glossary",
        help="check, verify, mine, import and export glossaries",
        description="Tools for the editor of a glossary.",
    )
    subcommands = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    _add_check(subcommands)
    _add_verify(subcommands)
    _add_suggest(subcommands)
    _add_import(subcommands)
    _add_export(subcommands)


def _add_check(commands: Commands) -> None:
    check = commands.add_parser(
        "check",
        help="find what is wrong or doubtful in a glossary",
        description="Find errors (all of them, with their lines), shadowed and split spellings, contradictions and\n"
        "terms that can never match. With drafts, also list the terms that none of them has.",
        epilog=f"exit codes:\n  0    nothing to mend\n  1    something is doubtful\n{_BAD_INPUT}, each error on a line",
        formatter_class=_RAW,
    )
    check.add_argument("file", metavar="FILE", help="glossary: .yaml, .csv or .tbx")
    check.add_argument("drafts", nargs="*", metavar="DRAFT", help="English Markdown in which its terms should stand")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(command=_check)


def _add_verify(commands: Commands) -> None:
    verify = commands.add_parser(
        "verify",
        help="audit any translation, human or machine: which terms were kept?",
        description="Count the glossary's terms in a translation, block by block. One file: a bilingual file, whose\n"
        "comments hold the English. Two files: a draft and a translation of it.",
        epilog="exit codes:\n  0    all terms kept\n"
        "  1    a term was lost or a forbidden rendering used; with --strict also: a term stands\n"
        f"       more often than in the draft, or in a text without counterpart\n{_BAD_INPUT}",
        formatter_class=_RAW,
    )
    verify.add_argument("files", nargs="+", metavar="FILE", help="BILINGUAL, or DRAFT TRANSLATION")
    _add_glossary(verify)
    verify.add_argument("--strict", action="store_true", help="exit with 1 for extra and unchecked terms, too")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(command=_verify)


def _add_suggest(commands: Commands) -> None:
    suggest = commands.add_parser(
        "suggest",
        help="propose terms: English words that human translators kept",
        description="Propose terms: English words and phrases of the drafts that stand in the human versions. The\n"
        "result is a glossary file ready to edit; counts, kept and italics rates and examples are in comments.",
        epilog=f"exit codes:\n  0    done, whether or not there is something to propose\n{_BAD_INPUT}",
        formatter_class=_RAW,
    )
    suggest.add_argument("drafts", nargs="+", metavar="DRAFT", help="English Markdown")
    suggest.add_argument(
        "--human", nargs="+", required=True, metavar="FILE",
        help="the human version of each draft, in order; drafts left over only tell names from words",
    )  # fmt: skip
    _add_glossary(suggest)
    suggest.add_argument("--limit", type=int, metavar="N", help="propose at most N terms")
    suggest.add_argument("--min-kept", type=int, default=1, metavar="N", help="times that humans kept it (default: 1)")
    suggest.add_argument(
        "--min-rate", type=float, default=0.25, metavar="R",
        help="share of its occurrences, 0 to 1 (default: 0.25; lower finds words that are mostly translated)",
    )  # fmt: skip
    suggest.add_argument("--json", action="store_true", help="print JSON instead")
    _add_out(suggest, "write the glossary file here and print a table (default: print the file)")
    suggest.set_defaults(command=_suggest)


def _add_import(commands: Commands) -> None:
    importing = commands.add_parser(
        "import",
        help="a CSV or TBX-Basic file as a glossary",
        description="Convert a spreadsheet (CSV) or a TBX-Basic file into a glossary (YAML).",
        epilog=_CONVERTED,
        formatter_class=_RAW,
    )
    importing.add_argument("file", metavar="FILE", help=".csv, .tsv, .tbx or .xml")
    importing.add_argument(
        "--casing", choices=["draft", "sentence"], default="draft", help="rule for capitals (default: draft)"
    )
    _add_out(importing, "glossary file to write (default: standard output)")
    importing.set_defaults(command=_import)


def _add_export(commands: Commands) -> None:
    export = commands.add_parser(
        "export",
        help="a glossary as CSV (for spreadsheets) or TBX-Basic",
        description="Convert a glossary into CSV (UTF-8 with byte order mark, as spreadsheet programs want it) or\n"
        "TBX-Basic. `glossary import` gives the same entries back.",
        epilog=_CONVERTED,
        formatter_class=_RAW,
    )
    export.add_argument("file", nargs="?", metavar="FILE", help="glossary (default: the one that ships)")
    export.add_argument("--to", choices=["csv", "tbx"], help="format (default: as the name given to --out says)")
    export.add_argument(
        "--delimiter",
        choices=[",", ";"],
        default=",",
        metavar="D",
        help="between CSV cells: , (default) or ; (as Portuguese spreadsheet programs want it)",
    )
    _add_out(export, "file to write (default: standard output)")
    export.set_defaults(command=_export)


def _add_glossary(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--glossary", metavar="FILE", help="glossary (default: the one that ships)")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")


def _add_out(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--out", metavar="FILE", help=what)
    parser.add_argument("--force", action="store_true", help="overwrite an existing --out file")


def _config(arguments: argparse.Namespace) -> tuple[Config, Termbase]:
    from translate.config import load_config
    from translate.glossary_file import load_glossary

    config = load_config(arguments.config, {"glossary.file": arguments.glossary})
    return config, load_glossary(config)


def _check(arguments: argparse.Namespace) -> int:
    from glossary.files import format_of, load_file
    from glossary.lint import lint
    from glossary.termbase import decode, find_errors, read_bytes
    from translate.commands.glossary_reports import check_dict, check_text
    from translate.config import load_config
    from translate.pipeline import prepare
    from translate.terms.prose import blanked
    from translate.text_file import read_text

    path = Path(arguments.file)
    if format_of(path) == "yaml":
        errors = find_errors(decode(read_bytes(path), path), path)
        if errors:
            print(*(f"translate-issue: {error}" for error in errors), sep="\n", file=sys.stderr)
            return 2
    termbase = load_file(path)
    config = load_config(None, {})
    drafts = [blanked(prepare(read_text(name), config).document) for name in arguments.drafts]
    findings = lint(termbase, drafts)
    doubtful = [finding for finding in findings if finding.kind != "unused"]
    if arguments.json:
        print(json.dumps(check_dict(termbase, findings), ensure_ascii=False, indent=2))
    else:
        print(check_text(termbase, findings, len(drafts)))
    return 1 if doubtful else 0


def _verify(arguments: argparse.Namespace) -> int:
    from translate.commands.glossary_reports import audit_text
    from translate.errors import UserError
    from translate.terms.glossary_audit import audit_bilingual, audit_versions
    from translate.text_file import read_text

    if len(arguments.files) > 2:
        raise UserError("glossary verify takes one bilingual file, or a draft and a translation; check one at a time.")
    config, termbase = _config(arguments)
    texts = [read_text(name, max_bytes=config.limits.max_file_bytes) for name in arguments.files]
    if len(texts) == 1:
        report = audit_bilingual(texts[0], termbase)
    else:
        report = audit_versions(texts[0], texts[1], termbase, config)
    if arguments.json:
        print(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        print(audit_text(report))
    lost = report.kept < report.total or report.forbidden
    return 1 if lost or (arguments.strict and (report.extra or report.unchecked)) else 0


def _suggest(arguments: argparse.Namespace) -> int:
    from glossary.suggestion_file import dump_suggestions
    from translate.commands.glossary_reports import suggestions_dict, suggestions_text
    from translate.errors import UserError
    from translate.terms.mining import mine
    from translate.text_file import read_text

    if not 0 <= arguments.min_rate <= 1:
        raise UserError(f"--min-rate {arguments.min_rate:g}: give a share between 0 and 1.")
    if len(arguments.human) > len(arguments.drafts):
        raise UserError(
            f"--human names {len(arguments.human)} files for {len(arguments.drafts)} drafts; "
            "give one for each draft, in the same order."
        )
    config, termbase = _config(arguments)
    _refuse_overwriting(arguments, [*arguments.drafts, *arguments.human])
    limit = config.limits.max_file_bytes
    drafts = [read_text(name, max_bytes=limit) for name in arguments.drafts]
    humans = [read_text(name, max_bytes=limit) for name in arguments.human]
    mined = mine(drafts, humans, termbase, config, min_kept=arguments.min_kept, min_rate=arguments.min_rate)
    suggestions = mined.suggestions[: arguments.limit]
    if arguments.json:
        text = json.dumps(suggestions_dict(suggestions, mined.listed), ensure_ascii=False, indent=2) + "\n"
    else:
        text = dump_suggestions(suggestions, mined.listed)
    _write(text, arguments.out)
    if arguments.out not in (None, "-"):
        print(suggestions_text(suggestions, mined, arguments.out))
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from glossary.errors import GlossaryError
    from glossary.files import format_of, load_file
    from glossary.yaml_format import dump_yaml

    if format_of(arguments.file) == "yaml":
        raise GlossaryError(arguments.file, None, "this is a glossary already; import takes .csv and .tbx files.")
    termbase = load_file(arguments.file, casing=arguments.casing)
    _refuse_overwriting(arguments, [arguments.file])
    _write(dump_yaml(termbase), arguments.out)
    _say(f"{len(termbase)} terms from {arguments.file}", arguments.out)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from glossary import default_termbase
    from glossary.csv_format import dump_csv
    from glossary.files import format_of, load_file
    from glossary.tbx import dump_tbx
    from translate.errors import UserError

    to = arguments.to or (format_of(arguments.out) if arguments.out not in (None, "-") else None)
    if to not in ("csv", "tbx"):
        raise UserError("which format? Give --to csv or --to tbx, or an --out file that ends in .csv or .tbx.")
    termbase = default_termbase() if arguments.file is None else load_file(arguments.file)
    _refuse_overwriting(arguments, [arguments.file] if arguments.file else [])
    bom = "\ufeff"  # or a spreadsheet program takes UTF-8 for its own code page
    text = bom + dump_csv(termbase, delimiter=arguments.delimiter) if to == "csv" else dump_tbx(termbase).decode()
    _write(text, arguments.out)
    casing = "; import it with --casing sentence" if termbase.casing == "sentence" else ""
    _say(f"{len(termbase)} terms{casing}", arguments.out)
    return 0


def _refuse_overwriting(arguments: argparse.Namespace, inputs: list[str]) -> None:
    """Before any work: an edited glossary must not be lost to a slip, nor an input to its own output."""
    from translate.errors import UserError

    if arguments.out in (None, "-"):
        return
    out = Path(arguments.out)
    if out.exists() and any(name != "-" and Path(name).resolve() == out.resolve() for name in inputs):
        raise UserError(f"{out}: is an input of this command; choose another --out.")
    if out.is_file() and not arguments.force:
        raise UserError(f"{out}: exists already; choose another --out, or give --force to overwrite it.")


def _write(text: str, out: str | None) -> None:
    from translate.text_file import write_output

    write_output("-" if out is None else out, text)


def _say(what: str, out: str | None) -> None:
    """A closing line, never amid a document on standard output."""
    if out in (None, "-"):
        print(what, file=sys.stderr)
    else:
        print(f"{what} → {out}")
