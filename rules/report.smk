# The page: what was run and what came of it. It shows every figure and waits for every table that rule all asks for.
SHOWN = [path for path in rules.all.input if path not in {paths.REPORT, *LESSONS}]
REPORT_TABLES = [
    *(("cells", panel, paths.CELLS.format(**panel)) for panel in MATRIX_PANELS),
    *(("inequality", panel, paths.INEQUALITY.format(**panel)) for panel in TRANSFER_PANELS),
    *(("speed", panel, paths.SPEED_BY_TIER.format(**panel)) for panel in LEARNING_PANELS),
    *(("preference", panel, paths.PREFERENCE.format(**panel)) for panel in CONFLICT_PANELS),
    *(
        (table, panel, paths.EXPLAINED.format(table=table, **panel))
        for table in ("regression", "coefficients")
        for panel in EXPLAINED_PANELS
    ),
    *(("xrr", panel, paths.XRR.format(**panel)) for panel in CONDUCTIVITY_PANELS),
    *(
        (table, panel | {"setting": "in-context"}, paths.EFFECTS.format(table=table, **panel))
        for table in ("contrasts", "controls")
        for panel in EFFECT_PANELS
    ),
    *(("mitigations", panel, paths.MITIGATIONS.format(**panel)) for panel in MITIGATION_PANELS),
    *(("quality", {"knowledge": name}, paths.QUALITY.format(knowledge=name)) for name in plan.checked(settings)),
]
REPORT_UNTAUGHT = dict.fromkeys(
    (panel["model"], panel["knowledge"]) for panel in [*LEARNING_PANELS, *TRANSFER_PANELS, *ROBUSTNESS_PANELS]
)
REPORT_ITEMS = [
    (name, code) for name in dict.fromkeys(panel["knowledge"] for panel in TRANSFER_PANELS) for code in settings.languages
]


rule report:
    input:
        shown=SHOWN,
        scores=[paths.ALL_SCORES] if SCORES else [],
        untaught=[
            path for model, knowledge in REPORT_UNTAUGHT for path in expand(UNTAUGHT_SCORES, model=model, knowledge=knowledge)
        ],
        knowledge=[paths.ITEMS.format(knowledge=name, language=code) for name, code in REPORT_ITEMS],
        tables=[path for _, _, path in REPORT_TABLES],
        template=paths.REPORT_TEMPLATE,
        beside=sorted(str(path) for path in Path("workflow/report").iterdir() if str(path) != paths.REPORT_TEMPLATE),
        project="pyproject.toml",
    output:
        paths.REPORT,
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        # by way of `input`, so not compared: what of it bears on results has changed an input, too
        config=lambda wildcards, input: as_configured(),
        languages=language_rows(),
        tables=[(name, about) for name, about, _ in REPORT_TABLES],
        knowledge=REPORT_ITEMS,
        store=paths.CALLS,
        version=version("report"),
    message:
        "Write the page about {settings.run}"
    script:
        "../workflow/scripts/report.py"
