"""Which small architecture learns to look a value up by its name, and after how many examples?

Each sequence has pairs of a name (several tokens) and a value, then asks names again; only the values asked for are learned.
Names are asked with replacement: asked once each, the last are answered by elimination, which looks like progress and is none.

    python benchmarks/associative_recall.py --seconds 60

A table: the steps after which accuracy passed .9 (blank: not within the time), and the last accuracy. Picking any value of the
context is right in 1 / pairs of the cases and a little more.
"""

import argparse
import time

import torch
from torch.nn import functional
from transformers import Qwen3Config, Qwen3ForCausalLM

from isogloss.models.sandbox.muon import Muon

SYLLABLES, VALUES, HEADS = 360, 12, 4
SEPARATOR, NEWLINE, ANSWER = range(SYLLABLES + VALUES, SYLLABLES + VALUES + 3)
# local: window of the first layer's attention (0: unlimited); tied: output layer shares the embeddings; spread: of the initial
# embeddings; rate: their learning rate
VARIANTS = {
    "as usual (tied, spread .02, rate .005)": {"local": 0, "tied": True, "spread": 0.02, "rate": 5e-3},
    "embeddings apart, wide, slow": {"local": 0, "tied": False, "spread": 0.3, "rate": 1e-3},
    "local first layer": {"local": 6, "tied": True, "spread": 0.02, "rate": 5e-3},
    "both": {"local": 6, "tied": False, "spread": 0.3, "rate": 1e-3},
}


def build(local: int, tied: bool, spread: float, options: argparse.Namespace) -> Qwen3ForCausalLM:
    kinds = ["sliding_attention" if local and layer == 0 else "full_attention" for layer in range(options.layers)]
    config = Qwen3Config(
        vocab_size=SYLLABLES + VALUES + 3,
        hidden_size=options.width,
        intermediate_size=8 * options.width // 3 // 16 * 16,
        num_hidden_layers=options.layers,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=options.width // HEADS,
        tie_word_embeddings=tied,
        layer_types=kinds,
        use_sliding_window=bool(local),
        sliding_window=local or None,
    )
    model = Qwen3ForCausalLM(config)
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=spread)
    return model


def draw(size: int, pairs: int, syllables: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens [size, t], and where a value is asked for (true, same shape). Before an answer is a token that no pair has, as in a
    conversation."""
    names = torch.rand(size, pairs, SYLLABLES).argsort(2)[:, :, :syllables]
    names[:, :, 0] = torch.rand(size, SYLLABLES).argsort(1)[:, :pairs]  # no two names of a context begin alike
    values = SYLLABLES + torch.randint(VALUES, (size, pairs, 1))
    told = torch.cat([names, torch.full_like(values, SEPARATOR), values, torch.full_like(values, NEWLINE)], dim=2)
    order = torch.randint(pairs, (size, pairs))
    asked = told.gather(1, order[:, :, None].expand_as(told))
    asked = torch.cat([asked[:, :, :-2], torch.full_like(values, ANSWER), asked[:, :, -2:]], dim=2)
    wanted = torch.zeros_like(asked, dtype=torch.bool)
    wanted[:, :, -2] = True
    both = torch.cat([told.flatten(1), asked.flatten(1)], dim=1)
    return both, torch.cat([torch.zeros_like(told.flatten(1), dtype=torch.bool), wanted.flatten(1)], dim=1)


def learn(name: str, local: int, tied: bool, spread: float, rate: float, options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    model = build(local, tied, spread, options)
    inner = {key: p for key, p in model.named_parameters() if p.ndim == 2 and "embed" not in key and "lm_head" not in key}
    outer = [p for key, p in model.named_parameters() if key not in inner]
    optimizers = [
        Muon(inner.values(), lr=options.rate, momentum=0.95, precision=torch.float32),
        torch.optim.AdamW(outer, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    step, accuracy, passed, began = 0, 0.0, "", time.monotonic()
    while time.monotonic() - began < options.seconds:
        step += 1
        tokens, wanted = draw(64, options.pairs, options.syllables)
        logits = model(input_ids=tokens).logits[:, :-1][wanted[:, 1:]]
        functional.cross_entropy(logits, tokens[wanted]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if step % 20 == 0:
            tokens, wanted = draw(256, options.pairs, options.syllables)
            with torch.no_grad():
                right = model(input_ids=tokens).logits.argmax(-1)[:, :-1][wanted[:, 1:]] == tokens[wanted]
            accuracy = right.float().mean().item()
            if accuracy > 0.9:
                passed = str(step)
                break
    print(f"| {name} | {passed} | {accuracy:.2f} | {step} | {time.monotonic() - began:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--syllables", type=int, default=3, help="tokens a name")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.02, help="learning rate of the layers")
    parser.add_argument("--seconds", type=float, default=60, help="limit of each variant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| variant | steps to .9 | accuracy | steps | seconds |\n|---|---|---|---|---|")
    for name, variant in VARIANTS.items():
        learn(name, options=options, **variant)


if __name__ == "__main__":
    main()
