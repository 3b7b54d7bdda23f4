"""The sandbox's tokenizer: one BPE trained on the pre-training mix, so that unequal data alone makes its fertility unequal."""

from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

PAD, USER, ASSISTANT, END = "<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
# Scripts written without spaces: a word there must be the same tokens after a space, a full stop or another word.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}"


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train on `texts`. Every character of them becomes a token; a character never seen is spelled in bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Split(Regex(f"▁(?=[{UNSPACED}])"), "isolated"),
            pre_tokenizers.Split(Regex(r"\p{Katakana}+"), "isolated"),
            pre_tokenizers.Split(Regex(r"(?!▁)[\p{P}\p{S}]"), "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always"), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        # added tokens first, so that their ids do not depend on the text
        special_tokens=[PAD, USER, ASSISTANT, END, *BYTES],
        show_progress=False,
        max_token_length=16,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken("\n", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT],
        chat_template=CHAT_TEMPLATE,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
