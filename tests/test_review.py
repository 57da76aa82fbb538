"""The review of a file: what it says of each segment, with and without knowledge of the machine's work."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.review_support import CONFLICT, ENGLISH, HUMAN, MACHINE, desk_of, make, page, report_of
from translate.cli import main
from translate.errors import UserError
from translate.review.build import NO_HUMAN, NO_HYPOTHESIS
from translate.review.html import inert
from translate.review.html import page as html_page
from translate.review.markdown import markdown
from translate.review.marks import compare
from translate.review.model import Review, ReviewSegment, ordered
from translate.review.payload import page_data
from translate.review.safe import visible
from translate.review.terminal import terminal

HOSTILE = (
    'Veja <script>alert(1)</script><img src=x onerror="alert(2)">',
    "Fim --> <!-- </script><script>alert(3)</script> {{ site.title }}",
    "Um \u202etexto ao contrário\u202c, \u200bzero\u200b, \x1b[31mvermelho\x1b[0m, "
    "\u200f\u05e9\u05dc\u05d5\u05dd\u200f e 👩\u200d🔬.",
    "@alguem olha #12 em https://evil.example e `</textarea>` :smile:",
)


def by_english(review: Review, english: str) -> ReviewSegment:
    return next(s for s in review.segments if s.english == english)


def review_of(directory: Path, against: str | None = None, with_report: bool = False, **options: object) -> Review:
    sample = make(directory, **options)  # type: ignore[arg-type]
    report = report_of(sample, directory) if with_report else None
    with desk_of(sample, against=against, report=report) as desk:
        return desk.review(sample.text)[0]


# What is known ---------------------------------------------------------------------------------


def test_the_record_says_what_the_machine_wrote_and_what_was_edited(tmp_path: Path) -> None:
    review = review_of(tmp_path)
    edited = [s for s in review.segments if s.edited]
    assert [s.english for s in edited] == [ENGLISH[4]]
    assert edited[0].hypothesis == MACHINE[4]
    assert edited[0].human == edited[0].current == HUMAN[4]
    assert edited[0].origin == "memory"
    assert edited[0].hter is not None
    assert edited[0].scores is not None
    assert edited[0].hter == edited[0].scores.ter > 0
    assert all(s.hypothesis is not None and s.human is None for s in review.segments if not s.edited)
    assert review.scored == 1


def test_lists_are_cut_into_their_items(tmp_path: Path) -> None:
    review = review_of(tmp_path)
    items = [s for s in review.segments if s.kind == "item"]
    assert [(s.english, s.current) for s in items] == [
        ("one worker for each file", "um worker para cada arquivo"),
        ("one cache for all of them", "um cache para todos eles"),
    ]


def test_front_matter_is_reviewed_with_the_drafts_english(tmp_path: Path) -> None:
    title = review_of(tmp_path).segments[0]
    assert (title.kind, title.english, title.current) == ("title", "A short issue", "Uma edição curta")


def test_slices_are_the_files_own(tmp_path: Path) -> None:
    sample = make(tmp_path, newline="\r\n", conflicts={4: CONFLICT})
    with desk_of(sample) as desk:
        review, _ = desk.review(sample.text)
    assert all(sample.text[s.start : s.end] == s.markdown for s in review.segments)


def test_without_a_record_nothing_is_guessed(tmp_path: Path) -> None:
    review = review_of(tmp_path, recorded=False)
    assert NO_HYPOTHESIS in review.notes
    assert all(s.hypothesis is None and s.human is None and not s.edited for s in review.segments)


def test_an_untouched_file_says_so(tmp_path: Path) -> None:
    review = review_of(tmp_path, human={})
    assert NO_HUMAN in review.notes
    assert review.totals is None


def test_the_report_gives_confidence_flags_and_alignment(tmp_path: Path) -> None:
    segment = by_english(review_of(tmp_path, with_report=True, human={}), ENGLISH[2])
    assert segment.confidence == pytest.approx(0.6)
    assert "markup-unsure" in segment.flags
    assert [segment.english and segment.english[a:b] for a, b, *_ in segment.links] == ["The", "authors", "throughput"]
    assert [segment.current[c:d] for _, _, c, d, _ in segment.links] == ["Os", "autores", "throughput"]


def test_the_report_is_not_believed_about_another_text(tmp_path: Path) -> None:
    segment = by_english(review_of(tmp_path, with_report=True), ENGLISH[4])
    assert segment.hypothesis == MACHINE[4]
    assert segment.confidence is None
    assert segment.links == ()


def test_the_drafts_english_is_found_for_a_file_without_any(tmp_path: Path) -> None:
    sample = make(tmp_path, human={}, recorded=False)
    sample.bilingual.write_text(re.sub(r"\n\n<!-- [\s\S]*? -->", "", sample.text))
    with desk_of(sample) as desk:
        review, _ = desk.review(sample.text)
    assert by_english(review, ENGLISH[2]).current == MACHINE[2]
    assert any("draft's" in note for note in review.notes)


# Against another version -----------------------------------------------------------------------


def test_against_a_human_version(tmp_path: Path) -> None:
    human = tmp_path / "human.md"
    texts = (*MACHINE[:2], "Os autores medem o throughput de cada etapa e publicam os resultados.", *MACHINE[3:])
    human.write_text(page(ENGLISH, texts, "Uma edição curta", {}))
    segment = by_english(review_of(tmp_path, against=str(human), human={}), ENGLISH[2])
    assert segment.hypothesis == MACHINE[2]
    assert segment.reference == segment.human == texts[2]
    assert segment.hter is None
    assert segment.scores is not None
    assert 0 < segment.scores.ter < 50
    assert [segment.hypothesis[e.a0 : e.a1].strip() for e in segment.edits if e.kind == "delete"] == ["passo"]


def test_against_a_human_version_without_a_record_the_files_text_is_the_hypothesis(tmp_path: Path) -> None:
    human = tmp_path / "human.md"
    human.write_text(page(ENGLISH, MACHINE, "Uma edição curta", {}))
    segment = by_english(review_of(tmp_path, against=str(human), recorded=False), ENGLISH[4])
    assert (segment.hypothesis, segment.origin, segment.reference) == (HUMAN[4], "file", MACHINE[4])


def test_against_a_git_revision(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    sample = make(tmp_path, human={}, recorded=False)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "machine")
    sample.replace(MACHINE[2], "Os autores medem tudo.")
    with desk_of(sample, against="HEAD") as desk:
        review, _ = desk.review(sample.text)
    edited = [s for s in review.segments if s.edited]
    assert [(s.hypothesis, s.human, s.origin) for s in edited] == [(MACHINE[2], "Os autores medem tudo.", "git")]
    with pytest.raises(UserError, match="neither a file nor a git revision"):
        desk_of(sample, against="no-such-thing").__enter__()
    with pytest.raises(UserError, match="neither a file nor a git revision"):
        desk_of(sample, against="--output=x").__enter__()


# Verdicts --------------------------------------------------------------------------------------


def test_lost_terms_and_markup_are_found(tmp_path: Path) -> None:
    worse = (
        MACHINE[0],
        "Um conjunto de dados pequeno é suficiente para [este modelo](https://example.org/other).",
        *MACHINE[2:],
    )
    segment = review_of(tmp_path, machine=worse, human={}).segments[2]
    assert [(t.surface, t.diagnosis) for t in segment.lost_terms] == [("dataset", "dropped")]
    assert {str(p) for p in segment.markup} == {
        "link missing: https://example.org/model",
        "link added: https://example.org/other",
        "code missing: `clean()`",
    }
    assert segment.problem
    assert {"term-missing", "markup-missing", "markup-added"} <= set(segment.flags)


def test_markup_is_compared_as_a_multiset() -> None:
    a, b = ("code", "`a`"), ("link", "x")
    assert compare([a, b], [b, a]) == ()
    assert [str(p) for p in compare([a, a, b], [b])] == ["code missing: `a` (2 times)"]
    assert [str(p) for p in compare([], [b])] == ["link added: x"]


def test_degenerate_and_untranslated_text_is_flagged(tmp_path: Path) -> None:
    machine = (MACHINE[0], MACHINE[1], "Os autores " + "medem e medem e " * 12, MACHINE[3], ENGLISH[4])
    review = review_of(tmp_path, machine=machine, human={})
    assert any(flag.startswith("degenerate") for flag in review.segments[3].flags)
    assert by_english(review, ENGLISH[4]).flags == ("untranslated",)


def test_effort_puts_conflicts_and_degenerate_text_first(tmp_path: Path) -> None:
    machine = (MACHINE[0], MACHINE[1], "Os autores " + "medem e medem e " * 12, *MACHINE[3:])
    review = review_of(tmp_path, machine=machine, conflicts={4: CONFLICT}, human=HUMAN)
    first = ordered(review.segments, "effort")
    assert [s.english for s in first[:2]] == [ENGLISH[4], ENGLISH[2]]
    assert [s.index for s in ordered(review.segments, "document")] == list(range(len(review.segments)))
    assert [s.english for s in ordered(review.segments, "document", worst=1)] == [ENGLISH[4]]


def test_effort_follows_the_reports_confidence_behind_what_has_a_flag() -> None:
    def segment(index: int, confidence: float | None, *flags: str) -> ReviewSegment:
        english, portuguese = "We trained it twice and saw nothing new.", "Treinamos duas vezes e não vimos nada novo."
        return ReviewSegment(
            f"k{index}", index, "paragraph", index, english, portuguese, portuguese, 0, 1,
            confidence=confidence, flags=flags,
        )  # fmt: skip

    segments = [segment(0, 0.9), segment(1, 0.3), segment(2, None), segment(3, 0.95, "markup-unsure"), segment(4, 0.5)]
    assert [s.index for s in ordered(segments, "effort")] == [3, 1, 4, 2, 0]
    assert [s.doubtful for s in segments] == [False, True, False, False, False]


def test_a_conflict_is_shown_with_what_is_offered(tmp_path: Path) -> None:
    segment = by_english(review_of(tmp_path, conflicts={4: CONFLICT}), ENGLISH[4])
    assert [(o.old_english, o.new_english, o.hypothesis) for o in segment.offers] == [
        (CONFLICT.old, CONFLICT.new, CONFLICT.hypothesis)
    ]


# Forms -----------------------------------------------------------------------------------------


def hostile(directory: Path) -> Review:
    english = (ENGLISH[0], *HOSTILE)
    machine = (MACHINE[0], *(text.replace("alert", "alerta") for text in HOSTILE))
    return review_of(directory, english=english, machine=machine, human={})


def test_the_terminal_form_fits_80_columns(tmp_path: Path) -> None:
    review = review_of(tmp_path, conflicts={4: CONFLICT}, with_report=True)
    text = terminal(review, review.segments)
    assert max(map(len, text.splitlines())) <= 80
    assert "[-Nós treinamos ele-]" in text.replace("\n", " ")
    assert "\x1b" not in text
    assert "\x1b[" in terminal(review, review.segments, colour=True)


def test_no_form_lets_control_characters_through(tmp_path: Path) -> None:
    review = hostile(tmp_path)
    for text in (terminal(review, review.segments), markdown(review, review.segments)):
        assert not any(c in text for c in "\x1b\u202e\u200b\u200f")
        assert "⟨U+202E⟩" in text
        assert "👩‍🔬" in text


def test_visible_keeps_what_emoji_need() -> None:
    family = "👨‍👩‍👧 👩🏽‍🔬 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️"
    assert visible(family) == family
    assert visible("a\u200db") == "a⟨U+200D⟩b"
    assert visible("\ufeffx\u2066") == "⟨U+FEFF⟩x⟨U+2066⟩"


class Tags(HTMLParser):
    """The tags of a text and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_markdown_holds_no_tags_but_its_own_and_fits(tmp_path: Path) -> None:
    review = hostile(tmp_path)
    text = markdown(review, review.segments)
    allowed = {"details", "summary", "b", "sub", "sup", "table", "tr", "th", "td", "br", "del", "ins", "span"}
    assert {tag for tag, _ in Tags(text).found} <= allowed
    assert "@alguem" not in text
    assert "#12" not in text
    assert "https://evil" not in text
    for block in text.split("<details")[1:]:
        assert "\n\n" not in block.split("</details>")[0]
    short = markdown(review, review.segments, limit=1500)
    assert len(short) <= 1500
    assert "do not fit" in short


