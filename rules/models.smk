# The sandbox: shipped weights checked and put in place, or pre-trained from its recipe.
import json

from isogloss.models.sandbox.manifest import differences, outdated_inputs

SHIPPED = [name for name in plan.sandboxes(settings) if settings.models[name].weights == "shipped"]
REBUILT = [name for name in plan.sandboxes(settings) if settings.models[name].weights == "rebuild"]

if SHIPPED:
    with open(f"{paths.SHIPPED}/manifest.json", encoding="utf-8") as file:
        shipped_manifest = json.load(file)
    for name in SHIPPED:
        if found := differences(shipped_manifest, settings.models[name].recipe.model_dump(), settings.languages):
            raise WorkflowError(
                f"models.{name} cannot use the shipped weights; write weights: rebuild\n  " + "\n  ".join(found)
            )
    if changed := outdated_inputs(shipped_manifest):
        logger.warning(
            f"The shipped sandbox was made before {', '.join(changed)} changed; weights: rebuild makes it anew."
        )


rule sandbox_shipped:
    input:
        ancient(expand("{folder}/{file}", folder=paths.SHIPPED, file=[*paths.MODEL_FILES, "manifest.json"])),
    output:
        expand(paths.MODEL + "/{file}", file=[*paths.MODEL_FILES, "manifest.json"], allow_missing=True),
    wildcard_constraints:
        model=one_of(SHIPPED),
    params:
        version=version("sandbox_shipped"),
    log:
        "results/logs/sandbox_shipped/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_shipped/{model}.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../envs/cpu.yaml"
    message:
        "Check the shipped weights of {wildcards.model} and put them in place"
    script:
        "../workflow/scripts/sandbox_shipped.py"


rule sandbox_corpus:
    input:
        languages=paths.LANGUAGES,
        phrasebooks=expand(paths.PHRASEBOOK, language=settings.languages),
        world=paths.WORLD,
        shares=paths.SHARES,
    output:
        paths.MODEL + "/corpus.parquet",
    wildcard_constraints:
        model=one_of(REBUILT),
    params:
        languages=sorted(settings.languages),
        recipe=lambda wildcards: settings.models[wildcards.model].recipe.model_dump(),
        version=version("sandbox_corpus"),
    log:
        "results/logs/sandbox_corpus/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_corpus/{model}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=20,
    conda:
        "../envs/cpu.yaml"
    message:
        "Write the pre-training corpus of {wildcards.model} in {params.languages}"
    script:
        "../workflow/scripts/sandbox_corpus.py"


rule sandbox_tokenizer:
    input:
        paths.MODEL + "/corpus.parquet",
    output:
        expand(
            paths.MODEL + "/{file}",
            file=["chat_template.jinja", "tokenizer.json", "tokenizer_config.json"],
            allow_missing=True,
        ),
    wildcard_constraints:
        model=one_of(REBUILT),
    params:
        vocabulary=lambda wildcards: settings.models[wildcards.model].recipe.vocabulary,
        version=version("sandbox_tokenizer"),
    log:
        "results/logs/sandbox_tokenizer/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_tokenizer/{model}.tsv"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=20,
    conda:
        "../envs/cpu.yaml"
    message:
        "Train the tokenizer of {wildcards.model}"
    script:
        "../workflow/scripts/sandbox_tokenizer.py"


rule sandbox_pretrain:
    input:
        languages=paths.LANGUAGES,
        phrasebooks=expand(paths.PHRASEBOOK, language=settings.languages),
        world=paths.WORLD,
        shares=paths.SHARES,
        corpus=paths.MODEL + "/corpus.parquet",
        tokenizer=rules.sandbox_tokenizer.output,
    output:
        weights=expand(
            paths.MODEL + "/{file}",
            file=["config.json", "generation_config.json", "model.safetensors"],
            allow_missing=True,
        ),
        manifest=paths.MODEL + "/manifest.json",
    wildcard_constraints:
        model=one_of(REBUILT),
    params:
        languages=sorted(settings.languages),
        recipe=lambda wildcards: settings.models[wildcards.model].recipe.model_dump(),
        version=version("sandbox_pretrain"),
    log:
        "results/logs/sandbox_pretrain/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_pretrain/{model}.tsv"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=360,
    conda:
        "../envs/cpu.yaml"
    message:
        "Pre-train {wildcards.model} (about an hour and a half on two cores with the shipped recipe)"
    script:
        "../workflow/scripts/sandbox_pretrain.py"


# What the sandbox can do, measured.
rule card:
    input:
        manifest=paths.MODEL + "/manifest.json",
        known=expand(
            paths.VERIFICATION,
            knowledge=[key for key, k in settings.knowledge.items() if k.kind == "known"][:1],
            allow_missing=True,
        ),
        new=expand(
            paths.VERIFICATION,
            knowledge=plan.knowledge_of(settings, "transferability")[:1],
            allow_missing=True,
        ),
        cells=expand(
            paths.TRANSFER + "/cells.csv",
            knowledge=plan.knowledge_of(settings, "transferability")[:1],
            setting="fine-tuning",
            allow_missing=True,
        ),
    output:
        paths.MODEL + "/card.md",
    wildcard_constraints:
        model=one_of(plan.sandboxes(settings)),
    params:
        languages=[asdict(LANGUAGES[language]) for language in settings.languages],
        knowledge={key: settings.knowledge[key].model_dump() for key in sorted(settings.knowledge)},
        version=version("card"),
    log:
        "results/logs/card/{model}.log",
    benchmark:
        "results/benchmarks/card/{model}.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../envs/cpu.yaml"
    message:
        "Write down what {wildcards.model} can do"
    script:
        "../workflow/scripts/card.py"


CARDS = [paths.MODEL.format(model=name) + "/card.md" for name in settings.run if name in plan.sandboxes(settings)]
