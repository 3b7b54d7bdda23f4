# Measures of alignment: of every scored answer, of predictions that were made elsewhere, and of multiple choice.
IMPORTED = {key: entry for key, entry in settings.predictions.items() if entry.format == "scores"}
CLIKA = {key: entry for key, entry in settings.predictions.items() if entry.format == "clika"}


rule measures:
    input:
        scores=paths.ALL_SCORES,
        imported=[entry.path for entry in IMPORTED.values()],
    output:
        paths.MEASURES,
    log:
        "results/logs/measures.log",
    benchmark:
        "results/benchmarks/measures.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        tiers={code: language.tier for code, language in LANGUAGES.items()},
        bootstrap=settings.bootstrap,
        contents=contents(entry.path for entry in IMPORTED.values()),
        version=version("measures"),
    message:
        "Measure how evenly knowledge passes, in every way there is"
    script:
        "../workflow/scripts/measures.py"


rule alignment:
    input:
        lambda wildcards: clika_files(wildcards.name),
    output:
        paths.ALIGNMENT,
    log:
        "results/logs/alignment/{name}.log",
    benchmark:
        "results/benchmarks/alignment/{name}.tsv"
    wildcard_constraints:
        name=one_of(CLIKA),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        folder=lambda wildcards: CLIKA[wildcards.name].path,
        reference=lambda wildcards: CLIKA[wildcards.name].reference,
        constants=lambda wildcards: CLIKA[wildcards.name].constants,
        bootstrap=settings.bootstrap,
        contents=lambda wildcards: contents(clika_files(wildcards.name)),
        version=version("alignment"),
    message:
        "Score the predictions {wildcards.name}: performance and consistency"
    script:
        "../workflow/scripts/alignment.py"


rule choice_items:
    input:
        source=lambda wildcards: choice_files(wildcards.name),
        languages=paths.LANGUAGES,
        phrasebooks=lambda wildcards: [] if choice_files(wildcards.name) else PHRASEBOOKS,
        world=lambda wildcards: [] if choice_files(wildcards.name) else paths.WORLD,
    output:
        paths.CHOICE_ITEMS,
    log:
        "results/logs/choice_items/{name}.log",
    benchmark:
        "results/benchmarks/choice_items/{name}.tsv"
    wildcard_constraints:
        name=one_of(settings.choices),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        source=lambda wildcards: settings.choices[wildcards.name].source,
        size=lambda wildcards: settings.choices[wildcards.name].items,
        seed=lambda wildcards: settings.choices[wildcards.name].seed,
        languages=settings.languages,
        contents=lambda wildcards: contents([paths.LANGUAGES, *(choice_files(wildcards.name) or [*PHRASEBOOKS, *paths.WORLD])]),
        version=version("choice_items"),
    message:
        "Write the multiple-choice items {wildcards.name}"
    script:
        "../workflow/scripts/choice_items.py"


rule choose:
    input:
        asked=paths.CHOICE_ITEMS,
        model=lambda wildcards: model_files(wildcards.model),
    output:
        paths.CHOSEN,
    log:
        "results/logs/choose/{name}/{model}.log",
    benchmark:
        "results/benchmarks/choose/{name}/{model}.tsv"
    wildcard_constraints:
        name=one_of(settings.choices),
        model=one_of(set(plan.runnable(settings)) - set(REMOTE)),
    conda:
        "../envs/cpu.yaml"
    threads: cores_of
    resources:
        mem_mb=lambda wildcards, input: to_read(wildcards.model, input.model, memory.of_choosing),
        gpu=lambda wildcards: accelerators(settings.models[wildcards.model]),
        runtime=lambda wildcards: minutes(settings.models[wildcards.model], 60),
    params:
        exam=multiple_choice,
        loading=lambda wildcards: loading(wildcards.model),
        batch=lambda wildcards, input: settings.models[wildcards.model].asking.batch,
        contents=lambda wildcards: model_contents(wildcards.model),
        version=version("choose"),
    message:
        "Have {wildcards.model} choose among the options of {wildcards.name}"
    script:
        "../workflow/scripts/choose.py"


rule choose_remote:
    input:
        asked=paths.CHOICE_ITEMS,
    output:
        paths.CHOSEN,
    log:
        "results/logs/choose_remote/{name}/{model}.log",
    benchmark:
        "results/benchmarks/choose_remote/{name}/{model}.tsv"
    wildcard_constraints:
        name=one_of(settings.choices),
        model=one_of(REMOTE),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        calls=1,
        runtime=1440,
    params:
        exam=multiple_choice,
        endpoint=lambda wildcards, input: described(settings.models[wildcards.model]),
        budget_usd=budget,
        same=lambda wildcards: identity(settings.models[wildcards.model]),
        store=paths.CALLS,
        version=version("choose_remote"),
    message:
        "Have {wildcards.model} choose among the options of {wildcards.name}"
    script:
        "../workflow/scripts/choose_remote.py"


rule choices:
    input:
        expand(paths.CHOSEN, model=RUN, allow_missing=True),
    output:
        scores=paths.ALIGNMENT,
        positions=paths.POSITIONS,
        rankc=paths.RANKC,
    log:
        "results/logs/choices/{name}.log",
    benchmark:
        "results/benchmarks/choices/{name}.tsv"
    wildcard_constraints:
        name=one_of(plan.choices(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        languages=settings.languages,
        reference=lambda wildcards: settings.choices[wildcards.name].reference,
        bootstrap=settings.bootstrap,
        version=version("choices"),
    message:
        "Score what models chose of {wildcards.name}: performance and consistency"
    script:
        "../workflow/scripts/choices.py"


rule figure_alignment:
    input:
        paths.ALIGNMENT,
    output:
        figure("alignment_{name}", "Alignment"),
    log:
        "results/logs/figure_alignment/{name}.log",
    benchmark:
        "results/benchmarks/figure_alignment/{name}.tsv"
    wildcard_constraints:
        name=one_of([*CLIKA, *settings.choices]),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        names=lambda wildcards: names(settings.languages) if wildcards.name in settings.choices else {},
        version=version("figure_alignment"),
    message:
        "Draw performance and consistency of {wildcards.name}"
    script:
        "../workflow/scripts/figure_alignment.py"


ALIGNED = [*CLIKA, *plan.choices(settings)]
ALIGNMENTS = [
    *([paths.MEASURES] if TRANSFER_PANELS else []),
    *expand(paths.ALIGNMENT, name=ALIGNED),
    *(path for name in ALIGNED for path in expand(paths.FIGURE, name=f"alignment_{name}", extension=["pdf", "png", "csv"])),
]
