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
