# Stage `datasets`: builds each dataset of the configuration. One job makes a batch of artefacts, see advdim.plan.batches.


rule datasets:
    input:
        tokens=[ancient(token) for token in TOKENS["datasets"]],
    message:
        "stage datasets is complete"


for batch in BATCHES["datasets"]:

    rule:
        name:
            f"build_dataset_{batch.number}"
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
            f"building dataset {batch.title}"
        shell:
            "advdim make --config {params.config:q} {params.options:q} {params.paths:q} 2>&1 | tee {log:q}"
