"""MarianMT by transformers and torch in float32: the reference engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.marian import batches
from translate.marian.batches import Batch
from translate.marian.checkpoint import Checkpoint, vocabularies
from translate.marian.protocol import Hypothesis, Pieces, Request
from translate.marian.tokenizer import CLOSE, OPEN, MarianTokenizer


class TransformersEngine:
    """A checkpoint run by ``MarianMTModel.generate`` on CPU, with CTranslate2's search settings.

    ``threads`` sets torch's threads, for the whole process. Raises UserError when the weights do not fit.
    """

    name = "transformers"

    def __init__(self, checkpoint: Checkpoint, *, threads: int | None = None, batch_tokens: int = 4096) -> None:
        import torch

        if threads:
            torch.set_num_threads(threads)
        self.checkpoint = checkpoint
        self.tokenizer = MarianTokenizer(checkpoint)
        self._batch_tokens = batch_tokens
        source, self._target_pieces = vocabularies(checkpoint)
        self._source_ids = {piece: i for i, piece in enumerate(source)}
        self._target_ids = {piece: i for i, piece in enumerate(self._target_pieces)}
        self._pad = len(self._target_pieces) - 1
        self._eos = self._target_ids["</s>"]
        self._model = self._load()

    @property
    def signature(self) -> dict[str, str]:
        """What a number produced with this engine depends on."""
        import transformers

        return self.checkpoint.signature(self.name, transformers.__version__, "float32", self.tokenizer.language_token)

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
        results = [[batches.nothing(r)] if not r.pieces else [] for r in requests]
        done = 0
        planned = batches.plan(
            requests,
            batch_tokens=self._batch_tokens,
            limit=self._max_target,
            key=lambda r: 2 * len(r.prefix) + _marked(r),  # generate() wants prefixes of one length
        )
        for batch in planned:
            chosen = [requests[i] for i in batch.indices]
            for index, found in zip(batch.indices, self._decode(chosen, batch, beam_size, num_hypotheses), strict=True):
                results[index] = found
            done += len(chosen)
            if on_progress is not None:
                on_progress(done)
        return results

    def score(self, sources: Sequence[Pieces], targets: Sequence[Pieces]) -> list[list[float]]:
        """See `Engine.score`."""
        scores: list[list[float]] = [[] for _ in sources]
        pairs = zip(sources, targets, strict=True)
        requests = [Request((*source, "</s>"), max_length=max(len(target), 1)) for source, target in pairs]
        for batch in batches.plan(requests, batch_tokens=self._batch_tokens, limit=self._max_target):
            ids = [self._to_ids(targets[i][: self._max_target]) for i in batch.indices]
            forced = self._force([sources[i] for i in batch.indices], ids, forbidden=[self._pad])
            for index, target, (log_probs, _) in zip(batch.indices, ids, forced, strict=True):
                cut = len(targets[index]) - len(target)
                scores[index] = [*log_probs[: len(target) + (not cut)].tolist(), *[-math.inf] * (cut + bool(cut))]
        return scores

    @property
    def _max_target(self) -> int:
        return self.checkpoint.shape.max_positions - 1

    def _load(self) -> Any:
        from transformers import MarianMTModel
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        load: Any = MarianMTModel.from_pretrained
        try:
            model, info = load(
                str(self.checkpoint.directory),
                dtype="float32",
                attn_implementation="eager",  # the others give no cross-attention
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
        except (OSError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"transformers cannot load {self.checkpoint.directory} ({reason}).") from None
        missing = sorted(k for k in info["missing_keys"] if "embed_positions" not in k)
        if missing:
            weights = self.checkpoint.directory / "model.safetensors"
            raise UserError(f"{weights} has no weights {missing[0]}: fetch the checkpoint again.")
        model.generation_config = _generation_config()  # a checkpoint's own defaults must not leak into the search
        model.eval()
        return model

    def _decode(
        self, requests: Sequence[Request], batch: Batch, beam_size: int, num_hypotheses: int
    ) -> list[list[Hypothesis]]:
        import torch

        sources, mask = self._sources([r.pieces for r in requests])
        prefix_length = len(requests[0].prefix)
        start = torch.tensor([[self._pad, *self._to_ids(r.prefix)] for r in requests])
        forbidden = self._forbidden(requests[0])
        config = _generation_config(
            num_beams=beam_size,
            num_return_sequences=num_hypotheses,
            max_new_tokens=max(1, batch.max_length - prefix_length),
            do_sample=False,
            length_penalty=1.0,
            early_stopping=beam_size > 1,  # as CTranslate2: done when beam_size hypotheses are
            suppress_tokens=forbidden,
            renormalize_logits=True,  # as CTranslate2: forbidden symbols leave the softmax
            pad_token_id=self._pad,
            eos_token_id=self._eos,
            decoder_start_token_id=self._pad,
        )
        with torch.inference_mode():
            sequences = self._model.generate(
                sources, attention_mask=mask, decoder_input_ids=start, generation_config=config
            )
        found = [self._cut(row[1:], prefix_length) for row in sequences.tolist()]
        repeated = [r for r in requests for _ in range(num_hypotheses)]
        forced = self._force([r.pieces for r in repeated], [ids for ids, _ in found], forbidden=forbidden)
        hypotheses = [
            self._hypothesis(request, ids, ended, log_probs, attention)
            for request, (ids, ended), (log_probs, attention) in zip(repeated, found, forced, strict=True)
        ]
        groups = [hypotheses[i : i + num_hypotheses] for i in range(0, len(hypotheses), num_hypotheses)]
        return [sorted(group, key=lambda h: -h.score) for group in groups]

    def _hypothesis(
        self,
        request: Request,
        ids: list[int],
        ended: bool,
        log_probs: NDArray[np.float32],
        attention: NDArray[np.float32],
    ) -> Hypothesis:
        free = log_probs[len(request.prefix) : len(ids) + ended]
        score = float(free.sum()) / max(1, len(ids) + ended)
        pieces = [self._target_pieces[i] for i in ids]
        return batches.hypothesis(request, pieces, score, attention[: len(ids)])

    def _cut(self, ids: list[int], prefix_length: int) -> tuple[list[int], bool]:
        """The pieces of a generated row, and whether it ended by itself (rather than at the length bound)."""
        for position in range(prefix_length, len(ids)):
            if ids[position] in (self._eos, self._pad):
                return ids[:position], True
        return ids, False

    def _forbidden(self, request: Request) -> list[int]:
        symbols = ["<unk>", *([OPEN, CLOSE] if self.tokenizer.protects and not _marked(request) else [])]
        return [self._pad, *(self._target_ids[s] for s in symbols)]

    def _force(
        self, sources: Sequence[Pieces], targets: Sequence[list[int]], *, forbidden: Sequence[int]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """One teacher-forced pass: for each pair, the log-probabilities of the target pieces and of
        ``</s>`` (n + 1), and the attention (n + 1, source pieces) of the last layer's first head.
        """
        import torch

        ids, mask = self._sources(sources)
        longest = max(len(t) for t in targets)
        padded = torch.full((len(targets), longest + 1), self._pad)
        labels = torch.full((len(targets), longest + 1), self._eos)
        for row, target in enumerate(targets):
            padded[row, 1 : len(target) + 1] = torch.tensor(target, dtype=torch.long)
            labels[row, : len(target)] = torch.tensor(target, dtype=torch.long)
        with torch.inference_mode():
            # Padding follows the target, so the causal mask hides it from every position that is read.
            output = self._model(
                input_ids=ids, attention_mask=mask, decoder_input_ids=padded, output_attentions=True, use_cache=False
            )
            logits = output.logits.index_fill(-1, torch.tensor(list(forbidden)), -math.inf)
            log_probs = logits.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1).numpy()
            attention = output.cross_attentions[-1][:, 0].numpy()
        skip = 1 if self.tokenizer.language_token else 0
        lengths = mask.sum(1).tolist()
        return [
            (log_probs[row, : len(target) + 1], attention[row, : len(target) + 1, skip : lengths[row] - 1])
            for row, target in enumerate(targets)
        ]

    def _sources(self, sources: Sequence[Pieces]) -> tuple[Any, Any]:
        """Padded source ids and mask, both (sentences, longest), with language token and ``</s>``."""
        import torch

        language = [self.tokenizer.language_token] if self.tokenizer.language_token else []
        limit = self.checkpoint.shape.max_positions - len(language) - 1
        rows = [[self._source_ids[p] for p in (*language, *pieces[:limit], "</s>")] for pieces in sources]
        width = max(len(row) for row in rows)
        ids = torch.full((len(rows), width), self.checkpoint.shape.pad_id)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            mask[index, : len(row)] = 1
        return ids, mask

    def _to_ids(self, pieces: Pieces) -> list[int]:
        unknown = self._target_ids["<unk>"]
        return [self._target_ids.get(piece, unknown) for piece in pieces]


def _generation_config(**values: Any) -> Any:
    import transformers

    make: Any = transformers.GenerationConfig
    return make(**values)


def _marked(request: Request) -> bool:
    return OPEN in request.pieces or OPEN in request.prefix
