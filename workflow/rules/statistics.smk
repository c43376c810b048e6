# Stage `statistics`: measures datasets and nets: error rates, gradients, tilting. One job makes a batch of artefacts, see advdim.plan.batches.


rule statistics:
    input:
        tokens=[ancient(token) for token in TOKENS["statistics"]],
    message:
        "stage statistics is complete"


for batch in BATCHES["statistics"]:

    rule:
        name:
            f"measure_statistics_{batch.number}"
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
            mem_mb=4000,
            gpu=int(DEVICE == "gpu"),
        params:
            paths=batch.paths,
            config=CONFIG,
            options=OPTIONS,
        message:
            f"measuring {batch.title}"
        shell:
            "advdim make --config {params.config:q} {params.options:q} {params.paths:q} 2>&1 | tee {log:q}"
