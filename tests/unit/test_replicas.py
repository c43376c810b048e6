"""Several devices that share each batch give the losses of one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images

TRAIN = """
import sys
from pathlib import Path
import pandas as pd
from advdim.device import prepare_process
folder, replicas = Path(sys.argv[1]), int(sys.argv[2])
prepare_process(device="cpu", threads=1)
from advdim.config.training import Gradient
from advdim.job import Job
from advdim.training import gradient
training = Gradient(
    kind="gradient", learning_rate=1e-3, batch=12, steps=25, snapshots=(0,), replicas=replicas, validation_share=0.2,
    augmentation={"flip": True, "shift": 1}, objective=eval(sys.argv[3]),
)
model = {"kind": "convolutional", "channels": 4, "layers": 2, "strides": [1, 2]}
settings = {"model": model, "training": training.model_dump(mode="json")}
output = folder / f"replicas-{replicas}"
checkpoint = output / "checkpoint"
checkpoint.mkdir(parents=True)
execution = {"device": "cpu", "threads": 1, "replicas": replicas}
gradient.train(Job("net", settings, 0, execution, {"dataset": folder}, output, checkpoint, 60))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        {"kind": "gradient_penalty", "norm": "l2", "eps_pixel": 0.05},
        {"kind": "pgd", "eps_pixel": 0.05, "steps": 3, "relative_step": 0.5},
    ],
)
def test_two_logical_devices_give_the_losses_of_one(tmp_path: Path, objective: dict[str, object]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    labels = np.arange(60) % 3
    write_images(tmp_path, ImageSplits(images, labels, images, labels, pd.DataFrame({"label": labels}), tuple("abc")))
    histories = []
    for replicas in (1, 2):
        command = [sys.executable, "-c", TRAIN, str(tmp_path), str(replicas), repr(objective)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        histories.append(pd.read_parquet(tmp_path / f"replicas-{replicas}" / "history.parquet"))
    one, two = histories
    for column in ("loss", "objective", "validation_loss"):
        assert two[column].to_numpy() == pytest.approx(one[column].to_numpy(), abs=1e-5)
    assert one["loss"].iloc[-1] < one["loss"].iloc[0]
    assert (tmp_path / "replicas-2" / "step-0000000.weights.h5").is_file()
