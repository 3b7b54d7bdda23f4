# Measures of alignment: of every scored answer, and of predictions that were made elsewhere.
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
        version=version("measures"),
    message:
        "Measure how evenly knowledge passes, in every way there is"
    script:
        "../workflow/scripts/measures.py"


rule alignment:
    input:
        lambda wildcards: sorted(str(path) for path in Path(CLIKA[wildcards.name].path).rglob("*.jsonl")),
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
        version=version("alignment"),
    message:
        "Score the predictions {wildcards.name}: performance and consistency"
    script:
        "../workflow/scripts/alignment.py"


rule figure_alignment:
    input:
        paths.ALIGNMENT,
    output:
        figure("alignment_{name}", "Predictions of others"),
    log:
        "results/logs/figure_alignment/{name}.log",
    benchmark:
        "results/benchmarks/figure_alignment/{name}.tsv"
    wildcard_constraints:
        name=one_of(CLIKA),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        version=version("figure_alignment"),
    message:
        "Draw performance and consistency of {wildcards.name}"
    script:
        "../workflow/scripts/figure_alignment.py"


ALIGNMENTS = [
    *([paths.MEASURES] if TRANSFER_PANELS else []),
    *expand(paths.ALIGNMENT, name=CLIKA),
    *(path for name in CLIKA for path in expand(paths.FIGURE, name=f"alignment_{name}", extension=["pdf", "png", "csv"])),
]
