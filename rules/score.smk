# Right or wrong: every answer against the aliases of the expected one.


rule score:
    input:
        answers=paths.ANSWERS,
        knowledge=exam_items,
    output:
        paths.SCORES,
    log:
        "results/logs/score/{model}/{knowledge}/{study}/{setting}/{lesson}.log",
    benchmark:
        "results/benchmarks/score/{model}/{knowledge}/{study}/{setting}/{lesson}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        languages=exam_languages,
        version=version("score"),
    message:
        "Score the answers of {wildcards.model} ({wildcards.study}, taught: {wildcards.lesson})"
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
