"""Pre-training of the sandbox: packed documents with a block-diagonal mask, Muon on matrices, AdamW on the rest."""

import itertools
import math
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
import torch
from torch.nn import functional
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from isogloss.config import SandboxRecipe
from isogloss.models.sandbox.corpus import KINDS
from isogloss.models.sandbox.muon import Muon
from isogloss.models.sandbox.tokenizer import ASSISTANT, END, USER

OPEN_WINDOWS = 64  # first-fit looks back this far, so documents keep roughly the corpus's order


@dataclass
class Packed:
    """Documents packed into windows; every array has shape [windows, window].

    `document` numbers the documents of a window from 1 (0 is padding), `position` restarts at 0 in each, `learned` is 0 for a
    token that is not to be predicted, else 1 + the index of its document's kind in `KINDS`.
    """

    token: np.ndarray
    document: np.ndarray
    position: np.ndarray
    learned: np.ndarray


def encode(corpus: pl.DataFrame, tokenizer: PreTrainedTokenizerFast, window: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the tokens of each document of `corpus`, and which of them are learned (as `Packed.learned`): the answers and their
    ends. A document longer than a window loses its last turns; one whose first turn is too long is empty."""
    user, assistant, end = tokenizer.convert_tokens_to_ids([USER, ASSISTANT, END])
    for batch in corpus.iter_slices(20_000):
        prompts, answers = (
            iter(tokenizer(batch[side].explode().to_list(), add_special_tokens=False)["input_ids"])
            for side in ("prompts", "answers")
        )
        for kind, turns in zip(batch["kind"], batch["prompts"].list.len(), strict=True):
            number = 1 + KINDS.index(kind)
            tokens, learned, full = [], [], False
            for prompt, answer in itertools.islice(zip(prompts, answers, strict=True), turns):
                full = full or len(tokens) + len(prompt) + len(answer) + 3 > window
                if not full:
                    tokens += [user, *prompt, assistant, *answer, end]
                    learned += [0] * (len(prompt) + 2) + [number] * (len(answer) + 1)
            yield tokens, learned


def pack(documents: Iterator[tuple[list[int], list[int]]], window: int, pad: int) -> Packed:
    """Pack documents first-fit; an empty one is left out."""
    closed: list[Packed] = []
    opened: list[tuple[int, list]] = []
    for tokens, learned in documents:
        if not tokens:
            continue
        for i, (room, content) in enumerate(opened):
            if len(tokens) <= room:
                content.append((tokens, learned))
                opened[i] = (room - len(tokens), content)
                break
        else:
            if len(opened) == OPEN_WINDOWS:
                closed.append(_window(opened.pop(0)[1], window, pad))
            opened.append((window - len(tokens), [(tokens, learned)]))
    closed += [_window(content, window, pad) for _, content in opened]
    # a window's arrays are given up as they are stacked, so that the corpus is not there twice
    return Packed(*(np.stack([vars(row).pop(field.name) for row in closed]) for field in fields(Packed)))


def _window(content: list[tuple[list[int], list[int]]], window: int, pad: int) -> Packed:
    """One window of documents, as arrays at once: as lists, those of a whole corpus would fill the memory."""
    row = Packed(np.full(window, pad, np.uint16), *(np.zeros(window, kind) for kind in (np.uint8, np.uint16, np.uint8)))
    start = 0
    for number, (tokens, learned) in enumerate(content, start=1):
        part = slice(start, start + len(tokens))
        row.token[part] = tokens
        row.document[part] = number
        row.position[part] = range(len(tokens))
        row.learned[part] = learned
        start = part.stop
    return row


def build_model(recipe: SandboxRecipe, tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """A Qwen3 of the recipe's size with random weights (fixed by the seed).

    It begins so that it finds out how to look up (see docs/sandbox.md): the first layer adds up what it sees, which is the last
    few tokens, and the others compare like with like.
    """
    torch.manual_seed(recipe.seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=recipe.width,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        head_dim=recipe.width // recipe.heads,
        max_position_embeddings=4096,
        layer_types=["sliding_attention"] + ["full_attention"] * (recipe.layers - 1),
        use_sliding_window=True,
        sliding_window=recipe.local_window,
        tie_word_embeddings=False,
        attn_implementation="sdpa",
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(std=recipe.embedding_spread)
        local, *others = (layer.self_attn for layer in model.model.layers)
        torch.nn.init.orthogonal_(local.v_proj.weight)
        local.o_proj.weight.copy_(local.v_proj.weight.T)
        for attention in others:
            attention.k_proj.weight.copy_(attention.q_proj.weight)
    return model


def schedule(step: int, steps: int) -> float:
    """Factor of the learning rate: a short warm-up, constant, then linear decay over the second half."""
    warm_up = max(1, steps // 50)
    return min(1.0, (step + 1) / warm_up, 2 * (steps - step) / steps)


def local_window_at(step: int, first_steps: int, recipe: SandboxRecipe) -> int:
    """How far the first layer looks back: as in `first_local_window` in the first half of the first phase, then ever farther, and
    from the end of the phase on as in `local_window`."""
    grown = min(1.0, max(0.0, 2 * step / first_steps - 1)) if first_steps else 1.0
    return round(recipe.first_local_window + grown * (recipe.local_window - recipe.first_local_window))


def masks_of(document: torch.Tensor, local_window: int) -> dict[str, torch.Tensor]:
    """Attention masks [b, 1, t, t] (True: may look) of documents [b, t] for either kind of layer: causal, never across documents,
    and in a local one no farther back than its window."""
    same = document[:, None, :, None] == document[:, None, None, :]
    full = same & torch.ones(document.shape[1], document.shape[1], dtype=torch.bool, device=document.device).tril()
    return {"full_attention": full, "sliding_attention": full.triu(1 - local_window)}


def losses(model: Qwen3ForCausalLM, batch: Packed, local_window: int) -> tuple[torch.Tensor, np.ndarray]:
    """Next-token loss of every learned token, and the kind (as `Packed.learned`) of each."""
    token = torch.from_numpy(batch.token.astype(np.int64))
    position = torch.from_numpy(batch.position.astype(np.int64))
    masks = masks_of(torch.from_numpy(batch.document), local_window)
    # a document's first token is never learned, so shifting across documents is harmless
    hidden = model.model(input_ids=token, attention_mask=masks, position_ids=position).last_hidden_state
    kind = batch.learned[:, 1:].flatten()
    keep = torch.from_numpy(kind > 0)
    logits = model.lm_head(hidden[:, :-1].flatten(0, 1)[keep])
    return functional.cross_entropy(logits.float(), token[:, 1:].flatten()[keep], reduction="none"), kind[kind > 0]


def matmul_peak(precision: torch.dtype) -> float:
    """Floating-point operations a second of matrix products on this machine and torch's number of threads, the best within a
    second (or the first, where one takes longer)."""
    size, best, began = 1024, 0.0, time.perf_counter()
    one, two = torch.randn(2, size, size, dtype=precision)
    while not best or time.perf_counter() - began < 1:
        start = time.perf_counter()
        torch.mm(one, two)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def operations(model: Qwen3ForCausalLM, window: int, tokens: int, predicted: int) -> float:
    """Floating-point operations of training on windows with `tokens` tokens (padding included), `predicted` of which reach the
    output layer: 6 a weight and token forward and backward, 12 x window x width a layer and token for attention (Chowdhery et
    al. 2022, appendix B; masked positions are computed too)."""
    weights = sum(p.numel() for name, p in model.model.layers.named_parameters() if p.ndim == 2)
    attention = 12 * model.config.num_hidden_layers * window * model.config.hidden_size
    return tokens * (6 * weights + attention) + predicted * 6 * model.lm_head.weight.numel()


def pretrain(
    corpus: pl.DataFrame, recipe: SandboxRecipe, tokenizer: PreTrainedTokenizerFast, threads: int
) -> tuple[Qwen3ForCausalLM, dict, list[dict]]:
    """Train one pass over `corpus`; returns the model in bfloat16, figures of the whole run and a log of every 50th step."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)  # else threads race to add up the gradients of the positions kept below
    # filling memory that is about to be written takes a tenth of the time
    torch.utils.deterministic.fill_uninitialized_memory = False
    # bfloat16 is several times faster on processors that have instructions for it, and a hundred times slower on the others
    peaks = {precision: matmul_peak(precision) for precision in (torch.bfloat16, torch.float32)}
    precision = max(peaks, key=peaks.get)
    packed = pack(encode(corpus, tokenizer, recipe.window), recipe.window, tokenizer.pad_token_id)
    model = build_model(recipe, tokenizer)
    matrices = [p for name, p in model.model.layers.named_parameters() if p.ndim == 2]
    others = [p for name, p in model.model.named_parameters() if p.ndim != 2 or "embed" in name]
    adamw = {"betas": (0.9, 0.95), "weight_decay": 0.0}
    optimizers = [
        Muon(matrices, lr=recipe.muon_learning_rate, momentum=0.95, precision=precision),
        torch.optim.AdamW(others, lr=recipe.adamw_learning_rate, **adamw),
        torch.optim.AdamW(model.lm_head.parameters(), lr=recipe.output_learning_rate, **adamw),
    ]
    rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
    compiled = shutil.which("c++") or shutil.which("g++") or shutil.which("cl")
    if compiled:
        model.model.forward = torch.compile(model.model.forward)
    else:
        print("no C++ compiler found: training runs without torch.compile, about a tenth slower", flush=True)
    steps = math.ceil(len(packed.token) / recipe.batch)
    first_windows = int(np.searchsorted(packed.document.max(axis=1).astype(np.int64).cumsum(), recipe.first_documents))
    peak, computed, waited = peaks[precision], 0.0, 0.0
    rng = random.Random(recipe.seed)
    log, began, seen = [], time.monotonic(), 0
    for step in range(steps):
        fetching = time.monotonic()
        rows = range(step * recipe.batch, min((step + 1) * recipe.batch, len(packed.token)))
        # the last batch is filled up with earlier windows: one shape compiles once
        rows = [*rows, *(rng.randrange(len(packed.token)) for _ in range(recipe.batch - len(rows)))]
        batch = Packed(packed.token[rows], packed.document[rows], packed.position[rows], packed.learned[rows])
        waited += time.monotonic() - fetching
        computed += operations(model, recipe.window, batch.token.size, int((batch.learned > 0).sum()))
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * schedule(step, steps)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision is torch.bfloat16):
            local_window = local_window_at(step, first_windows // recipe.batch, recipe)
            each, kinds = losses(model, batch, local_window)
        each.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += int((batch.document > 0).sum())
        if step % 50 == 0 or step == steps - 1:
            seconds = time.monotonic() - began
            each = each.detach().numpy()
            by_kind = {KINDS[kind - 1]: round(float(each[kinds == kind].mean()), 4) for kind in sorted(set(kinds.tolist()))}
            log.append({"step": step, "loss": by_kind, "tokens": seen, "seconds": round(seconds, 1)})
            print(
                f"step {step + 1} of {steps}: loss {', '.join(f'{kind} {loss:.3f}' for kind, loss in by_kind.items())}; "
                f"{seen / seconds:,.0f} tokens a second, "
                f"{computed / seconds / peak:.0%} of the peak of matrix products, {waited / seconds:.1%} waiting for data",
                flush=True,
            )
    if compiled:
        del model.model.forward
    training = {
        "parameters": model.num_parameters(),
        "documents": len(corpus),
        "documents_left_out": len(corpus) - int(packed.document.max(axis=1).astype(np.int64).sum()),
        "tokens": seen,
        "steps": steps,
        "threads": threads,
        "precision": str(precision).removeprefix("torch."),
        "compiled": bool(compiled),
        "seconds": log[-1]["seconds"],
        "share_of_matmul_peak": round(computed / log[-1]["seconds"] / peak, 3),
        "matmul_peak_gflops": round(peak / 1e9, 1),
        "share_waiting_for_data": round(waited / log[-1]["seconds"], 4),
    }
    return model.to(torch.bfloat16), training, log
