# Knowledge items, written in every language.


rule items:
    input:
        phrasebook=paths.PHRASEBOOK,
        world=paths.WORLD,
    output:
        paths.ITEMS,
    log:
        "results/logs/items/{knowledge}/{language}.log",
    benchmark:
        "results/benchmarks/items/{knowledge}/{language}.tsv"
    wildcard_constraints:
        knowledge=one_of(set(settings.knowledge) - set(plan.sources(settings))),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        language=lambda wildcards: asdict(LANGUAGES[wildcards.language]),
        knowledge=lambda wildcards: settings.knowledge[wildcards.knowledge].model_dump(),
        version=version("items"),
    message:
        "Write the {wildcards.knowledge} items in {wildcards.language}"
    script:
        "../workflow/scripts/items.py"
