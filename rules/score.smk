# Right or wrong: every answer against the aliases of the expected one, in the language asked and in all others.
JUDGE = judging(settings.scoring == "judge")

for cohort in plan.exams(settings):

    rule:
        name:
            f"score_{cohort.rule}"
        input:
            answers=files_of(paths.ANSWERS, cohort),
            knowledge=expand(paths.ITEMS, knowledge=cohort.knowledge, language=languages_written(cohort.knowledge)),
            names=ancient(paths.USUAL_NAMES),
        output:
            files_of(paths.SCORES, cohort),
        log:
            log_of("score", cohort),
        benchmark:
            benchmark_of("score", cohort)
        wildcard_constraints:
            lesson=lesson_of(cohort),
        localrule: JUDGE is not None
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            calls=int(JUDGE is not None),
            runtime=1440 if JUDGE else 10,
        params:
            languages=languages_written(cohort.knowledge),
            judge=lambda wildcards, input: described(JUDGE),
            same=identity(JUDGE),
            store=paths.CALLS,
            budget_usd=budget,
            contents=contents([paths.USUAL_NAMES]),
            version=version("judge") if JUDGE else version("score"),
        message:
            f"Score the answers of {cohort.model} ({cohort.knowledge}, {cohort.study}, {cohort.setting}: {told(cohort)})"
        script:
            "../workflow/scripts/judge.py" if JUDGE else "../workflow/scripts/score.py"


SCORES = [
    paths.SCORES.format(model=model, knowledge=knowledge, study=study, setting=setting, lesson=lesson)
    for model in RUN
    for study in settings.studies
    for knowledge in plan.knowledge_of(settings, study)
    for setting in plan.settings_of(settings, study)
    for lesson in plan.lessons_of(settings, study)
]


# Scored exams of which the judge's verdicts are compared with exact match.
JUDGED = (
    [
        {"model": model, "knowledge": knowledge, "study": study, "setting": setting}
        for model in RUN
        for study in settings.studies
        for knowledge in plan.knowledge_of(settings, study)
        for setting in plan.settings_of(settings, study)
    ]
    if JUDGE
    else []
)


rule agreement:
    input:
        lambda wildcards: expand(paths.SCORES, lesson=plan.lessons_of(settings, wildcards.study), allow_missing=True),
    output:
        agreement=paths.AGREEMENT,
        disagreements=paths.DISAGREEMENTS,
    log:
        "results/logs/agreement/{model}/{knowledge}/{study}/{setting}.log",
    benchmark:
        "results/benchmarks/agreement/{model}/{knowledge}/{study}/{setting}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        version=version("agreement"),
    message:
        "Compare the judge with exact match ({wildcards.model}, {wildcards.knowledge}, {wildcards.study}, {wildcards.setting})"
    script:
        "../workflow/scripts/agreement.py"


AGREEMENTS = [path.format(**judged) for judged in JUDGED for path in (paths.AGREEMENT, paths.DISAGREEMENTS)]


rule all_scores:
    input:
        SCORES,
    output:
        paths.ALL_SCORES,
    log:
        "results/logs/all_scores.log",
    benchmark:
        "results/benchmarks/all_scores.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        version=version("all_scores"),
    message:
        "Put every scored answer into one table"
    script:
        "../workflow/scripts/all_scores.py"
