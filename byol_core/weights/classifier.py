"""A pretrained encoder with a linear classifier on it: loaded by name, trained in a plain loop, saved, shared.

``BYOLForImageClassification.from_pretrained("byol-tiny", num_labels=10)`` needs no network connection. The files are
those that the Hugging Face Hub expects (config.json, model.safetensors); nothing is unpickled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, Field
from torch import Tensor, nn
from torch.nn import functional as F

from byol_core.config import NetworkConfig
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing, Message
from byol_core.networks import build_encoder
from byol_core.networks.sound import unusable
from byol_core.system import checks
from byol_core.system.files import because, write_atomic, write_json
from byol_core.system.redact import last_part
from byol_core.weights import sources
from byol_core.weights.hubs import network_of

if TYPE_CHECKING:
    from huggingface_hub import PyTorchModelHubMixin as _Hub
else:
    try:
        from huggingface_hub import PyTorchModelHubMixin as _Hub
    except ImportError:

        class _Hub:
            """What takes the mixin's place while huggingface_hub is not installed."""

            def __init_subclass__(cls, **about: Any) -> None:
                """Take what the mixin would."""
                super().__init_subclass__()

            def push_to_hub(self, *_: Any, **__: Any) -> str:
                """Explain that ``huggingface_hub`` has to be installed."""
                raise LabError(_HUB_MISSING)


CONFIG, WEIGHTS, CARD = "config.json", sources.CLASSIFIER, "README.md"
_DOWNLOAD = {"revision", "token", "cache_dir", "local_files_only", "force_download"}
NO_LABEL = (-1, -100)  # the lab's mark and torch's
_HUB_MISSING = Message("The Hugging Face Hub needs one more package: pip install 'byol-lab[hub]'.")
_SIDE = 224  # where no size is known: the stem is named, so it decides nothing
_CARD = """---
library_name: byol_core
pipeline_tag: image-classification
tags: [{tags}]
---
# {encoder} with a linear classifier, saved by BYOL Lab{start}

```python
from byol_core import BYOLForImageClassification

model = BYOLForImageClassification.from_pretrained("{name}")
logits = model(pixel_values).logits  # pixel_values: (B, 3, H, W), floats in [0, 1]{size}
```

The classifier knows what it was trained on, and no more. Whether the encoder learned on since its start is not written
here: say what it and the classifier learned from.
"""


class _Config(BaseModel):
    """What config.json says, as far as it is read."""

    network: NetworkConfig
    num_labels: int = Field(ge=2)
    image_size: int | None = Field(gt=0)
    class_names: list[str] | None
    start: str = ""
    objective: str = ""

    def check(self, weight: Tensor) -> None:
        """ValueError when the classifier's weight (classes, features) is of another number of classes."""
        classes = self.num_labels if self.class_names is None else len(self.class_names)
        if not weight.ndim == 2 or {len(weight), classes} != {self.num_labels}:
            raise ValueError("another number of classes")


@dataclass
class ImageClassifierOutput:
    """``logits`` (B, classes); ``loss``, a scalar, when labels were given, else None.

    As in transformers, ``output.logits``, ``output["logits"]`` and ``output[-1]`` are the same, and
    ``loss, logits = output`` works when there is a loss: what is None is not counted.
    """

    loss: Tensor | None
    logits: Tensor

    def to_tuple(self) -> tuple[Tensor, ...]:
        """What there is, the loss first."""
        return (self.logits,) if self.loss is None else (self.loss, self.logits)

    def __getitem__(self, key: str | int) -> Tensor:
        """By name, or by place in the tuple."""
        if isinstance(key, int):
            return self.to_tuple()[key]
        if key == "logits":
            return self.logits
        if key == "loss" and self.loss is not None:
            return self.loss
        raise KeyError(key)

    def __iter__(self) -> Iterator[Tensor]:
        """Unpack like a tuple: the loss if there is one, then the logits."""
        return iter(self.to_tuple())

    def __len__(self) -> int:
        """The length of that tuple: 2 with a loss, else 1."""
        return len(self.to_tuple())


