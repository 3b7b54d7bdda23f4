"""Exams held of a model in which something works differently."""

import polars as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from isogloss.asking.exams import PLAIN, apart, together
from isogloss.asking.holding import hold
from isogloss.config import Asking
from isogloss.neurons.interventions import NeuronIntervention, Steering, intervened


def hold_changed(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    exams: dict[str, pl.DataFrame],
    asking: Asking,
    change: NeuronIntervention | Steering,
    prompt: str = PLAIN,
) -> dict[str, pl.DataFrame]:
    """As `isogloss.asking.holding.hold_untaught`, while the change lasts; where it depends on the language asked in, one language
    after the other."""
    exam = together(exams)
    if isinstance(change, NeuronIntervention):
        with intervened(model, change):
            (held,) = hold(model, tokenizer, exam, asking, prompt=prompt)
        return apart(held, exams)
    parts = []
    for (code,), part in exam.with_row_index("place").group_by("asked_in", maintain_order=True):
        with intervened(model, change, code):
            parts += hold(model, tokenizer, part, asking, prompt=prompt)
    return apart(pl.concat(parts).sort("place").drop("place"), exams)
