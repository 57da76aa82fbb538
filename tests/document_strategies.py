"""Hypothesis strategies: Markdown drafts with everything that kramdown, Jekyll and authors put in them."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "model",
        "Tokens",
        "naïve",
        "data-set",
        "snake_case",
        "R&D",
        "AT&amp;T",
        "5",
        "x*y",
        "a\\_b",
        "it's",
        "“so”",
        "C#",
        "(note)",
        "e.g.",
        "1.",
        "-",
        "+",
        "#1",
        "🤗",
        "a|b",
        "{x}",
        "100%",
        "$5",
        "café",
        "&eacute;",
        "\\*",
        "<3",
        "U.S.",
    ]
)
plain = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


def _spans(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map("*{}*".format),
        inner.map("_{}_".format),
        inner.map("**{}**".format),
        inner.map("***{}***".format),
        inner.map("~~{}~~".format),
        inner.map("[{}](https://example.org/a_b?c=1&d=2)".format),
        inner.map('[{}](</a b> "A title")'.format),
        inner.map("[{}][ref]".format),
        inner.map("<b>{}</b>".format),
        inner.map('<span class="x">{}</span>'.format),
        inner.map("<i>\n{}\n</i>".format),
        inner.map("![{}](pic.png)".format),
        inner.map("[![{}](pic.png)](/there)".format),
    )


OPAQUE = st.sampled_from(
    [
        "`np.dot`",
        "`` a`b ``",
        "$$x^2$$",
        "$a_i$",
        "<https://example.org/>",
        "https://example.org/x_y_z",
        "me@example.org",
        "![](a.png)",
        "[^1]",
        "{{ site.url }}",
        "{% include x.html %}",
        "{: .big}",
        "<br>",
        "<img src='a'>",
        ":rocket:",
        "[ref]",
        "[ref][]",
        "![ref]",
        "<!-- no -->",
        "<kbd>Ctrl</kbd>",
        "[https://example.org](https://example.org)",
        "</b>",
    ]
)
inline = st.recursive(
    st.one_of(plain, plain, OPAQUE),
    lambda inner: st.lists(st.one_of(inner, _spans(inner)), min_size=1, max_size=3).map(" ".join),
    max_leaves=6,
)
glued = st.lists(st.one_of(inline, _spans(plain), OPAQUE), min_size=1, max_size=3).map("".join)
line = st.one_of(inline, glued)
simple = st.lists(st.one_of(plain, _spans(plain), OPAQUE), min_size=1, max_size=5).map(" ".join)
"""One line of text whose spans hold plain words: what authors write."""

paragraph = st.tuples(
    line, st.lists(st.tuples(st.sampled_from(["\n", "  \n", "\\\n", "\\\\\n", "\n\\\\\n"]), line), max_size=2)
).map(lambda parts: parts[0] + "".join(end + text for end, text in parts[1]))
leaf = st.one_of(
    paragraph,
    paragraph,
    line.map("# {}".format),
    line.map("## {} ##".format),
    line.map("# {} {{#id}}".format),
    paragraph.map("{}\n====".format),
    paragraph.map("\\\\\n{}".format),
    paragraph.map("{}\n{{: .note}}".format),
    line.map("| a | b |\n|---|:-:|\n| {} | c \\| d |".format),
    line.map("![alt text](x.png)\n*{}*".format),
    paragraph.map("[^1]: {}".format),
    line.map("Term\n: {}".format),
    st.sampled_from(
        [
            "```python\nx = '*a*'\n\n# no\n```",
            "    code here\n\n    more",
            "<div>\n<p>html</p>\n</div>",
            "<!-- a\n\ncomment -->",
            "[ref]: https://example.org/ref 'Title'",
            "---",
            "***",
            "\\\\",
            "{% highlight python %}\n\nx = 1\n\n# no\n{% endhighlight %}",
            "{% raw %}{{ x }}{% endraw %}",
            "{:toc}",
            "* TOC\n{:toc}",
            "$$\nx = y\n$$",
            "*[HTML]: Hyper Text",
            "{::comment}\nno\n{:/comment}",
            "![](a.png)",
            "{% if x %}\ntext\n{% endif %}",
            "- [ ] task\n- [x] done",
        ]
    ),
)


def _indented(text: str, first: str, rest: str) -> str:
    return first + text.replace("\n", "\n" + rest)


def _containers(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(blocks, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda b: _indented("\n\n".join(b), "> ", "> ")),
        several.map(lambda b: _indented("\n".join(b), "> ", "")),
        several.map(lambda b: "\n".join(_indented(x, "- ", "  ") for x in b)),
        several.map(lambda b: "\n\n".join(_indented(x, "1. ", "   ") for x in b)),
        several.map(lambda b: "\n".join(_indented(x, "*\t", "\t") for x in b)),
        several.map(lambda b: _indented("\n\n".join(b), "[^1]: ", "    ")),
    )


block = st.recursive(leaf, _containers, max_leaves=4)
front_matter = st.sampled_from(
    [
        "",
        "",
        "---\ntitle: A plain title\ntags: [a, b]\n---\n",
        "---\ntitle: \"Letter #1 [EN]: \\\"quoted\\\" \\u00e9\"\ntitle: 'it''s twice'\nlang: en\n---\n\n",
        "---\nexcerpt: >-\n  Folded text\n  in lines\n\n  and more\n"
        "image:\n  thumb: x.png\n  caption: Photo by [me](x) # not this\n---\n",
        "---\ndescription: |\n    Literal *text*\n    here\ntitle:\n  on the next line\n...\n",
        "---\nexcerpt: several words\n  over two lines\nother: x\n---\n",
    ]
)
document = st.tuples(
    st.sampled_from(["", "", "\ufeff"]),
    front_matter,
    st.lists(st.tuples(block, st.sampled_from(["\n\n", "\n\n", "\n", "\n \n\n"])), max_size=5),
    st.booleans(),
    st.sampled_from(["\n", "\n", "\r\n", "\r"]),
).map(
    lambda p: p[0] + (p[1] + "".join(b + gap for b, gap in p[2])).removesuffix("\n" if p[3] else "").replace("\n", p[4])
)
"""Drafts with or without byte order mark, front matter and final newline, in three line endings."""

soup = st.text(alphabet=st.sampled_from("ab *_`[]()<>!#-+|\\&;:{}%$~^\"'\n\t\r >1.=\u00a0\u2028\x0c\x00é"), max_size=80)
"""Text made of little but markup."""
