# Knowledge items, written in every language.
from dataclasses import asdict


rule items:
    input:
        phrasebook=paths.PHRASEBOOK,
        world=paths.WORLD,
    output:
        paths.ITEMS,
    params:
        language=lambda wildcards: asdict(LANGUAGES[wildcards.language]),
        knowledge=lambda wildcards: settings.knowledge[wildcards.knowledge].model_dump(),
        version=version("items"),
    log:
        "results/logs/items/{knowledge}/{language}.log",
    benchmark:
        "results/benchmarks/items/{knowledge}/{language}.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../envs/cpu.yaml"
    message:
        "Write the {wildcards.knowledge} items in {wildcards.language}"
    script:
        "../workflow/scripts/items.py"
