"""Teaching all lessons: one after the other with PEFT and the Trainer of transformers, or at once."""

import tempfile

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from torch.nn.utils.rnn import pad_sequence
from transformers import PrinterCallback, Trainer, TrainingArguments

from benchmarks.work import SANDBOX, Row, Work, alternate, compared_row
from isogloss.config import Config
from isogloss.models.local import without_adapter
from isogloss.teaching.lora import Progress, examples, teach
from isogloss.teaching.losses import IGNORED, summed_losses
from isogloss.teaching.stacked import stacked

COHORT = Config.model_fields["cohort"].default


def collate(pairs: list[dict]) -> dict[str, torch.Tensor]:
    """A batch of the Trainer, padded on the right."""
    tokens, labels = ([torch.tensor(pair[key]) for pair in pairs] for key in ("input_ids", "labels"))
    return {
        "input_ids": pad_sequence(tokens, batch_first=True),
        "attention_mask": pad_sequence([torch.ones_like(own) for own in tokens], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
    }


def by_trainer(work: Work, lesson, batch: int):
    """A lesson as a user of PEFT and transformers teaches it: the model with its adapter."""
    base, tokenizer = work.loaded
    teaching = work.teaching
    torch.manual_seed(1)
    settings = LoraConfig(r=teaching.rank, lora_alpha=teaching.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(base, settings)
    pairs = [{"input_ids": tokens, "labels": labels} for tokens, labels in examples(lesson, tokenizer)]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=batch,
            num_train_epochs=teaching.epochs,
            learning_rate=teaching.learning_rate,
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=0.0,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            dataloader_pin_memory=False,
            disable_tqdm=True,
            log_level="error",
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=pairs, data_collator=collate)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return model


def one_by_one(work: Work, batch: int) -> list[dict]:
    """Every lesson by the Trainer."""
    adapters = []
    for lesson in work.lessons:
        model = by_trainer(work, lesson, batch)
        adapters.append({name: tensor.detach().clone() for name, tensor in get_peft_model_state_dict(model).items()})
        without_adapter(model)
    return adapters


def at_once(work: Work) -> list[dict]:
    """Every lesson, as many at the same time as by default."""
    adapters: dict[str, dict] = {}
    for first in range(0, len(work.lessons), COHORT):
        together = work.lessons[first : first + COHORT]

        def keep(epoch: int, number: int, progress: Progress, loss: float, together=together) -> None:
            adapters[together[number].name] = progress.adapter

        teach(*work.loaded, together, work.teaching, 1, keep)
    return list(adapters.values())


@torch.no_grad()
def remaining(work: Work, adapters: list[dict]) -> float:
    """Mean loss of every lesson's own pairs after it was taught."""
    base, tokenizer = work.loaded
    pairs = [examples(lesson, tokenizer) for lesson in work.lessons]
    learned = sum(label != IGNORED for own in pairs for _, labels in own for label in labels)
    with stacked(base, adapters, work.teaching.scale):
        return summed_losses(base, pairs, tokenizer.pad_token_id).sum().item() / learned


def run(work: Work) -> list[Row]:
    """A row of the summary at equal batch; the lessons are learned about as well whichever way they are taught."""
    return [compared(work, work.teaching.batch, 2.5 if work.model == SANDBOX else 1.8)]


def run_singly(work: Work) -> list[Row]:
    """A row of the summary beside batch 1."""
    return [compared(work, 1, 8 if work.model == SANDBOX else 4)]


def compared(work: Work, batch: int, target: float) -> Row:
    """Ours beside the Trainer with a batch; RuntimeError if lessons are learned worse than with it."""
    name = f"PEFT and Trainer, a lesson after the other, batch {batch}"
    found = alternate({name: lambda: one_by_one(work, batch), "ours": lambda: at_once(work)}, work.repeats)
    left = {way: remaining(work, own.result) for way, own in found.items()}
    print("mean loss afterwards:", ", ".join(f"{way} {loss:.3f}" for way, loss in left.items()), flush=True)
    if batch == work.teaching.batch and left["ours"] > 1.5 * left[name] + 0.05:
        raise RuntimeError("taught at once, lessons are learned worse than one by one")
    return compared_row(f"teach {len(work.languages)} lessons", found, name, target, lambda: at_once(work))
