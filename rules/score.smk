# Right or wrong: every answer against the aliases of the expected one.


for study, setting, number, group, lesson in EXAMS:

    rule:
        name:
            f"score_{study}_{setting}_{number}".replace("-", "_")
        input:
            answers=expand(paths.ANSWERS, study=study, setting=setting, lesson=group, allow_missing=True),
            knowledge=lambda wildcards, study=study, setting=setting, group=group: expand(
                paths.ITEMS, knowledge=wildcards.knowledge, language=asked_languages(study, setting, group, wildcards)
            ),
        output:
            expand(paths.SCORES, study=study, setting=setting, lesson=group, allow_missing=True),
        log:
            f"results/logs/score/{{model}}/{{knowledge}}/{study}/{setting}/{tag(group, number)}.log",
        benchmark:
            f"results/benchmarks/score/{{model}}/{{knowledge}}/{study}/{setting}/{tag(group, number)}.tsv"
        wildcard_constraints:
            lesson=lesson,
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            languages=lambda wildcards, study=study, setting=setting, group=group: asked_languages(
                study, setting, group, wildcards
            ),
            version=version("score"),
        message:
            f"Score the answers of {{wildcards.model}} ({study}, {setting}: {told(group)})"
        script:
            "../workflow/scripts/score.py"


SCORES = [
    paths.SCORES.format(model=model, knowledge=knowledge, study=study, setting=setting, lesson=lesson)
    for model in settings.run
    for study in settings.studies
    for knowledge in plan.knowledge_of(settings, study)
    for setting in plan.settings_of(settings, study)
    for lesson in plan.lessons_of(settings, study)
]


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
