# Knowledge of the user's own: read, translated where it lacks languages. Any knowledge: translated back, to see what is left of it.


for name, entry in plan.sources(settings).items():
    if entry.provider == "source":

        rule:
            name:
                f"source_{as_rule(name)}"
            input:
                files=ancient(source_files(name)),
                languages=paths.LANGUAGES,
            output:
                expand(paths.TRANSLATED, knowledge=name, language=entry.languages),
            log:
                f"results/logs/source/{name}.log",
            benchmark:
                f"results/benchmarks/source/{name}.tsv"
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
                languages=list(entry.languages),
                limit=entry.items,
                without=sorted(entry.without),
                contents=lambda wildcards, name=name: contents([paths.LANGUAGES, *source_files(name)]),
                version=version("source"),
            message:
                f"Read the {name} items in {', '.join(entry.languages)}"
            script:
                "../workflow/scripts/source.py"

    else:

        rule:
            name:
                f"generate_{as_rule(name)}"
            output:
                paths.TRANSLATED.format(knowledge=name, language=plan.pivot(settings, name)),
            log:
                f"results/logs/generate/{name}.log",
            benchmark:
                f"results/benchmarks/generate/{name}.tsv"
            localrule: True
            conda:
                "../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=1000,
                calls=1,
                runtime=240,
            params:
                topic=entry.topic,
                number=entry.items,
                without=sorted(entry.without),
                endpoint=lambda wildcards, input, entry=entry: described(settings.models[entry.by]),
                same=identity(settings.models[entry.by]),
                budget_usd=budget,
                store=paths.CALLS,
                version=version("generate"),
            message:
                f"Have {entry.by} make up the {name} items"
            script:
                "../workflow/scripts/generate.py"

    rule:
        name:
            f"translate_{as_rule(name)}"
        input:
            table=paths.TRANSLATED.format(knowledge=name, language=plan.pivot(settings, name)),
            model=translator_files("forward"),
        output:
            paths.TRANSLATED.format(knowledge=name, language="{language}"),
        log:
            f"results/logs/translate/{name}/{{language}}.log",
        benchmark:
            f"results/benchmarks/translate/{name}/{{language}}.tsv"
        wildcard_constraints:
            language=one_of(set(settings.languages) - set(entry.languages)),
        localrule: bool(calls("forward"))
        conda:
            "../envs/cpu.yaml"
        threads: cores(translating("forward"), translator_files("forward"))
        resources:
            mem_mb=lambda wildcards, input: to_translate("forward", input.model),
            gpu=accelerators(translating("forward")),
            calls=calls("forward"),
            runtime=minutes(translating("forward"), 240),
        params:
            entry=lambda wildcards, input: described(translating("forward")),
            budget_usd=budget,
            same=identity(translating("forward")),
            folder=lambda wildcards, input: folder_of(input.model),
            source=lambda wildcards, name=name: pivot_row(name),
            target=language_row,
            gaps=False,
            store=paths.CALLS,
            contents=translator_contents("forward"),
            version=version("translate"),
        message:
            f"Translate the {name} items into {{wildcards.language}}"
        script:
            "../workflow/scripts/translate.py"


rule items_source:
    input:
        paths.TRANSLATED,
    output:
        paths.ITEMS,
    log:
        "results/logs/items_source/{knowledge}/{language}.log",
    benchmark:
        "results/benchmarks/items_source/{knowledge}/{language}.tsv"
    wildcard_constraints:
        knowledge=one_of(plan.sources(settings)),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        version=version("items_source"),
    message:
        "Write the {wildcards.knowledge} items in {wildcards.language} as those of any set"
    script:
        "../workflow/scripts/items_source.py"


