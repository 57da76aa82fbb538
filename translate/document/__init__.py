"""Markdown drafts to segments, and back."""

from translate.document.front_matter import DEFAULT_KEYS
from translate.document.model import Document, Entry, Segment, Span, Target, TargetSpan, identity
from translate.document.parse import parse
from translate.document.render import render, render_range

__all__ = [
    "DEFAULT_KEYS",
    "Document",
    "Entry",
    "Segment",
    "Span",
    "Target",
    "TargetSpan",
    "identity",
    "parse",
    "render",
    "render_range",
]
