"""How surprised a model is by text, by language."""

import math
from collections.abc import Iterable

import polars as pl
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from isogloss.neurons.texts import Text, batches


@torch.inference_mode()
def perplexity(model: PreTrainedModel, texts: dict[str, Iterable[Text]], batch: int) -> pl.DataFrame:
    """Over the scored tokens of texts by language, `batch` at a time: language, tokens, nll (mean, natural logarithm),
    perplexity. ValueError with every language that has none, and where losses are no numbers."""
    rows = []
    for language, own in texts.items():
        total, tokens = 0.0, 0
        for token, _, scored in batches(own, batch, model.device):
            wanted = scored[:, 1:]
            at = wanted.any(dim=0).nonzero()[:, 0]  # logits are large, so only those where a token is scored
            if len(at):
                logits = model(input_ids=token, use_cache=False, logits_to_keep=at).logits[wanted[:, at]]
                losses = functional.cross_entropy(
                    logits.to(torch.promote_types(logits.dtype, torch.float32)),
                    token[:, 1:][wanted].to(logits.device),
                    reduction="none",
                )
                total += losses.double().sum().item()
                tokens += len(losses)
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
