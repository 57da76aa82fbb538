"""What a large glossary costs: 10,000 terms over a 100,000-word draft, against translating the same words.

Everything is made up here, from a fixed seed. Matching is timed over the whole draft, translation on a sample of
it through the pipeline and the default engine, in the same process; the rest of the translation time is in
proportion. Prints the ratio, and the time for half the draft and for a tenth of the terms to show what it grows
with. Run: python -m benchmarks.matching [--sample WORDS]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence

from glossary import Matcher, Term, Termbase, verify
from glossary.termbase import make_termbase
from translate.config import load_config
from translate.decoding.translator import translate_segments
from translate.document.model import Segment
from translate.pipeline import load, settings_of

TERMS = 10_000
WORDS = 100_000
LIMIT = 0.05
"""The share of the translation time that matching may cost."""
_REPEATS = 5
_SEED = 20

_PROSE = """
the team has built a small tool that reads every page of the archive and finds what changed since last month
we were surprised by how much time people spend on cleaning old records before they can begin their own work
a good summary tells the reader what was tried and what did not work and why that matters to somebody else
in this issue you will find three stories about maps of the sea and one long interview with a teacher from Recife
the authors say that their method needs less memory than older ones and gives better results on short questions
if you want to take part then write to us before the end of May and tell us which language you would like to help
this week a group of students published the measurements of two years of rain in the north of the country
""".strip().splitlines()
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "xo", "zu", "kra", "sto")


def glossary(size: int) -> Termbase:
    """Terms of one to four words over a common vocabulary, so that many begin alike; some of them ordinary words."""
    choose = random.Random(_SEED)
    vocabulary = ["".join(choose.choices(_SYLLABLES, k=choose.randint(2, 4))) for _ in range(2_000)]
    ordinary = sorted({word for line in _PROSE for word in line.split() if word.isalpha() and len(word) > 3})
    phrases: dict[str, None] = {}
    while len(phrases) < size:
        words = choose.choices(vocabulary, k=choose.choice([1, 2, 2, 3, 4]))
        if choose.random() < 0.3:  # begins with a word that stands everywhere in the draft
            words.insert(0, choose.choice(ordinary))
        phrases[" ".join(words)] = None
    return make_termbase(Term(phrase) for phrase in phrases)


def draft(termbase: Termbase, words: int) -> list[Segment]:
    """Paragraphs of made-up prose, about one term in twenty words."""
    choose = random.Random(_SEED + 1)
    segments: list[Segment] = []
    count = 0
    while count < words:
        sentences = []
        for line in choose.choices(_PROSE, k=3):
            parts = line.split()
            parts.insert(choose.randrange(1, len(parts)), choose.choice(termbase.terms).text)
            sentences.append(" ".join(parts).capitalize() + ".")
        text = " ".join(sentences)
        count += len(text.split())
        segments.append(Segment(len(segments), "paragraph", text, (), 0, 0))
    return segments


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The best of several runs: the machine may be busy with other things."""
    times = []
    for _ in range(_REPEATS):
        started = clock()
        work()
        times.append(clock() - started)
    return min(times)


def matching(matcher: Matcher, segments: Sequence[Segment]) -> Callable[[], object]:
    return lambda: [matcher.find(segment.text) for segment in segments]


def count_words(segments: Sequence[Segment]) -> int:
    return sum(len(segment.text.split()) for segment in segments)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=1_500, metavar="WORDS", help="words to translate (default: 1500)")
    sample_size = parser.parse_args().sample
    termbase = glossary(TERMS)
    segments = draft(termbase, WORDS)
    words = count_words(segments)
    building = seconds(lambda: Matcher(termbase))
    matcher = Matcher(termbase)
    whole = seconds(matching(matcher, segments))
    found = sum(len(matcher.find(segment.text)) for segment in segments)
    verifying = seconds(lambda: [verify(matcher.find(s.text), s.text, matcher) for s in segments])
    # How the cost grows, in CPU time: what else runs does not count.
    everything, half, few = (
        seconds(matching(matcher_, part), time.process_time)
        for matcher_, part in (
            (matcher, segments),
            (matcher, segments[: len(segments) // 2]),
            (Matcher(make_termbase(termbase.terms[: TERMS // 10])), segments),
        )
    )

    sample, size = [], 0
    for segment in segments:
        if size >= sample_size:
            break
        sample.append(segment)
        size += len(segment.text.split())
    config = load_config(None, {})
    engine = load(config)
    plain = Matcher(Termbase(()))  # no enforcement: the cheapest translation there is
    translate_segments(sample[:1], engine, plain, settings_of(config))  # what is loaded once is not counted
    started = time.perf_counter()
    translate_segments(sample, engine, plain, settings_of(config))
    translating = (time.perf_counter() - started) * words / size

    print(f"draft: {words:,} words in {len(segments):,} segments; glossary: {TERMS:,} terms; {found:,} occurrences")
    print(f"building the matcher                 {building:8.3f} s  (once a run)")
    print(f"matching the draft                   {whole:8.3f} s  ({words / whole:,.0f} words/s)")
    print(f"matching and verifying it            {verifying:8.3f} s")
    print(f"translating it (from {size:,} words)    {translating:8.1f} s  ({words / translating:,.0f} words/s)")
    print(f"matching / translating               {whole / translating:8.2%}  (aim: under {LIMIT:.0%})")
    print(f"building and matching / translating  {(building + whole) / translating:8.2%}")
    print(f"twice the text takes                 {everything / half:8.2f} times as long (linear: 2)")
    print(f"ten times the terms take             {everything / few:8.2f} times as long (independent: 1)")
    return 0 if building + whole < LIMIT * translating else 1


if __name__ == "__main__":
    sys.exit(main())
