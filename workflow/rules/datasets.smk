# Stage `datasets`: builds each dataset of the configuration.


rule datasets:
    input:
        tokens=[ancient(token) for token in TOKENS["datasets"]],


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
            options=WITH_CONFIG,
        message:
            f"building dataset {batch.title}"
        shell:
            "advdim make {params.options} {params.paths} 2>&1 | tee {log}"
