# What explains a transfer matrix: factors of languages, of pairs and of the model's tokenizer; correlations and regressions.
PUBLISHED = "published"  # the knowledge set of matrices that others measured
MORPHSCORE = sorted(map(str, Path(settings.explain.morphscore).glob("*.csv"))) if settings.explain.morphscore else []
# Shares that a rule fetches are as new as they are.
SHARES = [settings.explain.shares] if settings.explain.shares != paths.SHARES_NOW else []


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
        contents=lambda wildcards: contents([settings.models[wildcards.model].transferability[wildcards.setting]]),
        version=version("published"),
    message:
        "Read the matrix published of {wildcards.model} ({wildcards.setting})"
    script:
        "../workflow/scripts/published.py"


rule factors:
    input:
        shares=settings.explain.shares,
        tokenizer=lambda wildcards: tokenizer_files(wildcards.model),
        flores=[paths.FLORES_FETCHED] if settings.explain.flores == paths.FLORES else [],
        morphscore=MORPHSCORE,
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
        morphscore=settings.explain.morphscore,
        eflomal=settings.explain.eflomal,
        contents=lambda wildcards: [
            contents([*SHARES, *MORPHSCORE]),
            flores_contents("dev"),
            model_contents(wildcards.model) if tokenizer_files(wildcards.model) else None,
        ],
        version=version("factors"),
    message:
        "What is known of the languages, and of how {wildcards.model} splits them"
    script:
        "../workflow/scripts/factors.py"


rule language_factors:
    input:
        shares=settings.explain.shares,
    output:
        paths.FACTORS,
    log:
        "results/logs/language_factors.log",
    benchmark:
        "results/benchmarks/language_factors.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        languages=language_rows(),
        optimised=made_for([*RUN, *plan.published(settings)]),
        contents=contents(SHARES),
        version=version("language_factors"),
    message:
        "What is known of the languages"
    script:
        "../workflow/scripts/language_factors.py"


# These two need a network; nothing needs them unless the config says so.
rule flores:
    output:
        paths.FLORES_FETCHED,  # what was found; the sentences stay where they are when it is made again
    log:
        "results/logs/flores.log",
    benchmark:
        "results/benchmarks/flores.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        folder=paths.FLORES,
        version=version("flores"),
    message:
        "Fetch FLORES-200 into {params.folder}"
    script:
        "../workflow/scripts/flores.py"


rule common_crawl_shares:
    output:
        paths.SHARES_NOW,
    log:
        "results/logs/common_crawl_shares.log",
    benchmark:
        "results/benchmarks/common_crawl_shares.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        version=version("common_crawl_shares"),
    message:
        "Fetch the share of every language in the last two crawls of Common Crawl"
    script:
        "../workflow/scripts/common_crawl_shares.py"


rule explain:
    input:
        cells=paths.CELLS,
        pairs=paths.FACTORS_OF_PAIRS,
        neurons=lambda wildcards: (
            [paths.OVERLAP] if settings.explain.neurons and wildcards.model in set(RUN) - set(REMOTE) else []
        ),
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


rule pooled:
    input:
        cells=lambda wildcards: [paths.CELLS.format(**panel) for panel in POOLED_PANELS[wildcards.setting]],
        pairs=lambda wildcards: [
            paths.FACTORS_OF_PAIRS.format(model=panel["model"]) for panel in POOLED_PANELS[wildcards.setting]
        ],
    output:
        expand(paths.POOLED, table=paths.POOLED_TABLES, allow_missing=True),
    log:
        "results/logs/pooled/{setting}.log",
    benchmark:
        "results/benchmarks/pooled/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        panels=lambda wildcards: [
            {key: panel[key] for key in ("model", "knowledge")} for panel in POOLED_PANELS[wildcards.setting]
        ],
        tables=paths.POOLED_TABLES,
        permutations=settings.explain.permutations,
        version=version("pooled"),
    message:
        "What explains transfer in all models ({wildcards.setting})"
    script:
        "../workflow/scripts/pooled.py"


PUBLISHED_PANELS = [
    {"model": model, "knowledge": PUBLISHED, "setting": setting}
    for model in plan.published(settings)
    for setting in settings.models[model].transferability
]
# a regression over fewer languages says nothing
EXPLAINED_PANELS = [*(panels_of("transferability") if len(settings.languages) >= 8 else []), *PUBLISHED_PANELS]
# matrices of one setting, where there are at least two models', with eight languages that all have
POOLED_PANELS = {
    setting: panels
    for setting in ("fine-tuning", "in-context")
    if (panels := [panel for panel in EXPLAINED_PANELS if panel["setting"] == setting])
    and len({panel["model"] for panel in panels}) > 1
    and len(set.intersection(*map(languages_of_panel, panels))) >= 8
}
EXPLAINED_MODELS = list(dict.fromkeys(panel["model"] for panel in EXPLAINED_PANELS))
EXPLAINED = [
    *([paths.FACTORS] if EXPLAINED_PANELS else []),
    *(path for setting in POOLED_PANELS for path in expand(paths.POOLED, table=paths.POOLED_TABLES, setting=setting)),
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
