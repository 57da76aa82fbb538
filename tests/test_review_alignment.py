"""The alignment of texts that no report knows, read from the model."""

from __future__ import annotations

import pytest

from translate.config import load_config
from translate.marian.protocol import Engine
from translate.pipeline import load
from translate.review.alignment import align


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load(load_config())


def test_words_are_linked_to_what_they_became(engine: Engine) -> None:
    english = "The authors 🙂 measure the throughput and publish the results."
    portuguese = "Os autores 🙂 medem o throughput e publicam os resultados."
    (links,) = align([(english, portuguese)], engine)
    words = {(english[a:b], portuguese[c:d]) for a, b, c, d, _ in links}
    assert {("authors", "autores"), ("throughput", "throughput"), ("publish", "publicam")} <= words
    assert all(0 < weight <= 1 for *_, weight in links)


def test_line_breaks_and_empty_texts_do_no_harm(engine: Engine) -> None:
    english, portuguese = "The authors measure\nthe throughput.", "Os autores\nmedem o throughput."
    links, nothing, long = align([(english, portuguese), ("", ""), ("word " * 900, "palavra " * 900)], engine)
    assert ("authors", "autores") in {(english[a:b], portuguese[c:d]) for a, b, c, d, _ in links}
    assert nothing == long == ()
