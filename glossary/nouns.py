"""Is a word that can be a noun or a verb used as a verb? A rule over its neighbours, no tagger.

The rule answers "verb" only on clear evidence, since a protected word that is translated is the
worse mistake: after a modal or a subject pronoun (`we benchmark`, `it benchmarks`), after the
infinitive's `to` (`to pipeline jobs`, but not `due to pipeline bubbles`), after `let them`, in a relative
clause with an object (`teams that benchmark their models`), a gerund with an object (`by pruning the
network`), and before a determiner where nothing makes the word a noun (`Benchmark the models`, `shards and
batches the data`). `Scripts the team wrote` are nouns: an imperative has no ending.
"""

from __future__ import annotations

_MODALS_TEXT = """
can could will would shall should may might must cannot can't couldn't won't wouldn't shouldn't don't doesn't
didn't do does did let's please never
"""
_MODALS = frozenset(_MODALS_TEXT.split())
_PLURAL_SUBJECTS_TEXT = """
i we you they who let's we'll you'll they'll i'll i'd we'd you'd they'd
"""
_PLURAL_SUBJECTS = frozenset(_PLURAL_SUBJECTS_TEXT.split())
_SINGULAR_SUBJECTS = frozenset(["it", "he", "she", "which", "that", "who", "everyone", "one"])
_DETERMINERS_TEXT = """
the a an this these those my your his her its our their each every all both several some any many another it
them us him me
"""
_DETERMINERS = frozenset(_DETERMINERS_TEXT.split())
_POSSESSIVES = frozenset(["my", "your", "his", "her", "its", "our", "their"])
_CAUSATIVES = frozenset(["let", "lets", "help", "helps", "helped", "make", "makes", "made"])
_OBJECTS = frozenset(["me", "you", "him", "her", "it", "us", "them"])
_GERUND_LEADS_TEXT = """
by when while without before after avoid avoids avoided start started stop stopped keep kept try tried consider
for instead
"""
_GERUND_LEADS = frozenset(_GERUND_LEADS_TEXT.split())
_PREPOSITIONAL_TO_TEXT = """
due thanks according compared relative similar next applied access related contrast addition prior specific
contributions changes respect link links switched moved back close equivalent
"""
_PREPOSITIONAL_TO = frozenset(_PREPOSITIONAL_TO_TEXT.split())
_COORDINATORS = frozenset(["and", "or", "but", "then", "also", "to"])


def is_verb(before: list[str], word: str, after: str | None, *, sentence_initial: bool) -> bool:
    """Whether ``word`` is clearly a verb.

    ``before`` holds up to two folded words before it, nearest last, within the clause; ``after`` the
    folded word after it, None at the end of the clause.
    """
    previous = before[-1] if before else None
    object_follows = after in _DETERMINERS
    if previous in _MODALS or previous in _PLURAL_SUBJECTS:
        return True
    if previous == "to":
        return not word.endswith("s") and (len(before) < 2 or before[-2] not in _PREPOSITIONAL_TO)
    if previous in _OBJECTS and len(before) > 1 and before[-2] in _CAUSATIVES:
        return not word.endswith("s")
    if previous in _SINGULAR_SUBJECTS:
        if not word.endswith("s"):
            return object_follows and (previous == "who" or (previous == "that" and after in _POSSESSIVES))
        return object_follows or after == "you" or previous in {"it", "he", "she"}
    if not object_follows:
        return False
    if previous is None:
        return sentence_initial and (not word.endswith("s") or word.endswith("ss"))
    if word.endswith("ing") and previous in _GERUND_LEADS:
        return True
    return previous in _COORDINATORS or (previous.endswith("ly") and previous.isalpha())
