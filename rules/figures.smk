# Figures: each a PDF, a PNG and the CSV that was drawn.
TRANSFER_PANELS = [
    {"model": model, "knowledge": knowledge, "setting": plan.STUDIES["transferability"].setting}
    for model in settings.run
    for knowledge in plan.knowledge_of(settings, "transferability")
]


rule figure_transfer_matrix:
    input:
        cells=[f"{paths.TRANSFER}/cells.csv".format(**panel) for panel in TRANSFER_PANELS],
        margins=[f"{paths.TRANSFER}/margins.csv".format(**panel) for panel in TRANSFER_PANELS],
    output:
        expand(paths.FIGURE, name="transfer_matrix.pdf"),
        expand(paths.FIGURE, name="transfer_matrix.png"),
        expand(paths.FIGURE, name="transfer_matrix.csv"),
    params:
        panels=TRANSFER_PANELS,
        languages=[asdict(LANGUAGES[language]) for language in settings.languages],
        version=version("figure_transfer_matrix"),
    log:
        "results/logs/figure_transfer_matrix.log",
    benchmark:
        "results/benchmarks/figure_transfer_matrix.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../envs/cpu.yaml"
    message:
        "Draw the transfer matrix of {settings.run}"
    script:
        "../workflow/scripts/figure_transfer_matrix.py"


FIGURES = rules.figure_transfer_matrix.output if TRANSFER_PANELS else []
