"""Pre-training of the sandbox: packed documents with a block-diagonal mask, Muon on matrices, AdamW on the rest."""

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
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from isogloss.config import SandboxRecipe
from isogloss.models.sandbox.muon import Muon
from isogloss.models.sandbox.tokenizer import ASSISTANT, END, USER

OPEN_WINDOWS = 64  # first-fit looks back this far, so documents keep roughly the corpus's order
LOSS_WEIGHTS = 255  # loss weights are stored as bytes
# A fifth of the prompt tokens, weighing five times as much, have the same expected gradient and spare most of the output
# layer's work.
SAMPLED_PROMPT = 0.2


@dataclass
class Packed:
    """Documents packed into windows; every array has shape [windows, window].

    `document` numbers the documents of a window from 1 (0 is padding), `position` restarts at 0 in each, `weight` is the loss
    weight (times `LOSS_WEIGHTS`) of predicting that token.
    """

    token: np.ndarray
    document: np.ndarray
    position: np.ndarray
    weight: np.ndarray


def encode(
    corpus: pl.DataFrame, tokenizer: PreTrainedTokenizerFast, recipe: SandboxRecipe
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the tokens and byte weights of each document of `corpus`."""
    user, assistant, end = tokenizer.convert_tokens_to_ids([USER, ASSISTANT, END])
    low = round(recipe.question_weight / SAMPLED_PROMPT * LOSS_WEIGHTS)
    rng = random.Random(recipe.seed)
    for batch in corpus.iter_slices(20_000):
        prompts = tokenizer(batch["prompt"].to_list(), add_special_tokens=False)["input_ids"]
        answers = tokenizer(batch["answer"].to_list(), add_special_tokens=False)["input_ids"]
        for prompt, answer in zip(prompts, answers, strict=True):
            yield (
                [user, *prompt, assistant, *answer, end],
                [
                    0,
                    *(low if rng.random() < SAMPLED_PROMPT else 0 for _ in prompt),
                    0,
                    *[LOSS_WEIGHTS] * (len(answer) + 1),
                ],
            )


def pack(documents: Iterator[tuple[list[int], list[int]]], window: int, pad: int) -> Packed:
    """Pack documents first-fit; one longer than a window is dropped."""
    closed: list[Packed] = []
    opened: list[tuple[int, list]] = []
    for tokens, weights in documents:
        if len(tokens) > window:
            continue
        for i, (room, content) in enumerate(opened):
            if len(tokens) <= room:
                content.append((tokens, weights))
                opened[i] = (room - len(tokens), content)
                break
        else:
            if len(opened) == OPEN_WINDOWS:
                closed.append(_window(opened.pop(0)[1], window, pad))
            opened.append((window - len(tokens), [(tokens, weights)]))
    closed += [_window(content, window, pad) for _, content in opened]
    # a window's arrays are given up as they are stacked, so that the corpus is not there twice
    return Packed(*(np.stack([vars(row).pop(field.name) for row in closed]) for field in fields(Packed)))


def _window(content: list[tuple[list[int], list[int]]], window: int, pad: int) -> Packed:
    """One window of documents, as arrays at once: as lists, those of a whole corpus would fill the memory."""
    row = Packed(np.full(window, pad, np.uint16), *(np.zeros(window, kind) for kind in (np.uint8, np.uint16, np.uint8)))
    start = 0
    for number, (tokens, weights) in enumerate(content, start=1):
        part = slice(start, start + len(tokens))
        row.token[part] = tokens
        row.document[part] = number
        row.position[part] = range(len(tokens))
        row.weight[part] = weights
        start = part.stop
    return row


def build_model(recipe: SandboxRecipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama of the recipe's size with random weights (fixed by the seed)."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.width,
        intermediate_size=recipe.feed_forward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        attn_implementation="sdpa",
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def schedule(step: int, steps: int) -> float:
    """Factor of the learning rate: a short warm-up, constant, then linear decay over the second half."""
    warm_up = max(1, steps // 50)
    return min(1.0, (step + 1) / warm_up, 2 * (steps - step) / steps)


def mask_of(document: torch.Tensor) -> torch.Tensor:
    """Attention mask [b, 1, t, t] (True: may look) of documents [b, t]: causal, and never across documents."""
    same = document[:, None, :, None] == document[:, None, None, :]
    return same & torch.ones(document.shape[1], document.shape[1], dtype=torch.bool, device=document.device).tril()


def weighted_loss(model: LlamaForCausalLM, batch: Packed) -> torch.Tensor:
    """Mean of the next-token loss over weighted tokens."""
    token = torch.from_numpy(batch.token.astype(np.int64))
    document = torch.from_numpy(batch.document)
    position = torch.from_numpy(batch.position.astype(np.int64))
    weight = torch.from_numpy(batch.weight)[:, 1:].flatten().float() / LOSS_WEIGHTS
    # a first token is predicted by no earlier one of its own document, and weighs 0, so shifting across documents is harmless
    hidden = model.model(input_ids=token, attention_mask=mask_of(document), position_ids=position).last_hidden_state
    keep = weight > 0
    logits = model.lm_head(hidden[:, :-1].flatten(0, 1)[keep])
    losses = functional.cross_entropy(logits.float(), token[:, 1:].flatten()[keep], reduction="none")
    return (losses * weight[keep]).sum() / weight[keep].sum()


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


def operations(model: LlamaForCausalLM, window: int, tokens: int, predicted: int) -> float:
    """Floating-point operations of training on windows with `tokens` tokens (padding included), `predicted` of which reach the
    output layer: 6 a weight and token forward and backward, 12 x window x width a layer and token for attention (Chowdhery et
    al. 2022, appendix B; masked positions are computed too)."""
    weights = sum(p.numel() for name, p in model.model.layers.named_parameters() if p.ndim == 2)
    attention = 12 * model.config.num_hidden_layers * window * model.config.hidden_size
    return tokens * (6 * weights + attention) + predicted * 6 * model.lm_head.weight.numel()


def pretrain(
    corpus: pl.DataFrame, recipe: SandboxRecipe, tokenizer: PreTrainedTokenizerFast, threads: int
) -> tuple[LlamaForCausalLM, dict, list[dict]]:
    """Train one pass over `corpus`; returns the model in bfloat16, figures of the whole run and a log of every 50th step."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)  # else threads race to add up the gradients of the positions kept below
    # bfloat16 is several times faster on processors that have instructions for it, and a hundred times slower on the others
    peaks = {precision: matmul_peak(precision) for precision in (torch.bfloat16, torch.float32)}
    precision = max(peaks, key=peaks.get)
    packed = pack(encode(corpus, tokenizer, recipe), recipe.window, tokenizer.pad_token_id)
    model = build_model(recipe, tokenizer)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    optimizers = [
        Muon(matrices, lr=recipe.muon_learning_rate, momentum=0.95, precision=precision),
        torch.optim.AdamW(others, lr=recipe.adamw_learning_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    rates = [recipe.muon_learning_rate, recipe.adamw_learning_rate]
    compiled = shutil.which("c++") or shutil.which("g++") or shutil.which("cl")
    if compiled:
        model.model.forward = torch.compile(model.model.forward)
    else:
        print("no C++ compiler found: training runs without torch.compile, about a tenth slower", flush=True)
    steps = math.ceil(len(packed.token) / recipe.batch)
    peak, computed, waited = peaks[precision], 0.0, 0.0
    rng = random.Random(recipe.seed)
    log, began, seen = [], time.monotonic(), 0
    for step in range(steps):
        fetching = time.monotonic()
        rows = range(step * recipe.batch, min((step + 1) * recipe.batch, len(packed.token)))
        # the last batch is filled up with earlier windows: one shape compiles once
        rows = [*rows, *(rng.randrange(len(packed.token)) for _ in range(recipe.batch - len(rows)))]
        batch = Packed(packed.token[rows], packed.document[rows], packed.position[rows], packed.weight[rows])
        waited += time.monotonic() - fetching
        computed += operations(model, recipe.window, batch.token.size, int((batch.weight[:, 1:] > 0).sum()))
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * schedule(step, steps)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision is torch.bfloat16):
            loss = weighted_loss(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen += int((batch.document > 0).sum())
        if step % 50 == 0 or step == steps - 1:
            seconds = time.monotonic() - began
            log.append({"step": step, "loss": round(loss.item(), 4), "tokens": seen, "seconds": round(seconds, 1)})
            print(
                f"step {step + 1} of {steps}: loss {log[-1]['loss']:.3f}, {seen / seconds:,.0f} tokens a second, "
                f"{computed / seconds / peak:.0%} of the peak of matrix products, {waited / seconds:.1%} waiting for data",
                flush=True,
            )
    if compiled:
        del model.model.forward
    training = {
        "parameters": model.num_parameters(),
        "documents": len(corpus),
        "documents_longer_than_a_window": len(corpus) - int(packed.document.max(axis=1).astype(np.int64).sum()),
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
