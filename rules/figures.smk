# Figures: each a PDF, a PNG and the CSV that was drawn.
TRANSFER_PANELS = [
    {"model": model, "knowledge": knowledge, "setting": plan.STUDIES["transferability"].setting}
    for model in settings.run
    for knowledge in plan.knowledge_of(settings, "transferability")
]


rule figure_transfer_matrix:
    input:
        cells=[paths.CELLS.format(**panel) for panel in TRANSFER_PANELS],
        margins=[paths.MARGINS.format(**panel) for panel in TRANSFER_PANELS],
    output:
        expand(paths.FIGURE, name="transfer_matrix", extension=["pdf", "png", "csv"]),
    log:
        "results/logs/figure_transfer_matrix.log",
    benchmark:
        "results/benchmarks/figure_transfer_matrix.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=TRANSFER_PANELS,
        languages=language_rows(),
        version=version("figure_transfer_matrix"),
    message:
        "Draw the transfer matrix of {settings.run}"
    script:
        "../workflow/scripts/figure_transfer_matrix.py"


FIGURES = rules.figure_transfer_matrix.output if TRANSFER_PANELS else []
