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
        knowledge=one_of(set(settings.knowledge) - set(plan.sources(settings)) - set(plan.fictional(settings))),
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
        contents=lambda wildcards: contents([paths.PHRASEBOOK.format(language=wildcards.language), *paths.WORLD]),
        version=version("items"),
    message:
        "Write the {wildcards.knowledge} items in {wildcards.language}"
    script:
        "../workflow/scripts/items.py"


for name, entry in plan.fictional(settings).items():

    rule:
        name:
            f"items_fictional_{as_rule(name)}"
        input:
            files=ancient(fictional_sources(name)),
            languages=paths.LANGUAGES,
        output:
            expand(paths.ITEMS, knowledge=name, language=plan.own_languages(settings, name)),
        log:
            f"results/logs/items_fictional/{name}.log",
        benchmark:
            f"results/benchmarks/items_fictional/{name}.tsv"
        localrule: True
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            place=lambda wildcards, entry=entry: entry.source,
            pairs=settings.context.pairs if entry.studied and in_context() else 0,
            languages=plan.own_languages(settings, name),
            limit=entry.items,
            contents=lambda wildcards, name=name: contents([paths.LANGUAGES, *fictional_sources(name)]),
            version=version("items_fictional"),
        message:
            f"Read the {name} items in every language"
        script:
            "../workflow/scripts/items_fictional.py"


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
