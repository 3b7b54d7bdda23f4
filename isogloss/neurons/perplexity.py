"""How surprised a model is by text, by language."""

import math
from collections.abc import Iterable

import polars as pl
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from isogloss.asking.reading import larger
from isogloss.models.memory import SCORED, Shape
from isogloss.models.output import only_at
from isogloss.neurons.texts import Text, batches


@torch.inference_mode()
def perplexity(model: PreTrainedModel, texts: dict[str, Iterable[Text]], batch: int) -> pl.DataFrame:
    """Over the scored tokens of texts by language, `batch` at a time: language, tokens, nll (mean, natural logarithm),
    perplexity. ValueError with every language that has none, and where losses are no numbers."""
    words, most = Shape.of(model.config.to_dict()).scored(), SCORED * larger(model)
    rows = []
    for language, own in texts.items():
        total, tokens = 0.0, 0
        for token, _, scored in batches(own, batch, model.device):
            size = max(1, int(most / (token.shape[1] * words)))
            for some, wanted in zip(token.split(size), scored[:, 1:].split(size), strict=True):
                total += _surprise(model, some, wanted)
                tokens += int(wanted.sum())
        if not math.isfinite(total):
            raise ValueError(
                f"losses in {language} are not finite in {model.dtype}; write dtype: float32 (or bfloat16) for the model"
            )
        rows.append((language, tokens, total))
    if missing := [language for language, tokens, _ in rows if not tokens]:
        raise ValueError(f"there is no text in {', '.join(missing)} that is longer than a token; give some")
    schema = {"language": pl.String, "tokens": pl.Int64, "total": pl.Float64}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(nll=pl.col("total") / pl.col("tokens")).drop("total")
    return table.with_columns(perplexity=pl.col("nll").exp())


def _surprise(model: PreTrainedModel, token: torch.Tensor, wanted: torch.Tensor) -> float:
    """Sum over tokens [texts, n], each before one that is `wanted` [texts, n - 1], of minus the logarithm of its probability."""
    row, place = wanted.nonzero(as_tuple=True)
    if not len(row):
        return 0.0
    with only_at(model, row, place):  # logits are large
        logits = model(input_ids=token, use_cache=False).logits[0]
    said = token[row, place + 1].to(logits.device)
    precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return functional.cross_entropy(precise, said, reduction="none").double().sum().item()
