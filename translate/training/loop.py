"""The training loop: AdamW, warm-up and decay, clipping, moving average, logs, checkpoints, early stopping.

What happens at a step depends on the recipe and the step's number alone (batches, dropout, rate), so that a run that
was stopped at any moment and resumed goes on exactly as if it had not been.
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from translate.errors import UserError
from translate.training.average import prune, save_checkpoint
from translate.training.batches import Batch, Batches, Indices
from translate.training.loss import Objective
from translate.training.model import pad_row, parameters
from translate.training.parallel import World
from translate.training.recipe import OptimisationRecipe, ScheduleRecipe
from translate.training.state import Progress, Tensors, load_state, save_state, save_tensors

LOG = "log.jsonl"
BEST = "best.safetensors"
_LOG_EVERY = 50  # updates


@dataclass(frozen=True, slots=True)
class Validation:
    """Of the weights at one moment: mean loss (nats per piece) on validation pairs, and chrF2 where it was computed."""

    nll: float
    chrf: float | None = None

    @property
    def score(self) -> float:
        """Higher is better."""
        return -self.nll if self.chrf is None else self.chrf


Validator = Callable[[Any], Validation]
"""Given the model with the weights to judge."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: the recipe's parts, how often to validate (updates), and what names the run (see `load_state`)."""

    optimisation: OptimisationRecipe
    schedule: ScheduleRecipe
    validate_every: int
    digest: str


def rate(plan: Plan, step: int, fraction: float) -> float:
    """The learning rate of update ``step`` (from 0) when ``fraction`` of the run is over.

    Warm-up is linear; then either linear decay to zero from ``decay_from`` on, or by the inverse square root of the
    updates (Vaswani et al. 2017).
    """
    optimisation, schedule = plan.optimisation, plan.schedule
    warmup = max(1, optimisation.warmup)
    warm = min(1.0, (step + 1) / warmup)
    if schedule.decay == "inverse-sqrt":
        return optimisation.learning_rate * min(warm, math.sqrt(warmup / (step + 1)))
    left = (1 - fraction) / max(1e-9, 1 - schedule.decay_from)
    return optimisation.learning_rate * warm * max(0.0, min(1.0, left))


