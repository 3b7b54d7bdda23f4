"""What calls cost, by the table data/prices.csv, which is there to be edited."""

import csv
from dataclasses import dataclass
from pathlib import Path

from isogloss.paths import PRICES

COLUMNS = ("prompt_usd", "cached_usd", "completion_usd", "training_usd")
BATCH_SHARE = 0.5  # of the price, for what goes through the Batch interface


@dataclass(frozen=True)
class Price:
    """USD per million tokens: of prompts, of what of them the server had cached, of answers, of training."""

    prompt: float
    cached: float
    completion: float
    training: float | None  # None: the table does not say

    def of(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> float:
        """USD of a call; the cached tokens are among those of the prompt."""
        prompt = (prompt_tokens - cached_tokens) * self.prompt + cached_tokens * self.cached
        return (prompt + completion_tokens * self.completion) / 1e6


def price_of(model: str, table: str | Path = PRICES) -> Price | None:
    """The price of the longest name in the table that `model` begins with; None where there is none: unknown, not nothing.

    Raises ValueError for a row that is not as it should be.
    """
    with Path(table).open(encoding="utf-8", newline="") as file:
        rows = {line: row for line, row in enumerate(csv.DictReader(file), 2) if row["model"] and model.startswith(row["model"])}
    if not rows:
        return None
    line, row = max(rows.items(), key=lambda numbered: len(numbered[1]["model"]))
    try:
        prompt, cached, completion, training = (None if row[column] == "" else float(row[column]) for column in COLUMNS)
    except (TypeError, ValueError):
        raise ValueError(f"{table}, line {line}: prices are numbers (USD per million tokens) or blank") from None
    if prompt is None or completion is None:
        raise ValueError(f"{table}, line {line}: {row['model']} has no price of prompts or answers; write 0 where they are free")
    return Price(prompt, prompt if cached is None else cached, completion, training)


def unpriced(model: str) -> str:
    """What to do about a model without a price."""
    return (
        f"budget_usd cannot be kept: {PRICES} has no price for {model}; add a line to it (USD per million tokens, 0 where it is "
        f"free):\n{model},PROMPT,CACHED,COMPLETION,TRAINING,where you read it,when"
    )
