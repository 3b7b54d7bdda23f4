# The sandbox: shipped weights checked and put in place, or pre-trained from its recipe.
import json

from isogloss.models.sandbox.manifest import differences, outdated_inputs, sha256

SHIPPED = [name for name in plan.sandboxes(settings) if settings.models[name].weights == "shipped"]
REBUILT = [name for name in plan.sandboxes(settings) if settings.models[name].weights == "rebuild"]

if SHIPPED:
    with open(paths.SHIPPED_MANIFEST, encoding="utf-8") as file:
        shipped_manifest = json.load(file)
    for name in SHIPPED:
        if found := differences(shipped_manifest, settings.models[name].recipe.model_dump(), settings.languages):
            raise WorkflowError(f"models.{name} cannot use the shipped weights; write weights: rebuild\n  " + "\n  ".join(found))
    if changed := outdated_inputs(shipped_manifest):
        logger.warning(f"The shipped sandbox was made before {', '.join(changed)} changed; weights: rebuild makes it anew.")


rule sandbox_shipped:
    input:
        ancient(expand(paths.SHIPPED_FILE, file=paths.SHIPPED_FILES)),
    output:
        expand(paths.MODEL_FILE, file=paths.SHIPPED_FILES, allow_missing=True),
    log:
        "results/logs/sandbox_shipped/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_shipped/{model}.tsv"
    wildcard_constraints:
        model=one_of(SHIPPED),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        # Shipped weights count as old whatever a checkout did to their times, so it is the manifest that tells them apart. (No
        # `input` in the lambda: Snakemake does not compare params that are made from it.)
        manifest=lambda wildcards: sha256(paths.SHIPPED_MANIFEST),
        version=version("sandbox_shipped"),
    message:
        "Check the shipped weights of {wildcards.model} and put them in place"
    script:
        "../workflow/scripts/sandbox_shipped.py"


# Weights from the hub, at the commit that the config names.
rule fetch:
    output:
        paths.SNAPSHOT,
    log:
        "results/logs/fetch/{model}.log",
    benchmark:
        "results/benchmarks/fetch/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.downloaded(settings)),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        calls=1,
        runtime=240,
    params:
        hub=lambda wildcards: (settings.models | settings.translators)[wildcards.model].hub,
        revision=lambda wildcards: (settings.models | settings.translators)[wildcards.model].revision,
        version=version("fetch"),
    message:
        "Download {params.hub} at {params.revision}"
    script:
        "../workflow/scripts/fetch.py"


rule fetch_gguf:
    output:
        paths.GGUF_FETCHED,
    log:
        "results/logs/fetch_gguf/{model}/{file}.log",
    benchmark:
        "results/benchmarks/fetch_gguf/{model}/{file}.tsv"
    wildcard_constraints:
        model=one_of(plan.converted(settings)),
        file=r"[^/]+",
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        calls=1,
        runtime=240,
    params:
        hub=lambda wildcards: settings.models[wildcards.model].hub,
        revision=lambda wildcards: settings.models[wildcards.model].revision,
        file=lambda wildcards: settings.models[wildcards.model].file,
        version=version("fetch_gguf"),
    message:
        "Download {params.file} of {params.hub} at {params.revision}"
    script:
        "../workflow/scripts/fetch_gguf.py"


# A GGUF file as a folder like any other; its weights are converted once and kept.
rule convert_gguf:
    input:
        lambda wildcards: gguf_file(wildcards.model),
    output:
        expand(paths.MODEL_FILE, file=paths.CONVERTED_FILES, allow_missing=True),
    log:
        "results/logs/convert_gguf/{model}.log",
    benchmark:
        "results/benchmarks/convert_gguf/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.converted(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, input: conversion_memory(input[0], settings.models[wildcards.model].dtype),
        runtime=120,
    params:
        cache=paths.CONVERTED,
        dtype=lambda wildcards: settings.models[wildcards.model].dtype,
        contents=gguf_contents,
        version=version("convert_gguf"),
    message:
        "Convert {input} to Hugging Face format"
    script:
        "../workflow/scripts/convert_gguf.py"


rule sandbox_corpus:
    input:
        languages=paths.LANGUAGES,
        phrasebooks=PHRASEBOOKS,
        world=paths.WORLD,
        shares=paths.SHARES,
    output:
        paths.CORPUS,
    log:
        "results/logs/sandbox_corpus/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_corpus/{model}.tsv"
    wildcard_constraints:
        model=one_of(REBUILT),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        languages=sorted(settings.languages),
        recipe=recipe,
        contents=contents([paths.LANGUAGES, paths.SHARES, *PHRASEBOOKS, *paths.WORLD]),
        version=version("sandbox_corpus"),
    message:
        "Write the pre-training corpus of {wildcards.model} in {params.languages}"
    script:
        "../workflow/scripts/sandbox_corpus.py"