class Loop:
    """A run in the folder ``out`` (which is made); goes on from the state that is there.

    ``validate`` is called by the leading process only, with the averaged weights in the model if the recipe wants an
    average. Raises UserError for a recipe without an end, or the state of another run.
    """

    def __init__(
        self,
        model: Any,
        batches: Batches,
        plan: Plan,
        out: Path,
        validate: Validator,
        on_log: Callable[[str], None],
        *,
        world: World | None = None,
    ) -> None:
        import torch

        schedule = plan.schedule
        if schedule.epochs is None and schedule.updates is None and schedule.minutes is None:
            raise UserError("the recipe has no end: give schedule.epochs, schedule.updates or schedule.minutes.")
        self._model, self._batches, self._plan, self._out = model, batches, plan, out
        self._validate, self._on_log, self._world = validate, on_log, world or World()
        self._device = next(model.parameters()).device.type
        self._objective = Objective(model, bf16=plan.optimisation.precision == "bfloat16")
        self._loss: Any = torch.compile(self._objective, dynamic=True) if plan.optimisation.compile else self._objective
        self._parameters = list(parameters(model).values())
        self._optimiser = torch.optim.AdamW(
            self._parameters,
            lr=plan.optimisation.learning_rate,
            betas=(0.9, 0.98),
            eps=1e-9,
            weight_decay=plan.optimisation.weight_decay,
            fused=True,
        )
        self._average: Tensors | None = None
        if plan.optimisation.ema:
            self._average = {name: p.detach().clone() for name, p in parameters(model).items()}
        out.mkdir(parents=True, exist_ok=True)
        self._progress = load_state(out, model, self._optimiser, self._average, plan.digest) or Progress()
        self._epoch_length = 0
        self._signal = 0
        self._resumed_at = self._saved_at = self._logged_at = time.monotonic()
        self._spent = self._progress.seconds
        self._logged_tokens = self._progress.tokens
        self._validated = -1

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return self._progress

    def run(self) -> Progress:
        """Trains to the end of the schedule, or until the validation score no longer rises.

        On SIGINT and SIGTERM the state is saved, and then the signal takes its course.
        """
        if self._progress.finished and self._is_over():  # a longer schedule goes on
            return self._progress
        with self._signals():
            reason = self._train()
            if self._world.leads:
                if not self._signal and self._validated != self._progress.step:
                    self._judge()
                self._progress = replace(self._progress, finished=reason, seconds=self._seconds())
                self._save()
        self._objective.close()
        if self._signal:
            signal.raise_signal(self._signal)
        return self._progress

    def _train(self) -> str:
        """Why it ended; empty when a signal stopped it."""
        while True:
            for batch in self._epoch():
                fraction, over, stopped = self._world.agree(self._fraction(), self._is_over(), bool(self._signal))
                if stopped:
                    return ""
                if over:
                    return "patience" if self._out_of_patience() else "schedule"
                self._step(batch, fraction)
            self._progress = replace(self._progress, epoch=self._progress.epoch + 1, position=0)

    def _epoch(self) -> Iterator[Batch]:
        """This process's batches of what is left of the epoch."""
        epoch, world = self._progress.epoch, self._world
        plan = self._batches.plan(epoch)
        if len(plan) < world.size:
            raise UserError(f"{world.size} processes cannot share {len(plan)} batches: lower optimisation.processes.")
        self._epoch_length = len(plan) // world.size * world.size
        positions = range(self._progress.position + world.rank, self._epoch_length, world.size)
        workers = self._plan.optimisation.workers
        if not workers:
            yield from (self._batches.batch(plan[p], epoch, p) for p in positions)
            return
        import torch

        batches: Any = _Collated([plan[p] for p in positions], positions, epoch, self._batches)
        load: Any = torch.utils.data.DataLoader
        yield from load(batches, batch_size=None, num_workers=workers, prefetch_factor=8, collate_fn=_as_it_is)

    def _step(self, batch: Batch, fraction: float) -> None:
        import torch

        plan, progress = self._plan.optimisation, self._progress
        torch.manual_seed((plan.seed * 1_000_003 + progress.step) * 64 + self._world.rank)  # dropout
        loss, aligned = self._loss(batch.to(self._device), smoothing=plan.label_smoothing)
        total = loss if aligned is None or not plan.guided else loss + plan.guided * aligned
        total.backward()
        self._world.average([p.grad for p in self._parameters if p.grad is not None])
        shared = self._model.model.shared.weight
        shared.grad[self._model.config.pad_token_id] = 0  # the output layer is tied to it, and <pad> must stay zero
        torch.nn.utils.clip_grad_norm_(self._parameters, plan.clip)
        learning_rate = rate(self._plan, progress.step, fraction)
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._update_average(progress.step)
        self._progress = replace(
            progress,
            step=progress.step + 1,
            position=progress.position + self._world.size,
            tokens=progress.tokens + batch.tokens * self._world.size,
        )
        if self._world.leads:
            self._after(loss, aligned, learning_rate)

    def _after(self, loss: Any, aligned: Any, learning_rate: float) -> None:
        """Logs, validation and saving, where they are due."""
        step = self._progress.step
        if step % _LOG_EVERY == 0 or step == 1:
            self._log_step(float(loss.detach()), None if aligned is None else float(aligned.detach()), learning_rate)
        if step % self._plan.validate_every == 0:
            self._judge()
        if time.monotonic() - self._saved_at > 60 * self._plan.schedule.checkpoint_minutes:
            self._save()

    def _update_average(self, step: int) -> None:
        if self._average is None:
            return
        import torch

        # Young averages forget faster: they would else consist of the first weights for long.
        decay = min(self._plan.optimisation.ema, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self._average.values()), [p.detach() for p in self._parameters], 1 - decay)

    def _judge(self) -> None:
        """Validates the weights, keeps them as a checkpoint, and as the best if they are."""
        found = self._judged(self._validate)
        progress, step = self._progress, self._progress.step
        self._validated = step
        if progress.best is None or found.score > progress.best:
            self._progress = replace(progress, best=found.score, best_step=step, bad=0)
            save_tensors(self._out / BEST, self._weights())
        else:
            self._progress = replace(progress, bad=progress.bad + 1)
        save_checkpoint(self._out, step, self._weights())
        prune(self._out, self._plan.schedule.keep)
        chrf = {} if found.chrf is None else {"chrF2": round(found.chrf, 3)}
        self._log({"step": step, "tokens": progress.tokens, "valid_nll": round(found.nll, 4), **chrf})

    def _judged(self, validate: Validator) -> Validation:
        import torch

        live = {name: p.detach().clone() for name, p in parameters(self._model).items()}
        self._model.eval()
        try:
            put(self._model, self._weights())
            with torch.no_grad():
                return validate(self._model)
        finally:
            put(self._model, live)
            self._model.train()

    def _weights(self) -> Tensors:
        """The weights that count: the moving average, if there is one."""
        return self._average if self._average is not None else parameters(self._model)

    def _log_step(self, loss: float, aligned: float | None, learning_rate: float) -> None:
        now, tokens = time.monotonic(), self._progress.tokens
        speed = (tokens - self._logged_tokens) / max(1e-9, now - self._logged_at)
        self._logged_at, self._logged_tokens = now, tokens
        row: dict[str, float] = {"step": self._progress.step, "epoch": self._progress.epoch + 1, "tokens": tokens}
        row |= {"tokens_per_second": round(speed), "loss": round(loss, 4)}
        row |= {} if aligned is None else {"align_loss": round(aligned, 4)}
        self._log({**row, "learning_rate": float(f"{learning_rate:.3e}")})

    def _log(self, row: dict[str, float]) -> None:
        line = json.dumps({"minutes": round(self._seconds() / 60, 2), **row})
        with (self._out / LOG).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._on_log(line)

    def _save(self) -> None:
        self._progress = replace(self._progress, seconds=self._seconds())
        save_state(self._out, self._model, self._optimiser, self._average, self._progress, self._plan.digest)
        self._saved_at = time.monotonic()

    def _seconds(self) -> float:
        return self._spent + time.monotonic() - self._resumed_at

    def _fraction(self) -> float:
        """How much of the schedule is over: of the limit that will be reached first, as far as that is known."""
        schedule, progress = self._plan.schedule, self._progress
        parts = [0.0]
        if schedule.updates is not None:
            parts.append(progress.step / schedule.updates)
        if schedule.minutes is not None:
            parts.append(self._seconds() / max(1e-9, 60 * schedule.minutes))
        if schedule.epochs is not None:
            parts.append((progress.epoch + progress.position / max(1, self._epoch_length)) / schedule.epochs)
        return min(1.0, max(parts))

    def _is_over(self) -> bool:
        return self._fraction() >= 1 or self._out_of_patience()

    def _out_of_patience(self) -> bool:
        return 0 < self._plan.schedule.patience <= self._progress.bad

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM are noted and wait for the end of the step."""
        if threading.current_thread() is not threading.main_thread() or not self._world.leads:
            yield
            return

        def note(number: int, _: FrameType | None) -> None:
            self._signal = number

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class _Collated:
    """What PyTorch's worker processes make batches from."""

    plan: list[Indices]
    positions: range
    epoch: int
    batches: Batches

    def __getitem__(self, at: int) -> Batch:
        return self.batches.batch(self.plan[at], self.epoch, self.positions[at])

    def __len__(self) -> int:
        return len(self.plan)


def _as_it_is(batch: Batch) -> Batch:
    return batch


def put(model: Any, weights: Tensors) -> None:
    """Copies weights into the model's trained tensors."""
    import torch

    with torch.no_grad():
        for name, parameter in parameters(model).items():
            parameter.copy_(weights[name])
        pad_row(model).zero_()
