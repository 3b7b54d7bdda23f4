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


# For lm-evaluation-harness; a target by its own name.
rule export:
    input:
        expand(paths.ITEMS, language=settings.languages, allow_missing=True),
    output:
        expand(paths.EXPORT, file=paths.export_files(settings.languages), allow_missing=True),
    log:
        "results/logs/export/{knowledge}.log",
    benchmark:
        "results/benchmarks/export/{knowledge}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        languages=settings.languages,
        version=version("export"),
    message:
        "Write the {wildcards.knowledge} items as tasks of lm-evaluation-harness"
    script:
        "../workflow/scripts/export.py"
