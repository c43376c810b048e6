"""Nets with given weights: pixels on [0, 1] in, logits out, the published file's numbers inside, nothing downloaded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

from advdim.config.models import ApplicationName
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import ImageInfo, write_images
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models import application, application_files
from advdim.models.network import build, load_weights
from advdim.training import given

EXECUTION = {"device": "cpu", "threads": 1}
INFO = ImageInfo((32, 32, 3), ("a", "b", "c"), (0, 0, 0), (1, 1, 1))
PIXELS = np.random.default_rng(0).random((4, 32, 32, 3)).astype(np.float32)

SYMMETRIC = 2 * PIXELS - 1
CENTRED = 255 * PIXELS[..., ::-1] - np.array([103.939, 116.779, 123.68])  # Caffe's blue, green and red
STANDARDISED = (PIXELS - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
EXPECTED = dict.fromkeys(get_args(ApplicationName), SYMMETRIC)
EXPECTED |= dict.fromkeys(("ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19"), CENTRED)
EXPECTED |= dict.fromkeys(("DenseNet121", "DenseNet169", "DenseNet201"), STANDARDISED)


@pytest.mark.parametrize("name", application.FAMILIES)
def test_each_family_gets_the_pixels_that_it_was_trained_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(**options: Any) -> SimpleNamespace:
        assert options["weights"] is options["classifier_activation"] is None
        assert options["classes"] == 3
        return SimpleNamespace(output=options["input_tensor"])

    monkeypatch.setattr(getattr(keras.applications, application.FAMILIES[name]), name, stand_in)
    model = application.build(INFO, name=name, weights="", seed=0)
    assert np.asarray(model(PIXELS)) == pytest.approx(EXPECTED[name], abs=2e-4)


def test_the_configuration_allows_what_can_be_built() -> None:
    assert set(get_args(ApplicationName)) == set(application.FAMILIES)
    with pytest.raises(
        AdvdimError, match=r"found the name 'EfficientNetB0'; expected one of DenseNet121, .*, Xception"
    ):
        application.build(INFO, name="EfficientNetB0", weights="", seed=0)


def test_images_that_are_too_small_are_told() -> None:
    with pytest.raises(AdvdimError, match=r"InceptionV3 cannot be built for images of shape \(32, 32, 3\).*width"):
        application.build(INFO, name="InceptionV3", weights="", seed=0)


def publish(model: keras.Model, path: Path) -> Path:
    """Write weights as Keras's published files hold them: HDF5 in the format of Keras 2."""
    whole = path.with_name("whole.h5")
    model.save(whole)
    with h5py.File(whole) as source, h5py.File(path, "w") as target:
        for name in source["model_weights"]:
            source.copy(source["model_weights"][name], target)
        target.attrs.update(source["model_weights"].attrs)
    return path


def training_job(folder: Path, weights: Path) -> Job:
    for name in ("dataset", "output"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    images, labels = np.zeros((1, 32, 32, 3), np.uint8), np.zeros(1, np.int64)
    splits = ImageSplits(images[:0], labels[:0], images, labels, pd.DataFrame({"label": labels}), INFO.class_names)
    write_images(folder / "dataset", splits)
    model = {"kind": "application", "name": "MobileNet", "weights": str(weights)}
    settings = {"model": model, "training": {"kind": "given"}}
    return Job("test", settings, 0, EXECUTION, {"dataset": folder / "dataset"}, folder / "output", folder, 60)


def test_given_weights_become_the_one_snapshot_the_same_bytes_each_time(tmp_path: Path) -> None:
    published = keras.applications.MobileNet(
        weights=None, input_shape=(32, 32, 3), classes=3, classifier_activation=None
    )
    generator = np.random.default_rng(0)
    published.set_weights([generator.uniform(0.1, 0.4, values.shape) for values in published.get_weights()])
    weights = publish(published, tmp_path / "mobilenet.h5")
    jobs = [training_job(tmp_path / name, weights) for name in ("first", "second")]
    for job in jobs:
        given.train(job)
    weights.unlink()
    first, second = ({path.name: path.read_bytes() for path in job.output.iterdir()} for job in jobs)
    assert sorted(first) == ["architecture.json", "layers.parquet", "step-0000000.weights.h5"]
    assert first == second
    model = build(jobs[0].settings["model"], jobs[0].inputs["dataset"], 0)
    load_weights(model, jobs[0].output, 0)
    assert np.asarray(model(PIXELS)) == pytest.approx(np.asarray(published(SYMMETRIC.astype(np.float32))), rel=1e-4)


def small_net(classes: int) -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(classes)(inputs))


def test_files_that_do_not_fit_are_told_in_one_sentence(tmp_path: Path) -> None:
    fitting = publish(small_net(3), tmp_path / "three.h5")
    application.load_published(small_net(3), str(fitting))
    with pytest.raises(AdvdimError, match="does not hold the weights of this net") as error:
        application.load_published(small_net(4), str(fitting))
    assert "\n" not in str(error.value)
    for content in (b"", b"PK\x03\x04", fitting.read_bytes()[:600]):
        (tmp_path / "broken.h5").write_bytes(content)
        with pytest.raises(AdvdimError, match=r"broken\.h5"):
            application.load_published(small_net(3), str(tmp_path / "broken.h5"))


def test_damaged_files_and_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file.attrs["layer_names"] = 3
    with pytest.raises(AdvdimError, match=r"odd\.h5: does not hold the weights of this net"):
        application.load_published(small_net(3), str(tmp_path / "odd.h5"))
    net = small_net(3)
    net.set_weights([np.full(values.shape, np.nan) for values in net.get_weights()])
    weights = publish(net, tmp_path / "nan.h5")
    with pytest.raises(AdvdimError, match=r"nan\.h5: holds weights that are no finite numbers"):
        application.load_published(small_net(3), str(weights))


def test_what_is_missing_is_told_without_tensorflow(tmp_path: Path) -> None:
    assert "nothing is downloaded" in (application_files.needs(tmp_path / "inception.h5") or "")
    (tmp_path / "net.keras").write_bytes(b"PK")
    assert "whose name ends otherwise" in (application_files.needs(tmp_path / "net.keras") or "")
    (tmp_path / "page.h5").write_text("<html>not found</html>")
    assert "another format" in (application_files.needs(tmp_path / "page.h5") or "")
    with h5py.File(tmp_path / "good.h5", "w"):
        pass
    assert application_files.needs(tmp_path / "good.h5") is None
