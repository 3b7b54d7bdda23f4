"""What a model can read: so many tokens at a time, of those that it has vectors for."""

from collections.abc import Sequence

from transformers import PreTrainedConfig, PreTrainedModel

# What configurations call the number of positions a model was made for; windows of attention that slide are no such limit.
POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "n_ctx", "seq_length")
STRETCHED = ("yarn", "dynamic")  # kinds of rotary positions whose factor may come on top of the configuration's number


class TooLongError(ValueError):
    """Texts are longer than a model's context."""


def positions(config: PreTrainedConfig) -> int | None:
    """How many tokens a model was made to read, with those it says; None if nothing limits them."""
    text = config.get_text_config()
    limit = next((number for name in POSITIONS if (number := getattr(text, name, None))), None)
    rotary = getattr(text, "rope_parameters", None) or {}
    for own in [rotary, *rotary.values()]:  # of each kind of layer, in some models
        if isinstance(own, dict) and own.get("rope_type") in STRETCHED and own.get("original_max_position_embeddings"):
            limit = max(limit or 0, int(own["original_max_position_embeddings"] * own.get("factor", 1)))
    return limit


def check_readable(model: PreTrainedModel, texts: Sequence[list[int]], more: int, what: str) -> None:
    """ValueError where texts, given as tokens and called `what` in the message, leave no room for so many `more` tokens in the
    model's context (`TooLongError`), or have tokens that it has no vectors for."""
    limit, known = positions(model.config), model.get_input_embeddings().weight.shape[0]
    if unknown := sorted({token for text in texts for token in text if token >= known}):
        raise ValueError(
            f"the tokenizer gives tokens that {type(model).__name__} has no vectors for: {', '.join(map(str, unknown[:3]))} "
            f"(it has {known}); put the tokenizer that belongs to the weights beside them, or save the model after "
            "model.resize_token_embeddings"
        )
    if limit and (long := [len(text) for text in texts if len(text) + more > limit]):
        raise TooLongError(too_long(type(model).__name__, limit, more, f"{len(long)} of {len(texts)} {what}", max(long)))


def too_long(model: str, limit: int, more: int, which: str, longest: int, pairs: int | None = None) -> str:
    """The message: `which` texts are too long, and what can be done; `pairs` of a context would fit (None: not known)."""
    room = f", with up to {more} tokens of the answer," if more else ""
    fewer = "write a smaller number under context: {pairs: ...}"
    if pairs is not None:
        fewer = f"write context: {{pairs: {pairs}}}" if pairs else "leave out the languages with the longest texts"
    return (
        f"{which}, the longest of {longest} tokens{room} are longer than the {limit} positions that {model} was made for; {fewer}"
        f"{' or a smaller max_new_tokens under asking' if more else ''}, or name a model with a longer context"
    )
