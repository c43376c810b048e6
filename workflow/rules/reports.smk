# Stage `reports`: judges the claims, renders the pages, gives them their plain names. One job makes a batch of artefacts, see advdim.plan.batches.


rule reports:
    input:
        tokens=[ancient(token) for token in TOKENS["reports"]],
        published=PUBLISHED,
    message:
        "stage reports is complete"


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
            config=CONFIG,
            options=OPTIONS,
        message:
            f"rendering {batch.title}"
        shell:
            "advdim make --config {params.config:q} {params.options:q} {params.paths:q} 2>&1 | tee {log:q}"


rule publish_reports:
    input:
        pages=[ancient(token) for token in TOKENS["reports"]],
    output:
        token=PUBLISHED,
    log:
        "logs/publish.log",
    params:
        config=CONFIG,
        options=OPTIONS,
    message:
        "publishing the pages to reports/"
    shell:
        "advdim publish --config {params.config:q} {params.options:q} 2>&1 | tee {log:q}"
