# Measures: tables taken from the scored answers.
UNTAUGHT_SCORES = expand(paths.SCORES, study="verification", setting="untaught", lesson=plan.UNTAUGHT, allow_missing=True)


rule verification:
    input:
        UNTAUGHT_SCORES,
    output:
        accuracy=paths.VERIFICATION,
        comparisons=paths.VERIFICATION_PAIRS,
    log:
        "results/logs/verification/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/verification/{model}/{knowledge}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        languages=settings.languages,
        bootstrap=settings.bootstrap,
        version=version("verification"),
    message:
        "What {wildcards.model} knows of {wildcards.knowledge} untaught"
    script:
        "../workflow/scripts/verification.py"


rule effectiveness:
    input:
        untaught=UNTAUGHT_SCORES,
        taught=expand(
            paths.SCORES,
            study="effectiveness",
            lesson=plan.lessons_of(settings, "effectiveness"),
            allow_missing=True,
        ),
    output:
        curve=paths.CURVE,
        speed=paths.SPEED,
        tiers=paths.SPEED_BY_TIER,
        comparisons=paths.LEARNED_PAIRS,
    log:
        "results/logs/effectiveness/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/effectiveness/{model}/{knowledge}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        languages=settings.languages,
        tiers={code: LANGUAGES[code].tier for code in settings.languages},
        bootstrap=settings.bootstrap,
        version=version("effectiveness"),
    message:
        "How fast {wildcards.model} learns {wildcards.knowledge} in each language"
    script:
        "../workflow/scripts/effectiveness.py"


rule transferability:
    input:
        untaught=UNTAUGHT_SCORES,
        taught=expand(
            paths.SCORES,
            study="transferability",
            lesson=plan.lessons_of(settings, "transferability"),
            allow_missing=True,
        ),
    output:
        cells=paths.CELLS,
        matrix=paths.MATRIX,
        matrix_any=paths.MATRIX_ANY,
        margins=paths.MARGINS,
        tiers=paths.TIER_MEANS,
        inequality=paths.INEQUALITY,
    log:
        "results/logs/transferability/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/transferability/{model}/{knowledge}/{setting}.tsv"
    wildcard_constraints:
        model=one_of(plan.runnable(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        languages=settings.languages,
        tiers={code: LANGUAGES[code].tier for code in sorted(settings.languages)},
        bootstrap=settings.bootstrap,
        version=version("transferability"),
    message:
        "How {wildcards.knowledge} taught to {wildcards.model} in one language is answered in the others ({wildcards.setting})"
    script:
        "../workflow/scripts/transferability.py"


rule prioritization:
    input:
        expand(
            paths.SCORES,
            study="prioritization",
            lesson=plan.lessons_of(settings, "prioritization"),
            allow_missing=True,
        ),
    output:
        preference=paths.PREFERENCE,
        strengths=paths.STRENGTHS,
    log:
        "results/logs/prioritization/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/prioritization/{model}/{knowledge}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        bootstrap=settings.bootstrap,
        version=version("prioritization"),
    message:
        "Which of two contradictory languages {wildcards.model} follows ({wildcards.knowledge}, {wildcards.setting})"
    script:
        "../workflow/scripts/prioritization.py"


rule robustness:
    input:
        untaught=UNTAUGHT_SCORES,
        taught=expand(
            paths.SCORES,
            study="robustness",
            lesson=plan.lessons_of(settings, "robustness"),
            allow_missing=True,
        ),
    output:
        paths.RESISTANCE,
    log:
        "results/logs/robustness/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/robustness/{model}/{knowledge}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        languages=settings.languages,
        bootstrap=settings.bootstrap,
        version=version("robustness"),
    message:
        "What {wildcards.model} still knows of {wildcards.knowledge} after wrong answers ({wildcards.setting})"
    script:
        "../workflow/scripts/robustness.py"


rule conductivity:
    input:
        untaught=UNTAUGHT_SCORES,
        taught=expand(
            paths.SCORES,
            study="conductivity",
            lesson=plan.lessons_of(settings, "conductivity"),
            allow_missing=True,
        ),
    output:
        paths.XRR,
    log:
        "results/logs/conductivity/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/conductivity/{model}/{knowledge}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        bootstrap=settings.bootstrap,
        version=version("conductivity"),
    message:
        "How much of {wildcards.knowledge} taught to {wildcards.model} in English is known in other languages"
    script:
        "../workflow/scripts/conductivity.py"


# Knowledge of the user's own that is said to be new: what of it is not.
rule known:
    input:
        expand(
            paths.SCORES,
            model=RUN,
            study="verification",
            setting="untaught",
            lesson=plan.UNTAUGHT,
            allow_missing=True,
        ),
    output:
        paths.KNOWN,
    log:
        "results/logs/known/{knowledge}.log",
    benchmark:
        "results/benchmarks/known/{knowledge}.tsv"
    wildcard_constraints:
        knowledge=one_of(plan.sources(settings)),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        models=list(RUN),
        version=version("known"),
    message:
        "List the {wildcards.knowledge} items that {params.models} know untaught"
    script:
        "../workflow/scripts/known.py"


VERIFICATIONS = expand(paths.VERIFICATION, model=RUN, knowledge=plan.knowledge_of(settings, "verification"))
KNOWN = [
    paths.KNOWN.format(knowledge=name)
    for name in plan.knowledge_of(settings, "verification")
    if name in plan.sources(settings) and settings.knowledge[name].kind == "new"
]