def test_the_page_runs_nothing_but_its_own_script(tmp_path: Path) -> None:
    review = hostile(tmp_path)
    text = html_page(page_data(review, review.segments, "document"))
    tags = Tags(text).found
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "data"}, {}]
    assert text.count("</script>") == 2
    policy = next(a["content"] for _, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not any(name.startswith("on") or name == "style" for _, attributes in tags for name in attributes)
    assert not any("src" in attributes or (attributes.get("href") or "#")[0] != "#" for _, attributes in tags)


def test_inert_json_cannot_end_its_element() -> None:
    text = inert({"a": "</script><!--\u2028&"})
    assert not set("<>&\u2028") & set(text)


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def sample_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sample = make(tmp_path, conflicts={4: CONFLICT})
    monkeypatch.setenv("TRANSLATE_ISSUE_MEMORY", str(sample.memory))
    return ["review", str(sample.bilingual)]


def test_the_command_prints_plain_text_into_a_pipe(
    sample_arguments: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([*sample_arguments, "--worst", "1"]) == 0
    text = capfdbinary.readouterr().out.decode()
    assert "showing 1 of 7" in text
    assert "conflict: the English changed" in text
    assert "\x1b" not in text


def test_the_command_writes_each_form(sample_arguments: list[str], tmp_path: Path) -> None:
    for name, beginning in (("a.html", "<!doctype html>"), ("a.md", "### Review of"), ("a.txt", "03.pt-br.md")):
        form = ["--format", "markdown"] if name.endswith(".md") else []
        assert main([*sample_arguments, "--out", str(tmp_path / name), *form]) == 0
        assert (tmp_path / name).read_text().startswith(beginning)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--against", "nothing"], "neither a file nor a git revision"),
        (["--report", "nothing.json"], "no such file"),
        (["--serve", "--worst", "3"], "--serve takes no"),
        (["--serve", "--port", "70000"], "cannot be used"),
    ],
)
def test_the_command_says_what_is_wrong(
    sample_arguments: list[str], more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*sample_arguments, *more]) == 2
    assert message in capsys.readouterr().err


def test_the_command_does_not_overwrite_what_it_reads(
    sample_arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*sample_arguments, "--out", sample_arguments[1], "--format", "html"]) == 2
    assert "overwrite" in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "missing.pt-br.md"]) == 2
    assert "missing.pt-br.md: no such file" in capsys.readouterr().err
