# Measures: tables taken from the scored answers.
UNTAUGHT_SCORES = expand(
    paths.SCORES, study="verification", setting="untaught", lesson=plan.UNTAUGHT, allow_missing=True
)


rule verification:
    input:
        UNTAUGHT_SCORES,
    output:
        paths.VERIFICATION,
    params:
        languages=settings.languages,
        bootstrap=settings.bootstrap,
        version=version("verification"),
    log:
        "results/logs/verification/{model}/{knowledge}.log",
    benchmark:
        "results/benchmarks/verification/{model}/{knowledge}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    conda:
        "../envs/cpu.yaml"
    message:
        "What {wildcards.model} knows of {wildcards.knowledge} untaught"
    script:
        "../workflow/scripts/verification.py"


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
        cells=paths.TRANSFER + "/cells.csv",
        matrix=paths.TRANSFER + "/matrix.csv",
        margins=paths.TRANSFER + "/margins.csv",
    params:
        languages=settings.languages,
        bootstrap=settings.bootstrap,
        version=version("transferability"),
    log:
        "results/logs/transferability/{model}/{knowledge}/{setting}.log",
    benchmark:
        "results/benchmarks/transferability/{model}/{knowledge}/{setting}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../envs/cpu.yaml"
    message:
        "How {wildcards.knowledge} taught to {wildcards.model} in one language is answered in the others"
    script:
        "../workflow/scripts/transferability.py"


VERIFICATIONS = expand(
    paths.VERIFICATION, model=settings.run, knowledge=plan.knowledge_of(settings, "verification")
)
