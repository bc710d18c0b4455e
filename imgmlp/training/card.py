"""The model card that lies beside a checkpoint, written from what the recipe recorded."""

from ..checkpoints import folder
from ..data.datasets import DatasetSpec
from ..model import MLP

HUB = {"mnist": "ylecun/mnist", "cifar10": "uoft-cs/cifar10"}  # the data sets' names there
LIMITS = {
    "mnist": "It reads single, upright, handwritten digits. A letter, a word or two digits also get a digit for an answer; "
    "the app says of some that they look like nothing it was trained on (`python -m tests.benchmarks.strangers`).",
    "cifar10": "It sees 32x32 pixels and knows ten kinds of things; {wrong:.0%} of its answers are wrong. Anything else also gets "
    "one of the ten for an answer; the app says of some that it looks like nothing it was trained on (`python -m tests.benchmarks.strangers`).",
}


def model_card(spec: DatasetSpec, model: MLP, record: dict) -> str:
    """Markdown with the Hub's YAML header. `record` is what `recipes.pretrain` writes to recipe.json.

    A record whose command has been changed since says so in `since`, a sentence that is added by hand.
    """
    seeds = "\n".join(
        f"| {seed['seed']} | {seed['held_out_accuracy']:.2%} | {seed['test_accuracy']:.2%} | {seed['seconds']} |" for seed in record["seeds"]
    )
    classes = "\n".join(f"| {name} | {accuracy:.1%} |" for name, accuracy in record["test_class_accuracy"].items())
    settings = _table(record["config"])
    command = f"python -m imgmlp pretrain {spec.name} --save DIR{' --large' if record['large'] else ''}"
    if teacher := record["teacher"]:
        who = "the teacher, which learns from the same pictures and is not kept" if "channels" in teacher else "the large network, as it is shipped"
        settings += f"\n\nIt learns what a teacher says; {who}:\n\n{_table(teacher)}"
    begun = ""
    if record["freed"]:
        settings += f"\n\nAfter that, every weight free; then weights below {record['smallest']} were zeroed:\n\n{_table(record['freed'])}"
        kept = sum(int((linear.weight != 0).sum()) for linear in model.linears)
        begun = (
            f" Its first {len(record['config']['convolutions'])} layers were trained as convolutions, which are Linear layers too, then written out as"
            f" matrices and trained on with every weight free; {kept:,} weights are not zero."
        )
    if "since" in record:
        settings += f"\n\n{record['since']}"
    where = "a GPU" if record["config"]["device"] == "cuda" else f"{record['threads']} CPU thread(s)"
    # None for the network that was trained before confidences were scaled.
    scaled = f", after its logits were divided by {record['temperature']:.3f}, fitted on the held-out pictures" if record["temperature"] else ""
    choice = f" Its seed was chosen on {record['held_out']:,} held-out training pictures." if len(record["seeds"]) > 1 else ""
    spread = ""
    if record["test_stdev"] is not None:
        spread = f" Test, mean and standard deviation over the seeds: {record['test_mean']:.2%} and {record['test_stdev']:.2%}."
    return f"""---
license: mit
library_name: pytorch
tags: [image-classification, mlp]
datasets: [{HUB[spec.name]}]
---
# {spec.title} by a plain MLP, {"-".join(map(str, model.widths))}

Flatten, Linear layers, ReLU between them: {model.parameter_count:,} parameters, one forward pass.{begun}
**{record['test_accuracy']:.2%}** of the official test set.{choice}

```python
from imgmlp.model import MLP
model = MLP.from_pretrained("checkpoints/{folder(spec.name, record["large"]).name}")
probabilities = model(model.normalise(images)).softmax(1)  # images: (N, {', '.join(map(str, spec.shape))}) float in 0..1
```

## Recipe
`{command}` (torch {record['torch']}, {where})

{settings}

Official training set less {record['held_out']:,} held-out pictures; no other data, no test-time tricks.

## Seeds
As they ended, before confidences were scaled and weights rounded to what is stored.

| seed | held-out | test | seconds |
|---|---|---|---|
{seeds}

Seed {record['chosen_seed']} ships.{spread}

## Test accuracy by class
| class | right |
|---|---|
{classes}

Calibration: expected calibration error (15 bins) {record['test_ece']:.2%}{scaled}.

## Limits
{LIMITS[spec.name].format(wrong=1 - record["test_accuracy"])}
"""


def _table(settings: dict) -> str:
    rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items() if name not in ("seed", "device"))
    return f"| setting | value |\n|---|---|\n{rows}"
