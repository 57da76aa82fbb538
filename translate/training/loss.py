"""What training minimises: label-smoothed cross-entropy, and guided alignment of one attention head."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

Tensor = Any  # torch.Tensor: torch is imported only when something is computed


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A batch on its device: ``source`` (B, S), ``decoder`` and ``labels`` (B, T), int64, padded with ``<pad>``.

    ``guide`` (B, T, S), float32: for each aligned target piece the distribution over the source pieces that it should
    attend to; rows of zeros for the others. None where no pair is aligned.
    """

    source: Tensor
    decoder: Tensor
    labels: Tensor
    guide: Tensor | None


class Objective:
    """The loss of a MarianMT model.

    Guided alignment (Chen et al. 2016; Garg et al. 2019): the cross-entropy between the word alignment and the
    attention of the last decoder layer's first head, the one that CTranslate2 returns. That head is computed again
    from its inputs, caught by a hook: no attention of any other head has to be kept.
    """

    def __init__(self, model: Any, *, bf16: bool) -> None:
        self._model = model
        self._attention = model.model.decoder.layers[-1].encoder_attn
        self._inputs: dict[str, Tensor] = {}
        self._bf16 = bf16
        self._pad = int(model.config.pad_token_id)
        self._width = model.config.d_model // model.config.decoder_attention_heads
        self._hook = self._attention.register_forward_pre_hook(self._catch, with_kwargs=True)

    def close(self) -> None:
        """Takes the hook off the model."""
        self._hook.remove()

    def __call__(self, batch: TensorBatch, *, smoothing: float) -> tuple[Tensor, Tensor | None]:
        """Mean loss per target piece (nats), and mean alignment loss per aligned piece; None without a guide."""
        from torch.nn import functional

        model = self._model
        mask = (batch.source != self._pad).long()
        with self._precision(batch):
            hidden = self._hidden(batch, mask)
            real = batch.labels != self._pad
            # The output layer is the widest of all: only for pieces that count.
            logits = hidden[real] @ model.lm_head.weight.T + model.final_logits_bias[0].to(hidden.dtype)
            loss = functional.cross_entropy(logits.float(), batch.labels[real], label_smoothing=smoothing)
            aligned = None if batch.guide is None else self._alignment(batch.guide, mask)
        return loss, aligned

    def _hidden(self, batch: TensorBatch, mask: Tensor) -> Tensor:
        return self._model.model(
            input_ids=batch.source, attention_mask=mask, decoder_input_ids=batch.decoder, use_cache=False
        )[0]

    def _precision(self, batch: TensorBatch) -> Any:
        import torch

        return torch.autocast(batch.source.device.type, dtype=torch.bfloat16) if self._bf16 else nullcontext()

    def attention(self, batch: TensorBatch) -> Tensor:
        """What the guided head attends to: probabilities (B, T, S), teacher-forced."""
        mask = (batch.source != self._pad).long()
        with self._precision(batch):
            self._hidden(batch, mask)
            return self._log_attention(mask).float().exp()

    def _alignment(self, guide: Tensor, mask: Tensor) -> Tensor:
        return -(guide * self._log_attention(mask)).sum() / guide.sum().clamp(min=1)

    def _log_attention(self, mask: Tensor) -> Tensor:
        from torch.nn import functional

        head, attention = slice(0, self._width), self._attention
        q = functional.linear(self._inputs["q"], attention.q_proj.weight[head], attention.q_proj.bias[head])
        k = functional.linear(self._inputs["k"], attention.k_proj.weight[head], attention.k_proj.bias[head])
        scores = (q.float() @ k.float().transpose(1, 2)) / math.sqrt(self._width)
        return scores.masked_fill(mask[:, None, :] == 0, -1e4).log_softmax(-1)

    def _catch(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._inputs["q"] = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
        self._inputs["k"] = kwargs["key_value_states"] if "key_value_states" in kwargs else args[1]
