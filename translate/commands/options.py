"""Options that several commands share, and what they set in the configuration."""

from __future__ import annotations

import argparse


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what translates: glossary, model, engine, beam and the configuration file."""
    parser.add_argument("--glossary", metavar="FILE", help="termbase to enforce (default: the one that ships)")
    parser.add_argument(
        "--model", metavar="NAME_OR_DIR", help="hub id or directory of a MarianMT checkpoint (default: embedded)"
    )
    parser.add_argument(
        "--engine", choices=["ctranslate2", "transformers"], help="what runs the model (default: ctranslate2)"
    )
    parser.add_argument("--beam", type=int, metavar="N", help="beam size (default: 4)")
    parser.add_argument("--config", metavar="FILE", help="configuration (default: configs/default.yaml)")


def model_overrides(arguments: argparse.Namespace) -> dict[str, object]:
    """The configuration keys that those options set; None where one was not given."""
    return {
        "glossary.file": arguments.glossary,
        "model.name": arguments.model,
        "model.engine": arguments.engine,
        "decoding.beam_size": arguments.beam,
    }