rule back_translate:
    input:
        table=paths.ITEMS,
        model=translator_files("back"),
    output:
        paths.BACK_TRANSLATED,
    log:
        "results/logs/back_translate/{knowledge}/{language}.log",
    benchmark:
        "results/benchmarks/back_translate/{knowledge}/{language}.tsv"
    wildcard_constraints:
        knowledge=one_of(plan.checked(settings)),
    localrule: bool(calls("back"))
    conda:
        "../envs/cpu.yaml"
    threads: cores(translating("back"), translator_files("back"))
    resources:
        mem_mb=lambda wildcards, input: to_translate("back", input.model),
        gpu=accelerators(translating("back")),
        calls=calls("back"),
        runtime=minutes(translating("back"), 240),
    params:
        entry=lambda wildcards, input: described(translating("back")),
        budget_usd=budget,
        same=identity(translating("back")),
        folder=lambda wildcards, input: folder_of(input.model),
        source=language_row,
        target=lambda wildcards: pivot_row(wildcards.knowledge),
        gaps=True,
        store=paths.CALLS,
        contents=translator_contents("back"),
        version=version("translate"),
    message:
        "Translate the {wildcards.knowledge} items back from {wildcards.language}"
    script:
        "../workflow/scripts/translate.py"


QUALITY_CALLS = int(
    settings.translation is not None and (settings.translation.judged or settings.translation.embedding.provider == "openai")
)


rule translation_quality:
    input:
        source=lambda wildcards: paths.ITEMS.format(
            knowledge=wildcards.knowledge, language=plan.pivot(settings, wildcards.knowledge)
        ),
        translated=lambda wildcards: expand(
            paths.ITEMS, language=plan.checked_languages(settings, wildcards.knowledge), allow_missing=True
        ),
        back=lambda wildcards: expand(
            paths.BACK_TRANSLATED, language=plan.checked_languages(settings, wildcards.knowledge), allow_missing=True
        ),
    output:
        summary=paths.QUALITY,
        details=paths.QUALITY_DETAILS,
        review=paths.QUALITY_REVIEW,
    log:
        "results/logs/translation_quality/{knowledge}.log",
    benchmark:
        "results/benchmarks/translation_quality/{knowledge}.tsv"
    wildcard_constraints:
        knowledge=one_of(plan.checked(settings)),
    localrule: bool(QUALITY_CALLS)
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        calls=QUALITY_CALLS,
        runtime=240,
    params:
        languages=lambda wildcards: [
            asdict(LANGUAGES[language]) for language in plan.checked_languages(settings, wildcards.knowledge)
        ],
        pivot=lambda wildcards: pivot_row(wildcards.knowledge),
        embedding=settings.translation.embedding.model_dump() if settings.translation else None,
        judge=lambda wildcards, input: described(judging(settings.translation.judged)),
        budget_usd=budget,
        same=identity(judging(settings.translation and settings.translation.judged)),
        below=settings.translation.review_below if settings.translation else None,
        bootstrap=settings.bootstrap,
        store=paths.CALLS,
        contents=embedding_contents(),
        version=version("translation_quality"),
    message:
        "How much of the {wildcards.knowledge} items is left after translation there and back"
    script:
        "../workflow/scripts/translation_quality.py"


rule figure_quality:
    input:
        paths.QUALITY,
    output:
        figure("quality_{knowledge}", "Data"),
    log:
        "results/logs/figure_quality/{knowledge}.log",
    benchmark:
        "results/benchmarks/figure_quality/{knowledge}.tsv"
    wildcard_constraints:
        knowledge=one_of(plan.checked(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        languages=language_rows(),
        made=how_made,
        version=version("figure_quality"),
    message:
        "Draw how well the {wildcards.knowledge} items are translated"
    script:
        "../workflow/scripts/figure_quality.py"


QUALITY = [
    path
    for name in plan.checked(settings)
    for path in [paths.QUALITY.format(knowledge=name), paths.QUALITY_REVIEW.format(knowledge=name)]
    + expand(paths.FIGURE, name=f"quality_{name}", extension=["pdf", "png", "csv"])
]
