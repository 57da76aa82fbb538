"""Texts made by rules: Markdown drafts, bilingual files, front matter, glossaries, configurations, memory files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from xml.sax.saxutils import escape, quoteattr

_WORDS = (
    "model", "Tokens", "naïve", "data-set", "snake_case", "R&D", "5", "x*y", "it's", "“so”", "C#", "(note)",
    "e.g.", "1.",
    "🤗", "100%", "$5", "café", "&eacute;", "\\*", "<3", "U.S.", "dataset's", "pre-training", "İstanbul", "ﬁle",
    "2.000,5",
    "www.example.org", "me@example.org", "https://example.org/a_b(c)", "np.dot", "[EN]", "\u202etxet",
    "a\u0301", "->",
)  # fmt: skip
_ATOMS = (
    "`c`", "`` a`b ``", "$$x^2$$", "$a_i$", "<https://example.org/>", "![](a.png)", "![alt](b.png)", "[^1]",
    "{{ x }}",
    "{% include x %}", "{% if x %}", "{% endif %}", "{: .big}", "<br>", "<br/>", "<!-- no -->", "<kbd>C</kbd>",
    "[ref]",
    "![ref]", "[ref][]", "</b>", ":rocket:", "\\(x^2\\)", "\\[y\\]", "{::comment}", "{:/}", "<img src='a'>",
    "*", "_", "**",
    "[", "](", "]", "![", "`", "``", "$$", "{{", "}}", "{%", "<!--", "-->", "&", "&#x41;", "|", "\\", "~~",
    "<b", "<",
)  # fmt: skip
_PAIRS = (
    ("*", "*"), ("_", "_"), ("**", "**"), ("***", "***"), ("~~", "~~"),
    ("[", "](https://example.org/a?b=1&c=2)"),
    ("[", "](</a b> 'T')"), ("[", "][ref]"), ("<b>", "</b>"), ("<i>\n", "\n</i>"),
    ('<span translate="no">', "</span>"),
    ("![", "](p.png)"), ("[![", "](p.png)](/x)"), ("`", "`"), ("<code>", "</code>"), ("(", ")"),
    ("\\begin{a}", "\\end{a}"),
)  # fmt: skip
_BREAKS = ("\n", "  \n", "\\\n", "\\\\\n", "\n\\\\\n", " ", " ", " ")
_BLOCKS = (
    "```python\nx = '*a*'\n\n# no\n```", "    code\n\n    more", "<div>\n<p>html</p>\n</div>",
    "<!-- a\n\ncomment -->",
    "[ref]: https://example.org/ref 'Title'", "---", "***", "\\\\", "{% raw %}{{ x }}{% endraw %}", "{:toc}",
    "* TOC\n{:toc}",
    "$$\nx = y\n$$", "*[HTML]: Hyper Text", "{::comment}\nno\n{:/comment}", "![](a.png)",
    "{% if x %}\ntext\n{% endif %}",
    "- [ ] task\n- [x] done", "{% highlight python %}\n\nx\n{% endhighlight %}", "```", "<div>", "===",
    "\\begin{a}\nb\n\\end{a}",
    "| a | b |\n|---|", "<!-- <!-- a --> -->",
    "<!-- CONFLICT 00000000: the English of the text above has changed", "\u00a0",
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
            "| a | b |\n|---|:-:|\n| {} | c \\| d |", "![alt text](x.png)\n*{}*", "[^1]: {}", "Term\n: {}",
            "\\\\\n{}",
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
    body = "".join(block(random) + random.choice(_GAPS) for _ in range(random.randint(0, 3)))
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
    for _ in range(random.randint(0, 4)):
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


_FIELDS: dict[str, tuple[str, ...]] = {
    "plural": ("true", "false"),
    "article": ("true", "false"),
    "style": ("italic",),
    "gender": ("m", "f"),
    "number": ("singular", "plural"),
    "match": ("any", "exact-case", "noun-phrase"),
}
_LISTS = ("variants", "except", "forms", "forbidden")
_ODD = ("", "~", "[]", "{a: b}", "&a b", "*a", "!!str x", "|\n    x", "[[a]]", "x", "true", "'", '"\\x00"')


_TERMS = (
    "model", "Tokens", "naïve", "data-set", "embedding", "C#", "C++", ".NET", "café", "deep learning", "2D",
    "İstanbul", "ﬁle",
    "a\u0301", "e\u0301", "self-attention", "batch", "query", "analysis", "dataset's", "d'água", "x\u200dy",
    "\u00adsoft", "ß",
)  # fmt: skip


def _phrase(random: Random) -> str:
    text = " ".join(random.sample(_TERMS, random.choice((1, 1, 2, 3))))
    return text if random.random() < 0.95 else words(random, 2)


def _keys(random: Random) -> list[str]:
    """Keys that go together: of a kept term, or of a translated one."""
    kept = ("style", "gender", "number", "article", "plural", "match", "variants", "except", "note", "forbidden")
    translated = ("translation", "plural", "match", "variants", "except", "note", "forbidden")
    keys = random.sample(*random.choice(((kept, 4), (kept, 2), (translated, 3))))
    return [*keys, "forms"] if "translation" in keys and random.random() < 0.5 else keys


def _value(random: Random, key: str) -> tuple[str, ...]:
    """What the key may hold: one value, or several for a list."""
    if key in _FIELDS:
        return (random.choice(_FIELDS[key]),)
    return tuple(_phrase(random) for _ in range(random.randint(1, 3) if key in _LISTS else 1))


def yaml_glossary(random: Random) -> str:
    lines = [random.choice(("terms:", "casing: sentence\nterms:", "casing: draft\nnote: x\nterms:"))]
    for _ in range(random.randint(1, 5)):
        lines.append(f"- term: {json.dumps(_phrase(random), ensure_ascii=False)}")
        for key in _keys(random):
            values = [json.dumps(value, ensure_ascii=False) for value in _value(random, key)]
            text = f"[{', '.join(values)}]" if key in _LISTS else values[0].strip('"') if key in _FIELDS else values[0]
            lines.append(f"  {key}: {random.choice(_ODD) if random.random() < 0.02 else text}")
    return "\n".join(lines) + "\n"


def csv_glossary(random: Random) -> str:
    delimiter = random.choice(",;\t")
    columns = ["term", *_keys(random)]
    rows = [delimiter.join(columns)]
    for _ in range(random.randint(1, 5)):
        cells = [_phrase(random), *("; ".join(_value(random, key)) for key in columns[1:])]
        if random.random() < 0.1:
            cells[-1] = random.choice(("=1+1", "'@x", "", "a\\;b", 'q"q', "x\ny"))
        rows.append(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return random.choice(("\n", "\r\n")).join(rows)


def tbx_glossary(random: Random) -> str:
    entries = []
    for _ in range(random.randint(1, 3)):
        sections = []
        for language in random.choice((("en",), ("en-US", "pt"), ("en", "pt-BR", "de"), ("en", "pt-BR"), ("pt", ""))):
            terms = "".join(
                f"<termSec><term>{_xml(random)}</term><termNote type='administrativeStatus'>"
                f"{random.choice(('preferredTerm-admn-sts', 'deprecatedTerm-admn-sts', 'x'))}</termNote>"
                + random.choice(("", "", "<note>translate-issue entry\nplural: true\nstyle: italic</note>", "<note/>"))
                + "</termSec>"
                for _ in range(random.randint(1, 2))
            )
            sections.append(f"<langSec xml:lang={quoteattr(language)}>{terms}</langSec>")
        entries.append(f"<conceptEntry id='c'>{''.join(sections)}</conceptEntry>")
    head = random.choice(("", "", "", '<?xml version="1.0"?>', _DTD))
    return f"{head}<tbx xmlns='urn:iso:std:iso:30042:ed-2'><text><body>{''.join(entries)}</body></text></tbx>"


_DTD = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/hostname">]>'


def _xml(random: Random) -> str:
    if random.random() < 0.95:
        return escape(_phrase(random))
    return random.choice(("&a;", "&c;", "<hi>x</hi>", "<!-- x -->", "", "&#x85;", "<![CDATA[x]]>", "<?x?>"))


def tmx(random: Random) -> str:
    units = []
    for _ in range(random.randint(1, 4)):
        languages = random.choice((("en", "pt-BR"), ("EN-US", "pt"), ("en", "pt", "de"), ("pt",), ("en_GB", "pt_BR")))
        variants = "".join(f"<tuv xml:lang='{language}'><seg>{_xml(random)}</seg></tuv>" for language in languages)
        properties = "".join(
            f"<prop type='x-{name}'>{random.choice(('human', 'machine', 'yes', '0' * 16, ''))}</prop>"
            for name in random.sample(("origin", "approved", "context", "hypothesis", "document"), random.randint(0, 3))
        )
        stamp = random.choice(("20260101T000000Z", "99999999T999999Z", "", "x", "00010101T000000Z"))
        units.append(f"<tu creationdate='{stamp}'>{properties}{variants}</tu>")
    head = _DTD if random.random() < 0.1 else ""
    return f"{head}<tmx version='1.4'><header/><body>{''.join(units)}</body></tmx>"


def po(random: Random) -> str:
    parts = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'] if random.random() < 0.8 else []
    for _ in range(random.randint(1, 4)):
        one, two, three = (json.dumps(words(random, 4), ensure_ascii=random.random() < 0.2) for _ in range(3))
        heads = ("", "", "#, fuzzy\n", "#. origin: machine\n", "#: a.md:1\n", "# x\n", "#, \n", '#| msgid "x"\n')
        forms = [f"msgid {one}\nmsgstr {two}\n"] * 6 + [
            f"msgctxt {three}\nmsgid {one}\nmsgstr {two}\n",
            f"msgid {one}\nmsgid_plural {three}\nmsgstr[0] {two}\n",
            f'msgid ""\n{one}\n{two}\nmsgstr {three}\n',
            f"#~ msgid {one}\n#~ msgstr {two}\n",
            f"msgstr {one}\n",
            f"msgid {one}\n",
        ]
        parts.append(random.choice(heads) + random.choice(forms))
    return "\n".join(parts)


_ODD_VALUES = (
    "-1", "1e9", "1e999", ".nan", ".inf", "''", "[a, [b]]", "{a: b}", "0x1f", "1:30", "1" * 5000, "2001-01-01",
    "!!int ''",
    "!!float ''", "!!bool x", "!!binary é", "!!timestamp x", "!!null x", "!!set x", "&a [1]", "*a", "~/x",
    "~nobody/x", "../x",
    "/dev/zero", '"\\0"', "<<", "? a", "!x y", "[", "|\n    x", "=", "[" * 50, "0b_", "-._", "1_0",
    "99999999999999999999",
)  # fmt: skip


def configuration(random: Random, values: Mapping[str, object]) -> str:
    """YAML under the configuration's own keys (dotted), most with their own values."""
    sections: dict[str, list[str]] = {}
    for dotted in random.sample(list(values), random.randint(0, 6)):
        section, _, key = dotted.partition(".")
        own = json.dumps(values[dotted], ensure_ascii=False)
        value = random.choice(_ODD_VALUES) if random.random() < 0.1 else own
        sections.setdefault(section, []).append(f"  {key}: {value}")
    return "".join(f"{section}:\n" + "\n".join(lines) + "\n" for section, lines in sections.items())
