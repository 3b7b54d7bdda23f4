# Figures: each a PDF, a PNG and the CSV that was drawn.
TRANSFER_PANELS = panels_of("transferability")
MATRIX_PANELS = [*TRANSFER_PANELS, *PUBLISHED_PANELS]
VERIFICATION_PANELS = panels_of("verification")
LEARNING_PANELS = panels_of("effectiveness")
CONFLICT_PANELS = panels_of("prioritization")
ROBUSTNESS_PANELS = panels_of("robustness")
CONDUCTIVITY_PANELS = panels_of("conductivity")
TRANSLATION_PANELS = [{"model": name} for name in RUN if name in plan.sandboxes(settings) and "eng" in settings.languages]


rule figure_learning_curves:
    input:
        curves=[paths.CURVE.format(**panel) for panel in LEARNING_PANELS],
        speeds=[paths.SPEED.format(**panel) for panel in LEARNING_PANELS],
    output:
        figure("learning_curves", "Learning"),
    log:
        "results/logs/figure_learning_curves.log",
    benchmark:
        "results/benchmarks/figure_learning_curves.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=LEARNING_PANELS,
        languages=language_rows(),
        version=version("figure_learning_curves"),
    message:
        "Draw the learning curves of {RUN}"
    script:
        "../workflow/scripts/figure_learning_curves.py"


rule figure_transfer_matrix:
    input:
        cells=[paths.CELLS.format(**panel) for panel in MATRIX_PANELS],
        margins=[paths.MARGINS.format(**panel) for panel in MATRIX_PANELS],
    output:
        figure("transfer_matrix", "Transfer"),
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
        panels=MATRIX_PANELS,
        languages=language_rows(),
        version=version("figure_transfer_matrix"),
    message:
        "Draw the transfer matrix of {RUN}"
    script:
        "../workflow/scripts/figure_transfer_matrix.py"


rule figure_conflict:
    input:
        [paths.PREFERENCE.format(**panel) for panel in CONFLICT_PANELS],
    output:
        figure("conflict", "Contradictions"),
    log:
        "results/logs/figure_conflict.log",
    benchmark:
        "results/benchmarks/figure_conflict.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=CONFLICT_PANELS,
        languages=language_rows(),
        version=version("figure_conflict"),
    message:
        "Draw which of two contradictory languages is followed"
    script:
        "../workflow/scripts/figure_conflict.py"


rule figure_robustness:
    input:
        [paths.RESISTANCE.format(**panel) for panel in ROBUSTNESS_PANELS],
    output:
        figure("robustness", "Wrong answers"),
    log:
        "results/logs/figure_robustness.log",
    benchmark:
        "results/benchmarks/figure_robustness.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=ROBUSTNESS_PANELS,
        languages=language_rows(),
        version=version("figure_robustness"),
    message:
        "Draw what is left of known answers after wrong ones"
    script:
        "../workflow/scripts/figure_robustness.py"


rule figure_conductivity:
    input:
        [paths.XRR.format(**panel) for panel in CONDUCTIVITY_PANELS],
    output:
        figure("conductivity", "Alignment"),
    log:
        "results/logs/figure_conductivity.log",
    benchmark:
        "results/benchmarks/figure_conductivity.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=CONDUCTIVITY_PANELS,
        languages=language_rows(),
        version=version("figure_conductivity"),
    message:
        "Draw how much of what is taught in English is known in other languages"
    script:
        "../workflow/scripts/figure_conductivity.py"


rule figure_verification:
    input:
        [paths.VERIFICATION.format(**panel) for panel in VERIFICATION_PANELS],
    output:
        figure("verification", "Before teaching"),
    log:
        "results/logs/figure_verification.log",
    benchmark:
        "results/benchmarks/figure_verification.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=VERIFICATION_PANELS,
        languages=language_rows(),
        version=version("figure_verification"),
    message:
        "Draw what is known untaught ({RUN})"
    script:
        "../workflow/scripts/figure_verification.py"


rule figure_translation:
    input:
        [paths.ABILITY.format(table="translation", **panel) for panel in TRANSLATION_PANELS],
    output:
        figure("translation", "Before teaching"),
    log:
        "results/logs/figure_translation.log",
    benchmark:
        "results/benchmarks/figure_translation.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=TRANSLATION_PANELS,
        languages=language_rows(),
        version=version("figure_translation"),
    message:
        "Draw how well sandboxes translate into English"
    script:
        "../workflow/scripts/figure_translation.py"


rule figure_tiers:
    input:
        means=[paths.TIER_MEANS.format(**panel) for panel in TRANSFER_PANELS],
        cells=[paths.CELLS.format(**panel) for panel in TRANSFER_PANELS],
    output:
        figure("tiers", "Transfer"),
    log:
        "results/logs/figure_tiers.log",
    benchmark:
        "results/benchmarks/figure_tiers.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=TRANSFER_PANELS,
        languages=language_rows(),
        version=version("figure_tiers"),
    message:
        "Draw the transfer of {RUN} from tier to tier"
    script:
        "../workflow/scripts/figure_tiers.py"


rule figure_explanation:
    input:
        [paths.EXPLAINED.format(table="regression", **panel) for panel in EXPLAINED_PANELS],
        [paths.POOLED.format(table="regression", setting=setting) for setting in POOLED_PANELS],
    output:
        figure("explanation", "Transfer"),
    log:
        "results/logs/figure_explanation.log",
    benchmark:
        "results/benchmarks/figure_explanation.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        panels=[*EXPLAINED_PANELS, *map(pooled_label, POOLED_PANELS.items())],
        languages=language_rows(),
        version=version("figure_explanation"),
    message:
        "Draw what explains transfer"
    script:
        "../workflow/scripts/figure_explanation.py"


rule figure_factors:
    input:
        [paths.FACTORS_OF_PAIRS.format(model=model) for model in EXPLAINED_MODELS],
    output:
        figure("factors", "Transfer"),
    log:
        "results/logs/figure_factors.log",
    benchmark:
        "results/benchmarks/figure_factors.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        models=EXPLAINED_MODELS,
        languages=language_rows(),
        version=version("figure_factors"),
    message:
        "Draw the factors of pairs of languages"
    script:
        "../workflow/scripts/figure_factors.py"


FIGURES = [
    *(rules.figure_verification.output if VERIFICATION_PANELS else []),
    *(rules.figure_learning_curves.output if LEARNING_PANELS else []),
    *(rules.figure_transfer_matrix.output if MATRIX_PANELS else []),
    *(rules.figure_tiers.output if TRANSFER_PANELS else []),
    *([*rules.figure_explanation.output, *rules.figure_factors.output] if EXPLAINED_PANELS else []),
    *(rules.figure_conflict.output if CONFLICT_PANELS else []),
    *(rules.figure_robustness.output if ROBUSTNESS_PANELS else []),
    *(rules.figure_conductivity.output if CONDUCTIVITY_PANELS else []),
    *(rules.figure_translation.output if TRANSLATION_PANELS else []),
]
