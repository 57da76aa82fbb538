"""Model cards (``README.md`` beside the weights): what a checkpoint was made from, how, how good it is, what for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from translate.marian.checkpoint import Checkpoint
from translate.training.prepared import RECORD

MANIFEST = "MANIFEST.tsv"

_INTENDED = """\
## Intended use and limits

First drafts of English newsletters and technical articles in Brazilian Portuguese, sentence by sentence, for human
translators to correct. Not for text that nobody reads before it is published. It was trained on technical
documentation: everyday English, names, dates and verse fare worse; several sentences in one input are not what it was
trained for. Spans between `<t>` and `</t>` are kept in English.
"""


def card_of_run(run: Path, checkpoint: Checkpoint) -> str:
    """The card of a checkpoint exported from a training run."""
    recipe, result, record = (_json(run / name) for name in ("recipe.json", "result.json", RECORD))
    return "\n".join(
        [
            "# English → Brazilian Portuguese, MarianMT",
            "",
            _shape(checkpoint, result.get("parameters")),
            "",
            "## Data",
            "",
            *_data(record.get("corpus", {}), Path(str(recipe.get("data.corpus", ""))) / MANIFEST),
            "",
            "## Training",
            "",
            _compute(result),
            "",
            "```yaml",
            *(f"{key}: {json.dumps(value)}" for key, value in recipe.items() if key.startswith(_PRINTED)),
            "```",
            "",
            *_validation(run),
            _INTENDED,
        ]
    )


def card_of_adaptation(report: Mapping[str, Any], checkpoint: Checkpoint) -> str:
    """The card of an adapted checkpoint; ``report`` is what `adapt` reports."""
    base, settings = report["base"], report["settings"]
    generic = report["generic"] if isinstance(report["generic"], str) else ", ".join(report["generic"])
    return "\n".join(
        [
            "# English → Brazilian Portuguese, MarianMT, adapted",
            "",
            _shape(checkpoint, None),
            "",
            f"Made on {report['date']} from the checkpoint `{base['name']}` (hash {base['hash'][:16]}) by "
            "`translate-issue adapt`. The licences of its data are those of that checkpoint's card; to them come the "
            "texts below, which belong to whoever wrote them.",
            "",
            "## Data and training",
            "",
            f"- {report['pairs']} sentence pairs of {', '.join(report['trained_on'])}; "
            f"{report['pairs_with_protected_terms']} of them a second time with their glossary terms protected",
            f"- mixed with {settings['generic_for_each_pair']} generic pairs for each, drawn from "
            f"{report['generic_pairs']} ({generic})",
            f"- left out, because they share text with the tests: {report['pairs_left_out_for_overlap']} pairs",
            f"- {report['updates']} updates ({report['target_tokens']} target pieces, {report['minutes']} minutes on a "
            f"CPU), {report['blend']:.0%} of the way to the weights "
            f"of update {report['best_update']}; learning rate {settings['learning_rate']}, dropout "
            f"{settings['dropout']}, seed {settings['seed']}",
            "",
            "## Scores",
            "",
            f"Tested on {', '.join(report['tested_on'])} ({report['test_items']} segments), and on "
            f"{report['general_sentences']} general sentences; nothing of them was trained on. Markdown stripped, "
            "paired bootstrap.",
            "",
            *_scores(report),
            "",
            _INTENDED,
        ]
    )


def scores_table(report: Mapping[str, Any]) -> list[str]:
    """The scores of an adaptation before and after, as a Markdown table."""
    return list(_scores(report))


_PRINTED = ("model.", "optimisation.", "augmentation.", "schedule.")


def _scores(report: Mapping[str, Any]) -> Iterator[str]:
    yield "| set | metric | before | after | p |"
    yield "| --- | --- | ---: | ---: | ---: |"
    sets = (
        ("held-out issues, with the glossary", "in_domain"),
        ("held-out issues, without", "in_domain_without_glossary"),
        ("general", "general"),
    )
    for label, key in sets:
        for name, s in report[key]["metrics"].items():
            yield f"| {label} | {name} | {s['baseline']:.2f} | {s['system']:.2f} | {s['p_value']:.3f} |"
    for label, key in (("terms kept, with the glossary", "terms"), ("terms kept, without", "terms_without_glossary")):
        before, after = report[key]["before"], report[key]["after"]
        yield f"| {label} | | {before[0]} / {before[1]} | {after[0]} / {after[1]} | |"


def _shape(checkpoint: Checkpoint, parameters: int | None) -> str:
    s = checkpoint.shape
    count = "" if parameters is None else f"{parameters / 1e6:.1f} M parameters: "
    return (
        f"MarianMT, {count}d {s.d_model}, {s.encoder_layers}+{s.decoder_layers} layers, {s.encoder_heads} heads, "
        f"{s.vocab_size - 1} SentencePiece pieces for both languages. Float16 safetensors in the Hugging Face layout; "
        "load it as float32. The last decoder layer's first head is a word alignment (guided alignment)."
    )


def _data(corpus: Mapping[str, Any], manifest: Path) -> Iterator[str]:
    """The sources with their pairs and licences."""
    pairs, sources = corpus.get("pairs", {}), corpus.get("sources", {})
    if not sources:
        yield "The run's record does not say what it was trained on."
        return
    licences = _licences(manifest)
    yield (
        f"{pairs.get('training', 0)} sentence pairs ({pairs.get('weighted', 0)} an epoch, weights counted), human-"
        f"translated unless the source says otherwise; {pairs.get('validation', 0)} set aside for validation. "
        "Left out: " + (", ".join(f"{n} {rule}" for rule, n in corpus.get("dropped", {}).items() if n) or "none") + "."
    )
    yield ""
    yield "| source | pairs | repositories | licence |"
    yield "| --- | ---: | --- | --- |"
    for name, counts in sorted(sources.items(), key=lambda item: -item[1].get("training", 0)):
        repositories, licence = licences.get(name, ("", "not in the manifest"))
        if counts.get("training", 0):
            yield f"| {name} | {counts['training']} | {repositories} | {licence} |"


def _licences(manifest: Path) -> dict[str, tuple[str, str]]:
    """Repositories and licence of each source of a corpus manifest; nothing where there is none."""
    if not manifest.is_file():
        return {}
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["source"]: (row.get("repositories") or "", row.get("licence") or "") for row in rows}


def _compute(result: Mapping[str, Any]) -> str:
    hardware = f"{result.get('processes', 1)} process(es) on a {str(result.get('device', 'cpu')).upper()}"
    return (
        f"{result.get('updates')} updates, {result.get('target_tokens')} target pieces, {result.get('epochs')} epochs, "
        f"{result.get('minutes')} minutes by {hardware}; ended by {result.get('ended')}. The weights are "
        + (
            "the mean of the last checkpoints."
            if result.get("averaged")
            else f"those of update {result.get('best_update')}."
        )
    )


def _validation(run: Path) -> Iterator[str]:
    path = run / "log.jsonl"
    if not path.is_file():
        return
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    judged = [row for row in rows if "valid_nll" in row]
    if not judged:
        return
    best = max(judged, key=lambda row: (row.get("chrF2", 0.0), -row["valid_nll"]))
    chrf = f", chrF2 {best['chrF2']}" if "chrF2" in best else ""
    yield f"Best on the validation pairs at update {best['step']}: loss {best['valid_nll']} nats a piece{chrf}."
    yield ""


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
