# Right or wrong: every answer against the aliases of the expected one.


rule score:
    input:
        answers=paths.ANSWERS,
        knowledge=lambda wildcards: expand(
            paths.ITEMS,
            knowledge=wildcards.knowledge,
            language=exam_languages(wildcards),
        ),
    output:
        paths.SCORES,
    params:
        languages=lambda wildcards: exam_languages(wildcards),
        version=version("score"),
    log:
        "results/logs/score/{model}/{knowledge}/{study}/{setting}/{lesson}.log",
    benchmark:
        "results/benchmarks/score/{model}/{knowledge}/{study}/{setting}/{lesson}.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../envs/cpu.yaml"
    message:
        "Score the answers of {wildcards.model} ({wildcards.study}, taught: {wildcards.lesson})"
    script:
        "../workflow/scripts/score.py"
