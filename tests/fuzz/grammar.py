"""Texts made by rules: Markdown drafts, bilingual files, front matter, glossaries, configurations, memory files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from xml.sax.saxutils import escape, quoteattr

_WORDS = (
    "model", "Tokens", "naïve", "data-set", "snake_case", "R&D", "5", "x*y", "it's", "“so”", "C#", "(note)", "e.g.", "1.",
    "🤗", "100%", "$5", "café", "&eacute;", "\\*", "<3", "U.S.", "dataset's", "pre-training", "İstanbul", "ﬁle", "2.000,5",
    "www.example.org", "me@example.org", "https://example.org/a_b(c)", "np.dot", "[EN]", "\u202etxet", "a\u0301", "->",
)  # fmt: skip
_ATOMS = (
    "`c`", "`` a`b ``", "$$x^2$$", "$a_i$", "<https://example.org/>", "![](a.png)", "![alt](b.png)", "[^1]", "{{ x }}",
    "{% include x %}", "{% if x %}", "{% endif %}", "{: .big}", "<br>", "<br/>", "<!-- no -->", "<kbd>C</kbd>", "[ref]",
    "![ref]", "[ref][]", "</b>", ":rocket:", "\\(x^2\\)", "\\[y\\]", "{::comment}", "{:/}", "<img src='a'>", "*", "_", "**",
    "[", "](", "]", "![", "`", "``", "$$", "{{", "}}", "{%", "<!--", "-->", "&", "&#x41;", "|", "\\", "~~", "<b", "<",
)  # fmt: skip
_PAIRS = (
    ("*", "*"), ("_", "_"), ("**", "**"), ("***", "***"), ("~~", "~~"), ("[", "](https://example.org/a?b=1&c=2)"),
    ("[", "](</a b> 'T')"), ("[", "][ref]"), ("<b>", "</b>"), ("<i>\n", "\n</i>"), ('<span translate="no">', "</span>"),
    ("![", "](p.png)"), ("[![", "](p.png)](/x)"), ("`", "`"), ("<code>", "</code>"), ("(", ")"), ("\\begin{a}", "\\end{a}"),
)  # fmt: skip
_BREAKS = ("\n", "  \n", "\\\n", "\\\\\n", "\n\\\\\n", " ", " ", " ")
_BLOCKS = (
    "```python\nx = '*a*'\n\n# no\n```", "    code\n\n    more", "<div>\n<p>html</p>\n</div>", "<!-- a\n\ncomment -->",
    "[ref]: https://example.org/ref 'Title'", "---", "***", "\\\\", "{% raw %}{{ x }}{% endraw %}", "{:toc}", "* TOC\n{:toc}",
    "$$\nx = y\n$$", "*[HTML]: Hyper Text", "{::comment}\nno\n{:/comment}", "![](a.png)", "{% if x %}\ntext\n{% endif %}",
    "- [ ] task\n- [x] done", "{% highlight python %}\n\nx\n{% endhighlight %}", "```", "<div>", "===", "\\begin{a}\nb\n\\end{a}",
    "| a | b |\n|---|", "<!-- <!-- a --> -->", "<!-- CONFLICT 00000000: the English of the text above has changed", "\u00a0",
)  # fmt: skip
_GAPS = ("\n\n", "\n\n", "\n\n", "\n", "\n \n\n", "\n\n\n", "\r\n\r\n")


def words(random: Random, most: int = 7) -> str:
    return " ".join(random.choices(_WORDS, k=random.randint(1, most)))


def line(random: Random, depth: int = 0) -> str:
    """Inline Markdown, well-formed or not."""
    parts: list[str] = []
    for _ in range(random.randint(1, 4)):
        kind = random.random()
        if kind < 0.45 or depth > 3:
            parts.append(words(random, 4))
        elif kind < 0.7:
            parts.append(random.choice(_ATOMS))
        else:
            opening, closing = random.choice(_PAIRS)
            parts.append(opening + line(random, depth + 1) + (closing if random.random() < 0.93 else ""))
    return random.choice((" ", " ", " ", "")).join(parts)


def paragraph(random: Random) -> str:
    text = line(random)
    while random.random() < 0.3:
        text += random.choice(_BREAKS) + line(random)
    return text


def block(random: Random, depth: int = 0) -> str:
    kind = random.random()
    if kind < 0.35:
        return paragraph(random)
    if kind < 0.45:
        return random.choice(("# {}", "## {} ##", "### {} {{#id}}", "{}\n====", "{}\n---")).format(line(random))
    if kind < 0.6:
        return random.choice(_BLOCKS)
    if kind < 0.72 or depth > 4:
        forms = (
            "| a | b |\n|---|:-:|\n| {} | c \\| d |", "![alt text](x.png)\n*{}*", "[^1]: {}", "Term\n: {}", "\\\\\n{}",
            "{}\n{{: .note}}", "<div>{}</div>", "<p>\n{}\n</p>", "a|b\n-|-\n{}", "[{}]: /u",
        )  # fmt: skip
        return random.choice(forms).format(line(random))
    first, rest = random.choice(
        (("> ", "> "), ("> ", ""), ("- ", "  "), ("1. ", "   "), ("*\t", "\t"), ("[^1]: ", "    "))
    )
    inner = "\n\n".join(block(random, depth + 1) for _ in range(random.randint(1, 2)))
    return first + inner.replace("\n", "\n" + rest)


def front_matter(random: Random) -> str:
    values = []
    for _ in range(random.randint(0, 5)):
        key = random.choice(
            ("title", "excerpt", "description", "lang", "tags", "image", "caption", "layout", "permalink", "x")
        )
        text = line(random).replace("\n", " ")
        form = random.choice(
            ('"{}"', "'{}'", "{}", "|\n  {}\n\n  b", ">-\n  {}\n  c", "\n  {}", "[{}, b]", "\n  caption: {}", "\n- {}")
        )
        if form == '"{}"' and random.random() < 0.8:
            text = json.dumps(text)[1:-1]
        elif form == "'{}'" and random.random() < 0.8:
            text = text.replace("'", "''")
        values.append(f"{key}: {form.format(text)}")
    return (
        "---\n" + "".join(f"{value}\n" for value in values) + random.choice(("---\n", "---\n\n", "...\n", "--- \n", ""))
    )


def draft(random: Random) -> str:
    head = random.choice(("", "", "", "\ufeff")) + (front_matter(random) if random.random() < 0.25 else "")
    body = "".join(block(random) + random.choice(_GAPS) for _ in range(random.randint(0, 5)))
    text = head + body
    if random.random() < 0.15:
        text = text.replace("\n", random.choice(("\r\n", "\r")))
    return text if random.random() < 0.7 else text.rstrip("\n")


def soup(random: Random) -> str:
    """Text made of little but markup."""
    return "".join(
        random.choices(_ATOMS + _BREAKS + _GAPS + ("a", "b c", "- ", "> ", "# ", "\t", "1) "), k=random.randint(0, 40))
    )


def bilingual(random: Random) -> str:
    """A file as a careless translator leaves it: comments before, after, inside and without blocks."""
    parts = [front_matter(random)] if random.random() < 0.2 else []
    for _ in range(random.randint(0, 6)):
        text = block(random)
        comment = (
            f"<!--{random.choice((' ', '', chr(10)))}{random.choice((text, text, line(random), block(random)))} -->"
        )
        forms = (
            (text, comment),
            (comment, text),
            (text,),
            (comment,),
            (comment, comment),
            (text, text, comment, comment),
        )
        parts += [part + random.choice(_GAPS) for part in random.choice(forms)]
    return "".join(parts)


def yaml_glossary(random: Random) -> str:
    lines = [random.choice(("terms:", "casing: keep\nterms:", "casing: draft\nnote: x\nterms:", ""))]
    for _ in range(random.randint(0, 6)):
        if random.random() < 0.4:
            lines.append(f"- {words(random, 3)}")
            continue
        lines.append(f"- term: {words(random, 3)}")
        for _ in range(random.randint(0, 4)):
            key = random.choice((*_KEYS, *_KEYS, "Term", "x"))
            value = random.choice(
                ("true", "italic", "m", "singular", "noun-phrase", "exact-case", f"[{words(random, 1)}, {words(random, 2)}]",
                 words(random, 3), f'"{words(random, 2)}"', "~", "[]", "{a: b}", "&a b", "*a", "!!str x", "|\n    x")
            )  # fmt: skip
            lines.append(f"  {key}: {value}")
    return "\n".join(lines) + "\n"


_KEYS = (
    "variants", "plural", "style", "note", "gender", "number", "article", "match", "except", "translation", "forms", "forbidden",
)  # fmt: skip


def csv_glossary(random: Random) -> str:
    delimiter = random.choice(",;\t")
    columns = ["term", *random.sample(_KEYS, random.randint(0, 5))]
    rows = [delimiter.join(columns)]
    for _ in range(random.randint(0, 5)):
        cells = [words(random, 3)]
        for _ in columns[1:]:
            cell = random.choice(
                (words(random, 2), "true", "m", "a; b", "=1+1", "'@x", "", "noun-phrase", "a\\;b", 'q"q', "x\ny")
            )
            cells.append(f'"{cell}"' if random.random() < 0.4 else cell)
        rows.append(delimiter.join(cells))
    return random.choice(("\n", "\r\n", "\r")).join(rows)


def tbx_glossary(random: Random) -> str:
    entries = []
    for _ in range(random.randint(0, 3)):
        sections = []
        for language in random.sample(("en", "en-US", "pt-BR", "pt", "de", ""), random.randint(1, 3)):
            terms = "".join(
                f"<termSec><term>{_xml(random)}</term><termNote type='administrativeStatus'>"
                f"{random.choice(('preferredTerm-admn-sts', 'deprecatedTerm-admn-sts', 'x'))}</termNote>"
                + random.choice(
                    ("", "<note>translate-issue entry\nplural: true\nstyle: italic</note>", "<note>x</note>")
                )
                + "</termSec>"
                for _ in range(random.randint(0, 2))
            )
            sections.append(f"<langSec xml:lang={quoteattr(language)}>{terms}</langSec>")
        entries.append(f"<conceptEntry id='c'>{''.join(sections)}</conceptEntry>")
    head = random.choice(("", '<?xml version="1.0"?>', _DTD))
    return f"{head}<tbx xmlns='urn:iso:std:iso:30042:ed-2'><text><body>{''.join(entries)}</body></text></tbx>"


_DTD = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/hostname">]>'


def _xml(random: Random) -> str:
    return random.choice(
        (escape(words(random, 3)), escape(words(random, 2)), "&a;", "&c;", "<hi>x</hi>", "<!-- x -->", "")
    )


def tmx(random: Random) -> str:
    units = []
    for _ in range(random.randint(0, 4)):
        variants = "".join(
            f"<tuv xml:lang='{random.choice(('en', 'EN-US', 'pt-BR', 'pt', ''))}'><seg>{_xml(random)}</seg></tuv>"
            for _ in range(random.randint(0, 3))
        )
        properties = "".join(
            f"<prop type='x-{name}'>{random.choice(('human', 'machine', 'yes', '0' * 16, ''))}</prop>"
            for name in random.sample(("origin", "approved", "context", "hypothesis", "document"), random.randint(0, 3))
        )
        stamp = random.choice(("20260101T000000Z", "99999999T999999Z", "", "x"))
        units.append(f"<tu creationdate='{stamp}'>{properties}{variants}</tu>")
    return f"{random.choice(('', _DTD))}<tmx version='1.4'><header/><body>{''.join(units)}</body></tmx>"


def po(random: Random) -> str:
    parts = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'] if random.random() < 0.8 else []
    for _ in range(random.randint(0, 4)):
        texts = [json.dumps(words(random, 4), ensure_ascii=random.random() < 0.2) for _ in range(3)]
        head = random.choice(
            ("", "#, fuzzy\n", "#. origin: machine\n", "#: a.md:1\n", "#~ ", '#| msgid "x"\n', "# x\n", "#, \n")
        )
        forms = (
            f"{head}msgid {texts[0]}\nmsgstr {texts[1]}\n", f"{head}msgctxt {texts[2]}\nmsgid {texts[0]}\nmsgstr {texts[1]}\n",
            f"msgid {texts[0]}\nmsgid_plural {texts[2]}\nmsgstr[0] {texts[1]}\n", f'msgid ""\n{texts[0]}\n{texts[1]}\nmsgstr {texts[2]}\n',
            f"msgstr {texts[0]}\n", f"msgid {texts[0]}\n",
        )  # fmt: skip
        parts.append(random.choice(forms))
    return "\n".join(parts)


def configuration(random: Random, keys: Sequence[str]) -> str:
    """YAML under the configuration's own keys (dotted), with values of every type."""
    lines = []
    for _ in range(random.randint(0, 5)):
        section, _, key = random.choice(keys).partition(".")
        value = random.choice(
            ("1", "0", "-1", "1e9", "1e999", ".nan", ".inf", "true", "null", "text", "''", "[1, 2]", "[a, [b]]", "{a: b}", "0x1f", "1:30",
             "1" * 5000, "2001-01-01", "!!int ''", "!!float ''", "!!bool x", "!!binary é", "!!timestamp x", "!!null x", "!!set x",
             "&a [1]", "*a", "~/x", "../../x", "/dev/zero", "\"\\0\"", "<<", "? a", "!x y", "[", "|\n    x")
        )  # fmt: skip
        lines.append(
            random.choice(
                (
                    f"{section}:\n  {key}: {value}",
                    f"{section}: {value}",
                    f"{key}: {value}",
                    f"{section}: {{{key}: {value}}}",
                )
            )
        )
    return "\n".join(lines) + "\n"