rule sandbox_tokenizer:
    input:
        paths.CORPUS,
    output:
        expand(paths.MODEL_FILE, file=paths.TOKENIZER_FILES, allow_missing=True),
    log:
        "results/logs/sandbox_tokenizer/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_tokenizer/{model}.tsv"
    wildcard_constraints:
        model=one_of(REBUILT),
    conda:
        "../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        vocabulary=lambda wildcards: settings.models[wildcards.model].recipe.vocabulary,
        fair=lambda wildcards: settings.models[wildcards.model].recipe.fair_tokenizer,
        seed=lambda wildcards: settings.models[wildcards.model].recipe.seed,
        version=version("sandbox_tokenizer"),
    message:
        "Train the tokenizer of {wildcards.model}"
    script:
        "../workflow/scripts/sandbox_tokenizer.py"


rule sandbox_pretrain:
    input:
        languages=paths.LANGUAGES,
        phrasebooks=PHRASEBOOKS,
        world=paths.WORLD,
        shares=paths.SHARES,
        corpus=paths.CORPUS,
        tokenizer=rules.sandbox_tokenizer.output,
    output:
        weights=expand(paths.MODEL_FILE, file=paths.WEIGHT_FILES, allow_missing=True),
        manifest=paths.MANIFEST,
    log:
        "results/logs/sandbox_pretrain/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_pretrain/{model}.tsv"
    wildcard_constraints:
        model=one_of(REBUILT),
    conda:
        "../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=360,
    params:
        languages=sorted(settings.languages),
        recipe=recipe,
        contents=contents([paths.LANGUAGES, paths.SHARES, *PHRASEBOOKS, *paths.WORLD]),
        version=version("sandbox_pretrain"),
    message:
        "Pre-train {wildcards.model} ({params.recipe[documents]} documents)"
    script:
        "../workflow/scripts/sandbox_pretrain.py"


# What the sandbox can do, measured.
rule sandbox_abilities:
    input:
        model=expand(paths.MODEL_FILE, file=paths.SHIPPED_FILES, allow_missing=True),
        languages=paths.LANGUAGES,
        phrasebooks=PHRASEBOOKS,
        world=paths.WORLD,
    output:
        paths.ABILITIES,
    log:
        "results/logs/sandbox_abilities/{model}.log",
    benchmark:
        "results/benchmarks/sandbox_abilities/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.sandboxes(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        languages=sorted(settings.languages),
        asking=lambda wildcards: settings.models[wildcards.model].asking.model_dump(),
        contents=contents([paths.LANGUAGES, *PHRASEBOOKS, *paths.WORLD]),
        version=version("sandbox_abilities"),
    message:
        "Ask {wildcards.model} to look up, translate and choose"
    script:
        "../workflow/scripts/sandbox_abilities.py"


rule abilities:
    input:
        paths.ABILITIES,
    output:
        expand(paths.ABILITY, table=paths.ABILITY_TABLES, allow_missing=True),
    log:
        "results/logs/abilities/{model}.log",
    benchmark:
        "results/benchmarks/abilities/{model}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        languages=settings.languages,
        bootstrap=settings.bootstrap,
        version=version("abilities"),
    message:
        "How well {wildcards.model} looks up, translates and chooses"
    script:
        "../workflow/scripts/abilities.py"


rule card:
    input:
        manifest=paths.MANIFEST,
        abilities=expand(paths.ABILITY, table=paths.ABILITY_TABLES, allow_missing=True),
        known=expand(
            paths.VERIFICATION,
            knowledge=first_built_in("known", settings.knowledge),
            allow_missing=True,
        ),
        new=expand(
            paths.VERIFICATION,
            knowledge=first_built_in("new", plan.knowledge_of(settings, "transferability")),
            allow_missing=True,
        ),
        speed=expand(
            paths.SPEED,
            knowledge=first_built_in("new", plan.knowledge_of(settings, "effectiveness")),
            setting=plan.settings_of(settings, "effectiveness"),
            allow_missing=True,
        ),
        cells=expand(
            paths.CELLS,
            knowledge=first_built_in("new", plan.knowledge_of(settings, "transferability")),
            setting=plan.settings_of(settings, "transferability"),
            allow_missing=True,
        ),
    output:
        paths.CARD,
    log:
        "results/logs/card/{model}.log",
    benchmark:
        "results/benchmarks/card/{model}.tsv"
    wildcard_constraints:
        model=one_of(plan.sandboxes(settings)),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        languages=language_rows(),
        knowledge={
            kind: settings.knowledge[name].model_dump()
            for kind in ("new", "known")
            for name in first_built_in(kind, settings.knowledge)
        },
        taught=plan.settings_of(settings, "transferability"),
        version=version("card"),
    message:
        "Write down what {wildcards.model} can do"
    script:
        "../workflow/scripts/card.py"


CARDS = expand(paths.CARD, model=[name for name in RUN if name in plan.sandboxes(settings)])