class BYOLForImageClassification(nn.Module, _Hub, library_name="byol_core"):
    """An encoder and a linear classifier on its representation; every weight learns unless it is frozen.

    ``network`` names the encoder, ``image_size`` (pixels) is that of the images it learned from, None where nobody
    knows. ``start`` names the weights that the encoder began with and ``objective`` what their run learned by; both are
    empty where nobody knows. InputError with fewer than two classes.
    """

    def __init__(
        self,
        network: NetworkConfig,
        num_labels: int,
        image_size: int | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        _check(network, num_labels, image_size, class_names)
        if class_names is not None and len(class_names) != num_labels:
            raise InputError(
                "There are {names} class_names for {classes} classes.", names=len(class_names), classes=num_labels
            )
        self.network, self.image_size, self.num_labels = network, image_size, num_labels
        self.class_names = None if class_names is None else tuple(class_names)
        self.start = self.objective = ""
        self.encoder = build_encoder(network, image_size or _SIDE)
        self.classifier = nn.Linear(self.encoder.feature_dim, num_labels)

    def forward(self, pixel_values: Tensor, labels: Tensor | None = None) -> ImageClassifierOutput:
        """Images (B, 3, H, W) in [0, 1], labels (B,) int64 -> logits (B, classes), and the mean cross-entropy.

        Images of uint8 are divided by 255. The encoder normalizes by itself. A label of -1 or -100 is none; without
        a single one the loss is 0. ArgumentError when they are of another kind or shape; on the CPU their values are
        looked at too.
        """
        _look(pixel_values, labels, self.num_labels)
        logits: Tensor = self.classifier(self.encoder(pixel_values))
        if labels is None:
            return ImageClassifierOutput(None, logits)
        known = (labels != NO_LABEL[0]) & (labels != NO_LABEL[1])
        labels = labels.where(known, NO_LABEL[1])
        total = F.cross_entropy(logits.float(), labels, ignore_index=NO_LABEL[1], reduction="sum")
        return ImageClassifierOutput(total / known.sum().clamp(min=1), logits)

    # Loading

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        num_labels: int | None = None,
        class_names: Sequence[str] | None = None,
        id2label: Mapping[Any, str] | None = None,
        **download: Any,
    ) -> Self:
        """The model of that name, in evaluation mode: call ``train()`` before training it, as with transformers.

        The name is ``byol-tiny``, which comes along; a run's id; a folder of a run or of :meth:`save_pretrained`; a
        file of weights; ``torchvision:resnet18`` or ``timm:resnet18.a1_in1k``; or a repository of the Hugging Face Hub
        as ``owner/name``, to which ``download`` applies (revision, token, cache_dir, local_files_only,
        force_download; another keyword is an InputError). ``class_names`` say how many classes there are, too;
        ``id2label``, as transformers has it, is the same by number: {0: "cat", 1: "dog"}.

        The classifier is a saved one when it has as many classes as are asked for, else drawn from torch's global
        generator. InputError when there is nothing of that name or the number of classes is not known, LabError when it
        cannot be read or fetched.
        """
        checks.kind(Message("the name of a model"), pretrained_model_name_or_path, (str, Path), "a text or a path")
        name = str(pretrained_model_name_or_path)
        if unknown := sorted(download.keys() - _DOWNLOAD):
            known = Listing(("num_labels", "class_names", "id2label", *sorted(_DOWNLOAD)), "comma")
            raise InputError("from_pretrained does not know '{name}'; it takes {known}.", name=unknown[0], known=known)
        _check_classes(num_labels, class_names)
        if id2label is not None:
            class_names = _in_order(id2label)
        if class_names is not None and num_labels is None:
            num_labels = len(class_names)
        path = sources.find(name)
        if path is None and not sources.is_hub(name):
            path = _fetched(name, download)
        if path is not None and (path / WEIGHTS).is_file():
            model = cls._of_folder(path, num_labels, class_names)
        else:
            model = cls._around(sources.load(name), num_labels, class_names)
        return model.eval()

    @classmethod
    def _around(cls, start: sources.Start, num_labels: int | None, class_names: Sequence[str] | None) -> Self:
        if num_labels is None:
            raise InputError(
                "'{title}' has no classifier yet: say how many classes there are with num_labels.", title=start.title
            )
        network = network_of(start.encoder.body.state_dict(), start.title)
        model = cls(network, num_labels, start.image_size, class_names)
        model.encoder = start.encoder
        model.start, model.objective = last_part(start.title), start.objective
        return model

    @classmethod
    def _of_folder(cls, folder: Path, num_labels: int | None, class_names: Sequence[str] | None) -> Self:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            said = _Config.model_validate_json((folder / CONFIG).read_bytes())
            tensors = load_file(folder / WEIGHTS)
            said.check(tensors["classifier.weight"])
        except (OSError, ValueError, KeyError, SafetensorError):
            raise LabError("The model in '{folder}' is damaged, or it is not one of this lab.", folder=folder) from None
        saved, same = said.num_labels, num_labels in (None, said.num_labels)
        names = class_names or (said.class_names if same else None)
        model = cls(said.network, saved if num_labels is None else num_labels, said.image_size, names)
        model.start, model.objective = said.start, said.objective
        if not same:
            fresh = {f"classifier.{name}": value for name, value in model.classifier.state_dict().items()}
            tensors = {**tensors, **fresh}
        try:
            model.load_state_dict(tensors)
        except RuntimeError:
            raise LabError(
                "The weights in '{folder}' are not those that its config.json describes.", folder=folder
            ) from None
        if complaint := unusable(model.state_dict()):
            raise LabError("The weights in '{place}' {complaint}.", place=folder, complaint=complaint)
        return model

    # Saving

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        repo_id: str | None = None,
        push_to_hub: bool = False,
        config: Any = None,
        model_card_kwargs: Mapping[str, Any] | None = None,
        **push: Any,
    ) -> str | None:
        """Write config.json, model.safetensors and a short README.md into a folder; a README that is there stays.

        With ``push_to_hub`` they go to the repository ``repo_id`` as well, by default named as the folder; returns the
        address of that commit. ``config`` and ``model_card_kwargs`` are what huggingface_hub's own method has; only the
        latter's ``repo_id`` is read, as the name that the README gives. LabError when the folder cannot be written.
        """
        from safetensors.torch import save

        folder = Path(save_directory)
        name = (model_card_kwargs or {}).get("repo_id") or repo_id or folder.name
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.state_dict().items()}
        try:
            write_atomic(folder / WEIGHTS, save(tensors, {"format": "pt"}))
            write_json(folder / CONFIG, self.as_config())
            if not (folder / CARD).exists():
                write_atomic(folder / CARD, self._card(name).encode())
        except OSError as error:
            raise LabError(
                "The model could not be saved in '{folder}': {reason}.", folder=folder, reason=because(error)
            ) from None
        return self.push_to_hub(repo_id or folder.name, **push) if push_to_hub else None

    def push_to_hub(self, repo_id: str, **push: Any) -> str:
        """Upload the model to a repository of the Hugging Face Hub, made when it is not there; the commit's address.

        ``push`` are huggingface_hub's: commit_message, private, token, branch, create_pr, and more. LabError when the
        package is missing.
        """
        address: str = super().push_to_hub(repo_id, model_card_kwargs={"repo_id": repo_id}, **push)
        return address

    def as_config(self) -> dict[str, Any]:
        """What config.json says: all that is needed to build the model before its weights are read."""
        return {
            "architectures": [type(self).__name__],
            "network": self.network.model_dump(mode="json", include={"encoder", "stem", "encoder_norm"}),
            "image_size": self.image_size,
            "num_labels": self.num_labels,
            "class_names": self.class_names,
            "start": self.start,
            "objective": self.objective,
        }

    def _card(self, name: str) -> str:
        size = f", best of {self.image_size} x {self.image_size} pixels" if self.image_size else ""
        start = f"; started from {self.start}" if self.start else ""
        tags = "byol, self-supervised" if self.objective == "byol" else "image-classification"
        return _CARD.format(encoder=self.network.encoder, name=name, size=size, start=start, tags=tags)


