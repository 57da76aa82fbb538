"""Terms that must stay in English (or take one Portuguese rendering): load, find, verify, suggest.

A leaf package over plain text: it knows no Markdown, no model and no orchestrator.
"""

from glossary.errors import GlossaryError
from glossary.matcher import Matcher
from glossary.termbase import default_termbase, load_termbase, parse_termbase
from glossary.terms import Casing, Match, Occurrence, Term, Termbase
from glossary.verify import Diagnosis, Verdict, Verification, accuracy, verify

__all__ = [
    "Casing",
    "Diagnosis",
    "GlossaryError",
    "Match",
    "Matcher",
    "Occurrence",
    "Term",
    "Termbase",
    "Verdict",
    "Verification",
    "accuracy",
    "default_termbase",
    "load_termbase",
    "parse_termbase",
    "verify",
]
