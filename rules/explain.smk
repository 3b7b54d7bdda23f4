# What explains a transfer matrix: factors of languages, of pairs and of the model's tokenizer; correlations and regressions.
PUBLISHED = "published"  # the knowledge set of matrices that others measured


rule published:
    input:
        lambda wildcards: settings.models[wildcards.model].transferability[wildcards.setting],
    output:
        cells=paths.CELLS.format(knowledge=PUBLISHED, model="{model}", setting="{setting}"),
        matrix=paths.MATRIX.format(knowledge=PUBLISHED, model="{model}", setting="{setting}"),
        margins=paths.MARGINS.format(knowledge=PUBLISHED, model="{model}", setting="{setting}"),
    log:
        "results/logs/published/{model}/{setting}.log",
    benchmark:
        "results/benchmarks/published/{model}/{setting}.tsv"
    wildcard_constraints:
        model=one_of(set(settings.models) - set(plan.runnable(settings))),
    localrule: True
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        languages=settings.languages,
        version=version("published"),
    message:
        "Read the matrix published of {wildcards.model} ({wildcards.setting})"
    script:
        "../workflow/scripts/published.py"


rule factors:
    input:
        shares=paths.SHARES,
        tokenizer=lambda wildcards: tokenizer_files(wildcards.model),
        knowledge=lambda wildcards: expand(paths.ITEMS, knowledge=factor_knowledge(wildcards.model), language=settings.languages),
    output:
        languages=paths.FACTORS_OF_LANGUAGES,
        pairs=paths.FACTORS_OF_PAIRS,
    log:
        "results/logs/factors/{model}.log",
    benchmark:
        "results/benchmarks/factors/{model}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        languages=language_rows(),
        optimised=lambda wildcards: getattr(settings.models[wildcards.model], "optimised", None),
        encoding=lambda wildcards: getattr(settings.models[wildcards.model], "tokenizer", None),
        knowledge=lambda wildcards: next(iter(factor_knowledge(wildcards.model)), None),
        flores=settings.explain.flores,
        eflomal=settings.explain.eflomal,
        version=version("factors"),
    message:
        "What is known of the languages, and of how {wildcards.model} splits them"
    script:
        "../workflow/scripts/factors.py"


rule explain:
    input:
        cells=paths.CELLS,
        pairs=paths.FACTORS_OF_PAIRS,
        scores=lambda wildcards: expand(
            paths.SCORES,
            study="transferability",
            lesson=plan.lessons_of(settings, "transferability") if wildcards.model in RUN else [],
            allow_missing=True,
        ),
    output:
        expand(paths.EXPLAINED, table=paths.EXPLANATIONS, allow_missing=True),
    log:
        "results/logs/explain/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/explain/{model}/{knowledge}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        tables=paths.EXPLANATIONS,
        permutations=settings.explain.permutations,
        version=version("explain"),
    message:
        "What explains transfer in {wildcards.model} ({wildcards.knowledge}, {wildcards.setting})"
    script:
        "../workflow/scripts/explain.py"


rule disparity:
    input:
        factors=paths.FACTORS_OF_LANGUAGES,
        curve=lambda wildcards: own_measure(paths.CURVE, "effectiveness", "fine-tuning", wildcards),
        fine_tuned=lambda wildcards: own_measure(paths.RESISTANCE, "robustness", "fine-tuning", wildcards),
        in_context=lambda wildcards: own_measure(paths.RESISTANCE, "robustness", "in-context", wildcards),
    output:
        paths.DISPARITY,
    log:
        "results/logs/disparity/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/disparity/{model}/{knowledge}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        version=version("disparity"),
    message:
        "Which languages {wildcards.model} serves well ({wildcards.knowledge})"
    script:
        "../workflow/scripts/disparity.py"


PUBLISHED_PANELS = [
    {"model": model, "knowledge": PUBLISHED, "setting": setting}
    for model in plan.published(settings)
    for setting in settings.models[model].transferability
]
# a regression over fewer languages says nothing
EXPLAINED_PANELS = [*(panels_of("transferability") if len(settings.languages) >= 8 else []), *PUBLISHED_PANELS]
EXPLAINED_MODELS = list(dict.fromkeys(panel["model"] for panel in EXPLAINED_PANELS))
EXPLAINED = [
    *(path for panel in EXPLAINED_PANELS for path in expand(paths.EXPLAINED, table=paths.EXPLANATIONS, **panel)),
    *(
        paths.DISPARITY.format(model=model, knowledge=knowledge)
        for model in RUN
        for knowledge in {
            panel["knowledge"]: None
            for study in ("effectiveness", "robustness")
            for panel in panels_of(study)
            if len(settings.languages) >= 4
        }
    ),
]
