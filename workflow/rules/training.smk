# Stage `models`: trains each net, keeping the snapshots that are measured later. One job makes a batch of artefacts, see advdim.plan.batches.


rule models:
    input:
        tokens=[ancient(token) for token in TOKENS["models"]],
    message:
        "stage models is complete"


for batch in BATCHES["models"]:

    rule:
        name:
            f"train_model_{batch.number}"
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
            gpu=batch.replicas if DEVICE == "gpu" else 0,
        params:
            paths=batch.paths,
            config=CONFIG,
            options=OPTIONS,
        message:
            f"training {batch.title}"
        shell:
            "advdim make --config {params.config:q} {params.options:q} {params.paths:q} 2>&1 | tee {log:q}"
