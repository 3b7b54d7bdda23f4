"""Ways of reading, tried out on a model: what a configuration says of a model is not always so."""

import torch
from transformers import PreTrainedModel

from isogloss.asking.reading import UNREADABLE, Reading, batches, readable

PROBED = 8  # tokens with which a way of reading is tried out
ROUNDING = 0.1  # how far logits may be apart, as a share of the largest


@torch.no_grad()
def try_out(model: PreTrainedModel) -> None:
    """Read two prompts that begin alike in one tree, and each by itself as transformers does: if the logits differ by more than
    rounding, the model is not `readable` from now on, whatever its configuration says."""
    known = model.get_input_embeddings().weight.shape[0]
    tokens = [(7919 * i) % known for i in range(1, 3 * PROBED)]
    if not readable(model):
        model(input_ids=torch.tensor([tokens[:PROBED]], device=model.device))  # some change their own weights the first time
        return
    prompts = [tokens[: 2 * PROBED], tokens[:PROBED] + tokens[2 * PROBED :]]
    try:
        (batch,) = batches({i: prompt[:-1] for i, prompt in enumerate(prompts)}, 2, model.config.get_text_config().hidden_size)
        reading = Reading(model, batch, 1)
        order = reading.places.flatten().tolist()
        numbers = [number for tree in batch for number in tree.prompts]
        last = torch.tensor([prompts[numbers[i]][-1] for i in order], device=model.device)
        found = reading.read(last.view(*reading.places.shape, 1)).flatten(0, 2)
    except (RuntimeError, TypeError, IndexError, AttributeError) as error:
        alike = False
        print(f"{type(model).__name__} cannot read prompts in trees: {error}", flush=True)
    else:
        alone = torch.cat(
            [model(input_ids=torch.tensor([prompts[numbers[i]]], device=model.device)).logits[:, -1] for i in order]
        )
        alike = close(found, alone)
    if not alike:
        UNREADABLE.add(model)
        print(f"{type(model).__name__} reads prompts of one length at a time", flush=True)


def close(some: torch.Tensor, others: torch.Tensor) -> bool:
    """Whether logits [..., vocabulary] differ by no more than rounding."""
    some, others = some.float(), others.float()
    return bool(((some - others).abs() <= ROUNDING * others.abs().amax(dim=-1, keepdim=True)).all())
