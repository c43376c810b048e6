# Stage `attacks`: searches for errors near correctly classified inputs. One job makes a batch of artefacts, see advdim.plan.batches.


rule attacks:
    input:
        tokens=[ancient(token) for token in TOKENS["attacks"]],
    message:
        "stage attacks is complete"


for batch in BATCHES["attacks"]:

    rule:
        name:
            f"run_attack_{batch.number}"
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
            f"attacking {batch.title}"
        shell:
            "advdim make --config {params.config:q} {params.options:q} {params.paths:q} 2>&1 | tee {log:q}"
