# Stage `models`: trains each net, keeping the snapshots that are measured later.


rule models:
    input:
        tokens=[ancient(token) for token in TOKENS["models"]],


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
            gpu=int(DEVICE == "gpu"),
        params:
            paths=batch.paths,
            options=WITH_CONFIG,
        message:
            f"training {batch.title}"
        shell:
            "advdim make {params.options} {params.paths} 2>&1 | tee {log}"
