"""What several tests share."""

from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from isogloss.config import Remote
from isogloss.knowledge.phrasebook import read_phrasebook
from isogloss.knowledge.world import World
from isogloss.languages import read_languages
from isogloss.remote import chat
from isogloss.remote.records import Request

ROOT = Path(__file__).parent.parent

# The same examples every time: what fails, fails again.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    """The library's paths are relative to the project."""
    monkeypatch.chdir(ROOT)


SECRET = "sk-nobody-may-see-this"


def endpoint(server, **changes) -> Remote:
    """A model behind a fake server, whose key is in TEST_KEY."""
    entry = {"provider": "openai", "name": "tiny", "base_url": server.base_url, "key": "TEST_KEY", "timeout": 5, "attempts": 4}
    return Remote.model_validate(entry | changes)


def ask(text: str, **changes) -> Request:
    """A question to it."""
    return Request(**{"messages": [{"role": "user", "content": text}], "max_tokens": 50} | changes)


@pytest.fixture
def quick_calls(monkeypatch):
    """Calls that fail are made again at once, with a key in TEST_KEY."""
    monkeypatch.setattr(chat, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(chat, "POLL", 0.01)
    monkeypatch.setenv("TEST_KEY", SECRET)


@pytest.fixture(scope="session")
def languages():
    return read_languages(ROOT / "data/languages.csv")


@pytest.fixture(scope="session")
def books(languages):
    return {code: read_phrasebook(ROOT / f"data/phrasebook/{code}.yaml") for code in languages}


@pytest.fixture(scope="session")
def world():
    return World(ROOT / "data/world")


@pytest.fixture
def raw_config():
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tiny():
    """A random Llama and a tokenizer, small enough for float64."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from isogloss.models.sandbox.tokenizer import train_tokenizer

    text = ["What is the market day of the place called Karumo? Monday", "¿Qué día es? lunes", "月曜日", "Понедельник"]
    tokenizer = train_tokenizer(text * 20, 512)
    torch.manual_seed(0)
    settings = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=True,
        initializer_range=0.2,  # with the usual 0.02 so narrow a model cannot be sure of anything
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(settings).double().requires_grad_(False).eval(), tokenizer
