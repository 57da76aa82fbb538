"""Natural Portuguese around a kept word: its determiners and adjectives agree with it.

Only what the glossary tells is used: a term without ``gender`` is left alone. What is looked at is a closed list of
determiners and prenominal adjectives to the left of the term (``todos os novos *datasets*``) and, where the term is
clearly the head, a regular adjective or participle to its right or after a copula (``a *feature store* é lenta``).
The words and their order are Cunha & Cintra's, *Nova gramática do português contemporâneo*, ch. 9 to 11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from glossary import Occurrence, Term
from glossary.words import fold, plural_of, spell
from translate.decoding.alignment import Range

Gender = Literal["m", "f"]
Number = Literal["singular", "plural"]
Features = tuple[Gender, Number]


@dataclass(frozen=True, slots=True)
class Edit:
    """``text[start:end]`` (one word, with the blank after it where the word goes altogether) should read ``new``."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def key(self) -> str:
        return self.text.lower()


def _words(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


def _paradigms(lines: str) -> dict[str, dict[Features, str]]:
    """Each word of a table (masculine, feminine, then their plurals) with the forms of its line."""
    table: dict[str, dict[Features, str]] = {}
    keys: tuple[Features, ...] = (("m", "singular"), ("f", "singular"), ("m", "plural"), ("f", "plural"))
    for line in lines.strip().splitlines():
        forms = dict(zip(keys, line.split(), strict=True))
        table |= dict.fromkeys(forms.values(), forms)
    return table


_ARTICLES = _paradigms("""
    o a os as
""")
_CONTRACTIONS = _paradigms("""
    do da dos das
    no na nos nas
    ao à aos às
    pelo pela pelos pelas
""")
_DETERMINERS = _paradigms("""
    um uma uns umas
    num numa nuns numas
    dum duma duns dumas
    este esta estes estas
    esse essa esses essas
    aquele aquela aqueles aquelas
    deste desta destes destas
    desse dessa desses dessas
    daquele daquela daqueles daquelas
    neste nesta nestes nestas
    nesse nessa nesses nessas
    naquele naquela naqueles naquelas
    àquele àquela àqueles àquelas
    algum alguma alguns algumas
    nenhum nenhuma nenhuns nenhumas
    muito muita muitos muitas
    pouco pouca poucos poucas
    quanto quanta quantos quantas
    tanto tanta tantos tantas
    cujo cuja cujos cujas
    outro outra outros outras
    todo toda todos todas
""")
_DETERMINERS |= {
    neuter: _DETERMINERS[masculine]
    for neuter, masculine in {
        "isto": "este",
        "isso": "esse",
        "aquilo": "aquele",
        "disto": "deste",
        "disso": "desse",
        "daquilo": "daquele",
        "nisto": "neste",
        "nisso": "nesse",
        "naquilo": "naquele",
    }.items()
}
"""A neuter pronoun right before a noun is a determiner gone wrong (``isso dataset``)."""
_PLURAL_DETERMINERS = _paradigms("""
    vários várias vários várias
    diversos diversas diversos diversas
    ambos ambas ambos ambas
    dois duas dois duas
""")
_PREDETERMINERS = _paradigms("""
    todo toda todos todas
    ambos ambas ambos ambas
""")
_POSSESSIVES = _paradigms("""
    meu minha meus minhas
    teu tua teus tuas
    seu sua seus suas
    nosso nossa nossos nossas
""")
_PRENOMINAL = _paradigms("""
    novo nova novos novas
    antigo antiga antigos antigas
    velho velha velhos velhas
    bom boa bons boas
    mau má maus más
    pequeno pequena pequenos pequenas
    mesmo mesma mesmos mesmas
    próprio própria próprios próprias
    outro outra outros outras
    primeiro primeira primeiros primeiras
    segundo segunda segundos segundas
    terceiro terceira terceiros terceiras
    quarto quarta quartos quartas
    último última últimos últimas
    próximo próxima próximos próximas
    único única únicos únicas
    famoso famosa famosos famosas
    verdadeiro verdadeira verdadeiros verdadeiras
    respectivo respectiva respectivos respectivas
    grande grande grandes grandes
    melhor melhor melhores melhores
    pior pior piores piores
    maior maior maiores maiores
    menor menor menores menores
    principal principal principais principais
    diferente diferente diferentes diferentes
    dois duas dois duas
    ambos ambas ambos ambas
""")
_LEFT = _ARTICLES | _CONTRACTIONS | _DETERMINERS | _PLURAL_DETERMINERS | _POSSESSIVES
_HEADS = _ARTICLES | _DETERMINERS | _POSSESSIVES
"""Determiners that make the term the head of its phrase (after ``do`` an adjective may speak of what is before)."""
_BARE = {"do": "de", "da": "de", "dos": "de", "das": "de", "no": "em", "na": "em", "nos": "em", "nas": "em"} | {
    "ao": "a", "à": "a", "aos": "a", "às": "a", "pelo": "por", "pela": "por", "pelos": "por", "pelas": "por"
}  # fmt: skip
_BARE_PREPOSITIONS = _words("""
    de em a por com para sem sob sobre entre e ou como
""")
_ADJECTIVES = _words("""
    novo pequeno rápido lento baixo alto médio longo curto completo público privado antigo único profundo aleatório
    necessário próprio correto aberto gratuito interno externo simultâneo contínuo discreto preciso robusto vazio
    cheio moderno inteiro limpo ruidoso poderoso caro barato pronto perfeito extenso denso exato bonito proposto
    composto descrito escrito feito visto disposto oculto misto incluso
""")
_NOUNS = _words("""
    resultado estado mercado dado lado significado aprendizado entrada saída camada chamada tomada medida partida
    vida sentido pedido tecido vestido marido partido década cada nada ida bebida comida corrida dúvida cuidado
    advogado técnica música prática lógica métrica estatística política crítica gráfico tópico médico física
    matemática robótica informática fábrica dinâmica semântica gramática temática república único página década
""")
_REGULAR = re.compile(r"(?:[ai]d|[áéíóúâêô]\w*ic)[oa]s?$")
_COPULA = _words("""
    é são era eram foi foram será serão seja sejam está estão estava estavam ficou fica parece
""")
_ADVERBS = _words("""
    mais menos muito bem tão bastante também já não sempre ainda
""")
_GOVERN_A = _words("""
    relação devido acesso quanto igual similar semelhante graças frente até junto respeito referência suporte
    direito comparação equivalente superior inferior anterior posterior comum aplicação relativo resistente
    favorável
""")
"""Words after which ``a`` is more likely the preposition than the article."""
_LEFT_WORD = re.compile(r"(?<![\w-])([^\W\d_]+) [\"'\u201c\u2018\u00ab]?$")
_RIGHT_WORD = re.compile(r"[\"'\u201d\u2019\u00bb]? ([^\W\d_]+)(?![\w-])")


def features(term: Term, surface: str) -> Features | None:
    """Gender and number of a kept surface, or None where the glossary does not tell the gender.

    The number is the entry's own; without one, a surface that is the plural of a listed spelling is plural.
    """
    if term.gender is None:
        return None
    return term.gender, term.number or ("plural" if is_plural(term, surface) else "singular")


def is_plural(term: Term, surface: str) -> bool:
    """Whether a surface is a derived plural (English) or a listed form in the plural (Portuguese)."""
    if term.translation is not None and fold(surface) in {fold(form) for form in term.renderings}:
        first, base = fold(surface).split()[0], fold(term.translation).split()[0]
        return first != base and first.endswith("s")
    shown = fold(spell(surface))
    listed = {fold(spell(text)) for text in term.spellings}
    return shown not in listed and shown in {fold(spell(plural_of(text))) for text in term.spellings}


def agreement_errors(text: str, place: Range, term: Term, guarded: Sequence[Range] = ()) -> list[Edit]:
    """The words around ``text[place]`` that do not agree with it, each with what it should be, in text order.

    ``guarded``: ranges that are never touched (other terms, code, URLs), nor looked past.
    """
    start, end = place
    if _compound(text, start, end):
        return []
    wanted = features(term, text[start:end])
    left = _left(text, start, guarded)
    edits = [] if term.article else _without_article(text, left, start)
    if wanted is None or edits:
        return edits
    chain = _chain(left)
    edits = [e for word in chain if (e := _agreed(text, word, _LEFT | _PRENOMINAL, wanted)) is not None]
    if _is_head(text, start, left, chain):
        right = _adjective(text, end, guarded, predicate=bool(chain) or not left)
        form = None if right is None else _inflected(right.text, wanted)
        if right is not None and form is not None and form != right.text:
            edits.append(Edit(right.start, right.end, form))
    return sorted(edits, key=lambda edit: edit.start)


def repaired(
    text: str, kept: Sequence[tuple[Range, Term]], guarded: Sequence[Range] = ()
) -> tuple[str, tuple[Edit, ...]]:
    """The text with every agreement error around its kept terms mended, and the edits (of ``text``, in order).

    Applying it to its own result changes nothing. ``kept`` ranges are guarded by themselves.
    """
    walls = [*guarded, *(place for place, _ in kept)]
    found: dict[Range, Edit] = {}
    for place, term in kept:
        others = [wall for wall in walls if wall != place]
        for edit in agreement_errors(text, place, term, others):
            if not any(edit.start < b and a < edit.end for a, b in (*walls, *found)):
                found[edit.start, edit.end] = edit
    edits = tuple(sorted(found.values(), key=lambda edit: edit.start))
    return apply(text, edits), edits


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text with disjoint, sorted edits made."""
    out, at = "", 0
    for edit in edits:
        out += text[at : edit.start] + edit.new
        at = edit.end
    return out + text[at:]


def moved(offset: int, edits: Sequence[Edit]) -> int:
    """Where an offset of the text stands once the edits are made; inside an edited word it stays inside."""
    shift = 0
    for edit in edits:
        if offset <= edit.start:
            break
        if offset < edit.end:
            return edit.start + shift + min(offset - edit.start, len(edit.new))
        shift += len(edit.new) - (edit.end - edit.start)
    return offset + shift


def variants(word: str, term: Term, surface: str) -> tuple[str, ...]:
    """The forms that the determiner ``word`` may take right before a term, its letter case kept; () for other words.

    One where the glossary tells the gender, else both genders. ``a`` may always be the preposition: it stays a choice.
    """
    forms = _LEFT.get(word.lower())
    if forms is None:
        return ()
    number: Number = term.number or ("plural" if is_plural(term, surface) else "singular")
    genders: tuple[Gender, ...] = ("m", "f") if term.gender is None else (term.gender,)
    found = [_cased(word, forms[gender, number]) for gender in genders]
    return tuple(dict.fromkeys([*found, word] if word == "a" else found))


def is_function_word(word: str) -> bool:
    """Whether a word is an article, a contraction, another determiner, a bare preposition or ``e``/``ou``."""
    return word.lower() in _LEFT or word.lower() in _BARE_PREPOSITIONS


def preferred(occurrence: Occurrence) -> str:
    """The rendering that an occurrence of a term with a translation asks for: a plural form for a plural, if listed."""
    term = occurrence.term
    assert term.translation is not None
    if is_plural(term, occurrence.text):
        return next((form for form in term.forms if is_plural(term, form)), term.translation)
    return term.translation


def _compound(text: str, start: int, end: int) -> bool:
    """Whether the term is part of a longer word (``Transformer-based``), which has a gender of its own."""
    return (text[start - 1 : start] in ("-", "/") and start > 0) or text[end : end + 1] in ("-", "/", "_")


def _left(text: str, start: int, guarded: Sequence[Range]) -> list[_Word]:
    """Up to five words right before ``start``, nearest first, each one blank from the next."""
    words: list[_Word] = []
    at = start
    while len(words) < 5 and (found := _LEFT_WORD.search(text, max(0, at - 40), at)):
        word = _Word(found.start(1), found.end(1), found[1])
        if any(word.start < b and a < word.end for a, b in guarded):
            break
        words.append(word)
        at = word.start
    return words


def _chain(left: Sequence[_Word]) -> list[_Word]:
    """The determiners and adjectives of the term's phrase among the words to its left, nearest first.

    ``[todos] [os] [seus novos] term``: adjectives count only behind a determiner, and a bare ``a`` only where it is
    the article.
    """
    adjectives = 0
    while adjectives < min(3, len(left)) and left[adjectives].key in _PRENOMINAL | _POSSESSIVES:
        adjectives += 1
    for count in range(adjectives, -1, -1):
        if count == len(left):
            continue
        head = left[count]
        if head.key not in _LEFT or (count and head.key in _PRENOMINAL):
            continue
        if head.text == "a" and _is_preposition(left, count):
            continue
        chain = list(left[: count + 1])
        if head.key in _ARTICLES and count + 1 < len(left) and left[count + 1].key in _PREDETERMINERS:
            chain.append(left[count + 1])
        return chain
    return []


def _is_preposition(left: Sequence[_Word], index: int) -> bool:
    """Whether the ``a`` at ``left[index]`` looks like the preposition: after a participle or a word that governs it."""
    if index + 1 >= len(left):
        return False
    before = left[index + 1].key
    return before in _GOVERN_A or before.endswith("ção") or re.search(r"[ai]d[oa]s?$", before) is not None


def _agreed(text: str, word: _Word, table: dict[str, dict[Features, str]], wanted: Features) -> Edit | None:
    forms = table[word.key]
    new = forms[wanted]
    if word.text == "a" and wanted[1] == "plural":
        return None  # "a datasets": the preposition
    if new == word.key:
        return None
    return Edit(word.start, word.end, _cased(word.text, new))


def _cased(old: str, new: str) -> str:
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new


def _without_article(text: str, left: Sequence[_Word], start: int) -> list[Edit]:
    """For a term that takes no article: the article goes, a contraction becomes its preposition."""
    if not left or text[left[0].end : start] != " ":
        return []
    word = left[0]
    if word.key in _BARE:
        return [Edit(word.start, word.end, _cased(word.text, _BARE[word.key]))]
    if word.key in _ARTICLES and not (word.text == "a" and _is_preposition(left, 0)):
        return [Edit(word.start, start, "")]
    return []


def _is_head(text: str, start: int, left: Sequence[_Word], chain: Sequence[_Word]) -> bool:
    """Whether an adjective to the right speaks of the term alone.

    Not after a preposition (``a arquitetura de pipeline usada``) nor in a coordination (``o dataset e a feature
    store usados``).
    """
    if not chain:
        return not left and not text[:start].strip("\"'\u201c\u2018\u00ab([ ")
    determiner = next((w for w in chain if w.key in _LEFT), chain[-1])
    if determiner.key not in _HEADS:
        return False
    outer = left[len(chain)].key if len(chain) < len(left) else ""
    return outer not in ("e", "ou", "nem", "de", "com", "sem", "entre")


def _adjective(text: str, end: int, guarded: Sequence[Range], *, predicate: bool) -> _Word | None:
    """The regular adjective right after ``end``, or behind a copula and adverbs."""
    word = _right(text, end, guarded)
    if word is not None and predicate and word.key in _COPULA:
        word = _right(text, word.end, guarded)
        while word is not None and word.key in _ADVERBS:
            word = _right(text, word.end, guarded)
    elif word is not None and word.key in ("mais", "menos"):
        word = _right(text, word.end, guarded)
    return word


def _right(text: str, end: int, guarded: Sequence[Range]) -> _Word | None:
    found = _RIGHT_WORD.match(text, end)
    if found is None or any(found.start(1) < b and a < found.end(1) for a, b in guarded):
        return None
    return _Word(found.start(1), found.end(1), found[1])


def _inflected(word: str, wanted: Features) -> str | None:
    """A regular adjective in the wanted gender; None unless it is one of that number (else it speaks of others)."""
    low = word.lower()
    number = "plural" if low.endswith("s") else "singular"
    stem = low.removesuffix("s")
    if number != wanted[1] or stem[-1:] not in ("o", "a") or not word[:1].islower():
        return None
    masculine = stem[:-1] + "o"
    if stem in _NOUNS or masculine in _NOUNS:
        return None
    if masculine not in _ADJECTIVES and not _REGULAR.search(low):
        return None
    ending = "o" if wanted[0] == "m" else "a"
    return stem[:-1] + ending + ("s" if number == "plural" else "")
