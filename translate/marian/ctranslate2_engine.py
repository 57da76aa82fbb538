"""MarianMT on CPU by CTranslate2: the default engine."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.marian import batches, cache, convert
from translate.marian.batches import Batch
from translate.marian.checkpoint import Checkpoint
from translate.marian.protocol import Hypothesis, Pieces, Request
from translate.marian.tokenizer import CLOSE, OPEN, MarianTokenizer

if TYPE_CHECKING:
    import ctranslate2

Future = Any  # ctranslate2.AsyncTranslationResult: the library is imported only when an engine is made
Futures = Sequence[Future]

_REMEMBERED = 10_000  # sources: some 10 MB


class CTranslate2Engine:
    """A checkpoint converted once to ``compute_type`` (``int8`` or ``float32``) and run by CTranslate2.

    ``threads`` is the number of cores used (default: those this process may use). ``batch_tokens``
    bounds the padded source tokens of one batch. ``cache_dir``: where the converted model is kept (default: the
    user's cache). Raises UserError when the checkpoint cannot be used.
    """

    name = "ctranslate2"

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        compute_type: str = "int8",
        threads: int | None = None,
        batch_tokens: int = 1024,
        cache_dir: Path | None = None,
    ) -> None:
        if compute_type not in convert.COMPUTE_TYPES:
            raise UserError(f"Unknown compute type {compute_type}: choose one of {', '.join(convert.COMPUTE_TYPES)}.")
        self.checkpoint = checkpoint
        self.tokenizer = MarianTokenizer(checkpoint)
        self._compute_type = compute_type
        self._batch_tokens = batch_tokens
        self._workers = threads or available_cores()
        self._cache_dir = cache_dir
        self._first_rows: dict[Pieces, NDArray[np.float32]] = {}
        self._translator = self._load()

    @property
    def signature(self) -> dict[str, str]:
        """What a number produced with this engine depends on."""
        import ctranslate2

        return self.checkpoint.signature(
            self.name, ctranslate2.__version__, self._compute_type, self.tokenizer.language_token
        )

    def translate(
        self,
        requests: Sequence[Request],
        *,
        beam_size: int,
        num_hypotheses: int = 1,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """See `Engine.translate`."""
        batches.check_sizes(beam_size, num_hypotheses)
        results: list[list[Hypothesis]] = [[] for _ in requests]
        done = 0

        def finish(batch: Batch, futures: Futures, first_rows: Mapping[Pieces, Future]) -> None:
            nonlocal done
            self._remember(first_rows)
            for index, future in zip(batch.indices, futures, strict=True):
                results[index] = self._hypotheses(requests[index], future.result(), beam_size)
            done += len(batch.indices)
            if on_progress is not None:
                on_progress(done)

        # A window of batches keeps every worker busy without queueing the whole run: progress comes
        # steadily, and after an interrupt only the window is left to finish.
        window: deque[tuple[Batch, Futures, Mapping[Pieces, Future]]] = deque()
        if len(self._first_rows) > _REMEMBERED:
            self._first_rows.clear()
        for batch in self._plan(requests):
            futures = self._submit(requests, batch, beam_size, num_hypotheses)
            window.append((batch, futures, self._submit_first_rows(requests, batch) if beam_size > 1 else {}))
            if len(window) > 2 * self._workers:
                finish(*window.popleft())
        while window:
            finish(*window.popleft())
        for index, request in enumerate(requests):
            if not request.pieces:
                results[index] = [batches.nothing(request)]
        return results

    def score(self, sources: Sequence[Pieces], targets: Sequence[Pieces]) -> list[list[float]]:
        """See `Engine.score`."""
        limit = self.checkpoint.shape.max_positions - 1
        scored = self._translator.score_batch(
            [self._source(pieces) for pieces in sources],
            [list(target[:limit]) for target in targets],
            max_batch_size=self._batch_tokens,
            batch_type="tokens",
            max_input_length=0,
        )
        return [
            [*result.log_probs, *[-math.inf] * (len(target) + 1 - len(result.log_probs))]
            for result, target in zip(scored, targets, strict=True)
        ]

    def _load(self) -> ctranslate2.Translator:
        import ctranslate2

        name = f"{self.checkpoint.hash[:32]}-{self._compute_type}-{ctranslate2.__version__}"
        directory = cache.entry(
            name, lambda out: convert.convert(self.checkpoint, out, self._compute_type), root=self._cache_dir
        )
        try:
            return ctranslate2.Translator(
                str(directory),
                device="cpu",
                compute_type=self._compute_type,
                inter_threads=self._workers,
                intra_threads=1,
            )
        except (RuntimeError, ValueError) as error:
            raise UserError(f"CTranslate2 cannot load the converted model in {directory} ({error}).") from None

    def _plan(self, requests: Sequence[Request]) -> Iterator[Batch]:
        return batches.plan(
            requests,
            batch_tokens=self._batch_tokens,
            limit=self.checkpoint.shape.max_positions - 1,
            key=lambda request: OPEN in request.pieces or OPEN in request.prefix,
        )

    def _submit(self, requests: Sequence[Request], batch: Batch, beam_size: int, num_hypotheses: int) -> Futures:
        chosen = [requests[i] for i in batch.indices]
        silence = [[OPEN], [CLOSE]] if self.tokenizer.protects and not batch.key else None
        prefixes: list[list[str] | None] | None = None
        if any(r.prefix for r in chosen):
            prefixes = [list(r.prefix) for r in chosen]
        futures: Futures = self._translator.translate_batch(
            [self._source(r.pieces) for r in chosen],
            target_prefix=prefixes,
            asynchronous=True,
            beam_size=beam_size,
            num_hypotheses=num_hypotheses,
            length_penalty=1,
            disable_unk=True,
            suppress_sequences=silence,
            max_input_length=0,
            max_decoding_length=batch.max_length,
            return_scores=True,
            return_attention=True,
        )
        return futures

    def _source(self, pieces: Pieces) -> list[str]:
        language = [self.tokenizer.language_token] if self.tokenizer.language_token else []
        limit = self.checkpoint.shape.max_positions - len(language) - 1
        return [*language, *pieces[:limit], "</s>"]

    def _submit_first_rows(self, requests: Sequence[Request], batch: Batch) -> Mapping[Pieces, Future]:
        """Ask for the attention of each source's first decoding step, which beam search returns wrongly.

        On CPU, CTranslate2 (4.8 and before) runs the first step before it expands the batch to the beams,
        and then gathers that step's attention as if it were expanded: sentence i of a batch gets the
        first row of sentence i // beam_size. The row depends on the source alone: one greedy step gives it.
        """
        aligned = (requests[i].pieces for i in batch.indices if requests[i].align)
        sources = [pieces for pieces in dict.fromkeys(aligned) if pieces not in self._first_rows]
        if not sources:
            return {}
        futures: Futures = self._translator.translate_batch(
            [self._source(pieces) for pieces in sources],
            asynchronous=True,
            beam_size=1,
            max_input_length=0,
            max_decoding_length=1,
            min_decoding_length=1,  # never </s> at once: a row must come
            return_attention=True,
        )
        return dict(zip(sources, futures, strict=True))

    def _remember(self, first_rows: Mapping[Pieces, Future]) -> None:
        for pieces, future in first_rows.items():
            self._first_rows[pieces] = self._own_columns(future.result().attention[0])[0]

    def _hypotheses(self, request: Request, result: Any, beam_size: int) -> list[Hypothesis]:
        found = []
        for pieces, score, attention in zip(result.hypotheses, result.scores, result.attention, strict=True):
            rows = self._own_columns(attention)
            if beam_size > 1 and request.align and len(rows):
                rows[0] = self._first_rows[request.pieces]
            found.append(batches.hypothesis(request, pieces, score, rows))
        return found

    def _own_columns(self, attention: Sequence[Sequence[float]]) -> NDArray[np.float32]:
        """Attention (pieces, source pieces) without the columns of the language token and ``</s>``."""
        rows = np.asarray(attention, dtype=np.float32).reshape(len(attention), -1)
        return rows[:, 1 if self.tokenizer.language_token else 0 : -1]


def available_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
