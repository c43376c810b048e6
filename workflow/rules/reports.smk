# Stage `reports`: judges the claims, renders the pages, and gives them their plain names.


rule reports:
    input:
        tokens=[ancient(token) for token in TOKENS["reports"]],
        published=PUBLISHED,


for batch in BATCHES["reports"]:

    rule:
        name:
            f"render_report_{batch.number}"
        input:
            needed=[ancient(token) for token in batch.inputs],
        output:
            tokens=batch.tokens,
        log:
            f"logs/{batch.name}.log",
        benchmark:
            f"logs/{batch.name}.tsv"
        threads: PLAN.config.threads
        resources:
            mem_mb=2000,
        params:
            paths=batch.paths,
            options=WITH_CONFIG,
        message:
            f"rendering {batch.title}"
        shell:
            "advdim make {params.options} {params.paths} 2>&1 | tee {log}"


rule publish_reports:
    input:
        pages=[ancient(token) for token in TOKENS["reports"]],
    output:
        token=PUBLISHED,
    log:
        "logs/publish.log",
    params:
        options=WITH_CONFIG,
    message:
        "publishing the pages to reports/"
    shell:
        "advdim publish {params.options} 2>&1 | tee {log}"