def _check(network: object, num_labels: object, image_size: object, class_names: object) -> None:
    checks.kind("network", network, NetworkConfig, "a NetworkConfig, such as RunConfig().network")
    _check_classes(num_labels, class_names)
    if num_labels is None:
        raise checks.wrong("num_labels", "a whole number from 2 on", None)
    if image_size is not None:
        checks.whole("image_size", image_size)


def _check_classes(num_labels: object, class_names: object) -> None:
    if num_labels is not None:
        checks.whole("num_labels", num_labels, 2)
    named = isinstance(class_names, Sequence) and all(isinstance(name, str) for name in class_names)
    if class_names is not None and (not named or isinstance(class_names, str)):
        raise checks.wrong("class_names", "a list of names", class_names)


def _look(pixel_values: Tensor, labels: Tensor | None, classes: int) -> None:
    """At images and labels; what is on an accelerator is not waited for."""
    checks.pictures("pixel_values", pixel_values, look=checks.is_tensor(pixel_values) and checks.at_hand(pixel_values))
    if labels is None:
        return
    checks.labels("labels", labels, len(pixel_values), look=False)
    if checks.at_hand(labels):
        checks.labels("labels", labels.masked_fill(labels == NO_LABEL[1], NO_LABEL[0]), len(pixel_values), classes)


def _in_order(id2label: Mapping[Any, str]) -> list[str]:
    """The names by their numbers, which JSON makes text; InputError when they do not count up from 0."""
    checks.kind("id2label", id2label, Mapping, "the names of the classes by number, as {0: 'cat', 1: 'dog'}")
    try:
        named = {int(number): str(name) for number, name in id2label.items()}
    except (ValueError, TypeError):
        named = {}
    if not named or sorted(named) != list(range(len(id2label))):
        raise InputError("id2label should name the classes by number from 0 on, as {0: 'cat', 1: 'dog'}.")
    return [named[number] for number in range(len(named))]


def _fetched(name: str, download: dict[str, Any]) -> Path:
    """The folder of a repository's files, downloaded unless they are here; InputError when it can be none."""
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise InputError(
            "There is no '{name}' to load: give byol-tiny, a run, a folder, a file of weights, torchvision:NAME, "
            "timm:NAME, or owner/name on the Hugging Face Hub.",
            name=name,
        )
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise LabError(_HUB_MISSING) from None
    try:
        files = [Path(hf_hub_download(name, file, **download)) for file in (CONFIG, WEIGHTS)]
    except Exception as error:  # of the network, of the repository, of the name
        raise LabError(
            "'{name}' is neither on this machine nor on the Hugging Face Hub ({reason}); look at its name, and whether "
            "this machine reaches the internet.",
            name=name,
            reason=type(error).__name__,
        ) from None
    return files[0].parent
