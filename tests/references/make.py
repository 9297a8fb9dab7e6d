"""Compute ``values.json`` with code that is not ours, so that our tests can compare numbers and not our own formulas.

    python tests/references/make.py --authors deepmind-research/byol/utils

Needs, in an environment of their own: lightly, solo-learn, byol-pytorch, kornia, timm, torchvision, scikit-learn,
scipy, optax, jax and dm-tree; and the authors' folder. Each value says where it comes from. The tests read the numbers
and need none of this.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import inputs
import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

jax.config.update("jax_enable_x64", True)
jax.tree_multimap = jax.tree_util.tree_map  # the names of the jax of 2020, which the authors' code uses
jax.tree_map = jax.tree_util.tree_map

HERE = Path(__file__).parent
AUTHORS = "google-deepmind/deepmind-research byol/utils"
SHAPES = ((4, 3), (16, 8), (33, 20))
found: list[dict[str, Any]] = []


def case(what: str, source: str, value: Any, **given: Any) -> None:
    """One comparison: our function, the arguments, whose number it is, and the number."""
    value = value.tolist() if hasattr(value, "tolist") else value
    found.append({"what": what, "given": given, "source": source, "value": value})


def of(package: str, path: str) -> str:
    return f"{package} {version(package)}, {path}"


def part(package: str, path: str) -> ModuleType:
    """One file of an installed package, without what its __init__ would import."""
    root = Path(importlib.util.find_spec(package).submodule_search_locations[0])
    return module(root / path)


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def pairs() -> list[tuple[dict[str, Any], Tensor, Tensor]]:
    return [
        ({"shape": shape, "center": c}, inputs.rows(*shape, 0.3, c), inputs.rows(*shape, 0.8, c))
        for shape in SHAPES
        for c in (0.0, 0.5)
    ]


def losses(authors: Path) -> None:
    from lightly.loss import BarlowTwinsLoss, NegativeCosineSimilarity, NTXentLoss, VICRegLoss

    helpers, solo = module(authors / "helpers.py"), of("solo-learn", "solo/losses")
    torch.set_default_dtype(torch.float64)
    for given, a, b in pairs():
        x, y = jnp.asarray(a.numpy()), jnp.asarray(b.numpy())
        case("byol_loss", f"{AUTHORS}/helpers.py regression_loss", helpers.regression_loss(x, y).mean(), **given)
        case("byol_loss", f"{solo}/byol.py", part("solo", "losses/byol.py").byol_loss_func(a, b, False), **given)
        case(
            "byol_loss",
            of("byol-pytorch", "byol_pytorch.py cosine_loss_fn"),
            part("byol_pytorch", "byol_pytorch.py").cosine_loss_fn(a, b).mean(),
            **given,
        )
        case(
            "negative_cosine",
            of("lightly", "loss/negative_cosine_similarity.py"),
            NegativeCosineSimilarity()(a, b),
            **given,
        )
        case(
            "negative_cosine",
            f"{solo}/simsiam.py",
            part("solo", "losses/simsiam.py").simsiam_loss_func(a, b, False),
            **given,
        )
        for t in (0.1, 0.5):
            case("nt_xent", of("lightly", "loss/ntx_ent_loss.py"), NTXentLoss(t)(a, b), t=t, **given)
            case(
                "nt_xent", f"{solo}/simclr.py", part("solo", "losses/simclr.py").simclr_loss_func(a, b, t), t=t, **given
            )
            negatives = F.normalize(inputs.rows(11, a.shape[1], 1.7), dim=1)
            value = part("solo", "losses/moco.py").moco_loss_func(F.normalize(a), F.normalize(b), negatives.T, t)
            case("info_nce", f"{solo}/moco.py", value, t=t, **given)
        for weight in (0.0051, 1.0):
            case(
                "barlow_twins",
                of("lightly", "loss/barlow_twins_loss.py"),
                BarlowTwinsLoss(weight)(a, b),
                weight=weight,
                **given,
            )
            value = part("solo", "losses/barlow.py").barlow_loss_func(a.clone(), b.clone(), weight, 1.0)
            case("barlow_twins", f"{solo}/barlow.py", value, weight=weight, **given)
        weights = {"weights": (25.0, 10.0, 2.0)}
        case("vicreg", of("lightly", "loss/vicreg_loss.py"), VICRegLoss(*weights["weights"])(a, b), **weights, **given)
        value = part("solo", "losses/vicreg.py").vicreg_loss_func(a, b, 25.0, 10.0 / 2, 2.0)
        case("vicreg", f"{solo}/vicreg.py, whose hinge is the sum of the two views'", value, **weights, **given)
        truth = inputs.labels(len(a), a.shape[1])
        one_hot = jnp.asarray(F.one_hot(truth, a.shape[1]).numpy())
        value = helpers.softmax_cross_entropy(4 * x, one_hot)
        case("cross_entropy", f"{AUTHORS}/helpers.py softmax_cross_entropy", value, **given)


def schedules(authors: Path) -> None:
    import optax
    from lightly.utils.scheduler import cosine_schedule

    theirs = module(authors / "schedules.py")
    for total, warmup, batch in ((100, 10, 256), (12, 4, 512), (300, 0, 4096), (7, 6, 64)):
        steps = sorted({0, 1, 2, warmup, total // 2, total - 1, total, total + 5})
        rate = [float(theirs.learning_schedule(jnp.asarray(k), batch, 0.3, total, warmup)) for k in steps]
        case(
            "learning_rate",
            f"{AUTHORS}/schedules.py learning_schedule",
            rate,
            steps=steps,
            total=total,
            warmup=warmup,
            base=0.3 * batch / 256,
        )
        tau = [float(theirs.target_ema(jnp.asarray(k), 0.97, total)) for k in steps]
        case("target_tau", f"{AUTHORS}/schedules.py target_ema", tau, steps=steps, total=total, base=0.97)
        steps = [k for k in steps if k < total]
        tau = [cosine_schedule(k, total + 1, 0.99, 1.0) for k in steps]
        case(
            "target_tau", of("lightly", "utils/scheduler.py cosine_schedule"), tau, steps=steps, total=total, base=0.99
        )
        if warmup:
            other = optax.warmup_cosine_decay_schedule(0.0, 0.7, warmup, total)
            case(
                "learning_rate",
                of("optax", "warmup_cosine_decay_schedule"),
                [float(other(k)) for k in steps],
                steps=steps,
                total=total,
                warmup=warmup,
                base=0.7,
            )


def averages() -> None:
    from lightly.models.utils import update_momentum
    from timm.utils import ModelEmaV2

    lucidrains = part("byol_pytorch", "byol_pytorch.py")

    def by_lightly(online: torch.nn.Module, target: torch.nn.Module, tau: float) -> torch.nn.Module:
        update_momentum(online, target, tau)
        return target

    def by_timm(online: torch.nn.Module, target: torch.nn.Module, tau: float) -> torch.nn.Module:
        average = ModelEmaV2(target, tau)
        average.update(online)
        return average.module

    def by_lucidrains(online: torch.nn.Module, target: torch.nn.Module, tau: float) -> torch.nn.Module:
        target.weight.data = lucidrains.EMA(tau).update_average(target.weight.data, online.weight.data)
        return target

    whose = {
        of("lightly", "models/utils.py update_momentum"): by_lightly,
        of("timm", "utils/model_ema.py ModelEmaV2"): by_timm,
        of("byol-pytorch", "byol_pytorch.py EMA"): by_lucidrains,
    }
    for tau in (0.0, 0.9, 0.996, 1.0):
        for source, update in whose.items():
            online, target = torch.nn.Linear(16, 16).double(), torch.nn.Linear(16, 16).double()
            target.weight.data = inputs.rows(16, 16, 2.0)
            for k in range(5):
                online.weight.data = inputs.rows(16, 16, 3.0 + k)
                target = update(online, target, tau)
            case("update_target", source, inputs.probes(target.weight, 12), tau=tau)


def neighbors() -> None:
    from lightly.utils.benchmarking.knn import knn_predict
    from sklearn.neighbors import KNeighborsClassifier

    for n, d, classes in ((60, 8, 4), (150, 16, 7)):
        bank, truth = inputs.clusters(n, d, classes, 0.3)
        queries, answers = inputs.clusters(25, d, classes, 0.9)
        for k, t in ((1, 0.1), (5, 0.07), (20, 0.1), (40, 1.0)):
            given = {"n": n, "d": d, "classes": classes, "k": k, "t": t}
            unit, asked = F.normalize(bank), F.normalize(queries)
            theirs = knn_predict(asked, unit.T.contiguous(), truth, classes, k, t)[:, 0]
            case("knn_predict", of("lightly", "utils/benchmarking/knn.py"), theirs, **given)
            other = KNeighborsClassifier(
                k, weights=lambda far, t=t: np.exp((1 - far) / t), metric="cosine", algorithm="brute"
            )
            said = other.fit(bank.numpy(), truth.numpy()).predict(queries.numpy())
            case(
                "knn_predict",
                of("scikit-learn", "KNeighborsClassifier, metric=cosine, weights exp((1 - d) / T)"),
                said,
                **given,
            )
            case(
                "knn_accuracy",
                of("scikit-learn", "the same, accuracy"),
                float((said == answers.numpy()).mean()),
                **given,
            )


def probes() -> None:
    from sklearn.linear_model import LogisticRegression

    for n, d, classes in ((60, 6, 3), (120, 10, 5), (40, 50, 4)):
        features, truth = inputs.clusters(n, d, classes, 0.3)
        scale = float((features - features.mean(0)).square().mean().sqrt())
        for strength in (0.3, 1.0, 30.0):
            model = LogisticRegression(C=1 / (strength * scale**2), tol=1e-10, max_iter=100000)
            model.fit(features.numpy(), truth.numpy())
            asked, _ = inputs.clusters(10, d, classes, 0.9)
            value = inputs.probes(torch.tensor(model.predict_proba(asked.numpy())))
            case(
                "linear",
                of("scikit-learn", "LogisticRegression, C = 1 / (strength * scale^2)"),
                value,
                n=n,
                d=d,
                classes=classes,
                strength=strength,
            )


def health() -> None:
    from lightly.utils.debug import std_of_l2_normalized
    from scipy.linalg import svdvals
    from scipy.stats import entropy
    from sklearn.decomposition import PCA
    from sklearn.metrics.pairwise import (
        cosine_similarity,
        euclidean_distances,
        paired_cosine_distances,
        paired_euclidean_distances,
    )

    for shape in ((40, 12), (12, 40), (64, 64), (200, 5)):
        for center in (0.0, 0.5):
            given = {"shape": shape, "center": center}
            a, b = inputs.rows(*shape, 0.3, center), inputs.rows(*shape, 0.8, center)
            x, unit = a.numpy(), F.normalize(a).numpy()
            case(
                "std_ratio",
                of("lightly", "utils/debug.py std_of_l2_normalized times sqrt(d)"),
                std_of_l2_normalized(a) * shape[1] ** 0.5,
                **given,
            )
            singular = svdvals(x)
            case(
                "rankme",
                of("scipy", "exp of stats.entropy of linalg.svdvals"),
                float(np.exp(entropy(singular))),
                **given,
            )
            spread = PCA().fit(x)
            variance = spread.explained_variance_
            case(
                "participation_ratio",
                of("scikit-learn", "PCA().explained_variance_"),
                float(variance.sum() ** 2 / (variance**2).sum()),
                **given,
            )
            relative = spread.singular_values_ / spread.singular_values_[0]
            case("spectrum", of("scikit-learn", "PCA().singular_values_"), relative[:4], **given)
            pair = ~np.eye(len(x), dtype=bool)
            case(
                "mean_cosine",
                of("scikit-learn", "cosine_similarity"),
                float(cosine_similarity(x)[pair].mean()),
                **given,
            )
            case(
                "paired_cosine",
                of("scikit-learn", "1 - paired_cosine_distances"),
                float(1 - paired_cosine_distances(x, b.numpy()).mean()),
                **given,
            )
            far = paired_euclidean_distances(unit, F.normalize(b).numpy())
            case(
                "alignment", of("scikit-learn", "paired_euclidean_distances, squared"), float((far**2).mean()), **given
            )
            every = euclidean_distances(unit)[pair] ** 2
            case(
                "uniformity",
                of("scikit-learn", "euclidean_distances"),
                float(np.log(np.exp(-2 * every).mean())),
                **given,
            )


def views(authors: Path) -> None:
    import kornia
    from torchvision.transforms.v2 import functional as T

    theirs = module(authors / "augmentations.py")
    vision = of("torchvision", "transforms/v2/functional")
    x = inputs.pictures(3, 20, 24)
    nhwc = jnp.asarray(x.permute(0, 2, 3, 1).numpy())
    back = lambda value: torch.tensor(np.asarray(value)).permute(0, 3, 1, 2)  # noqa: E731
    for factor in (0.6, 1.0, 1.4):
        case("brightness", f"{vision} adjust_brightness", inputs.probes(T.adjust_brightness(x, factor)), factor=factor)
        case(
            "brightness",
            of("kornia", "enhance.adjust_brightness_accumulative"),
            inputs.probes(kornia.enhance.adjust_brightness_accumulative(x, factor)),
            factor=factor,
        )
        case("contrast", f"{vision} adjust_contrast", inputs.probes(T.adjust_contrast(x, factor)), factor=factor)
        case(
            "contrast of another gray",
            of("kornia", "enhance.adjust_contrast_with_mean_subtraction"),
            inputs.probes(kornia.enhance.adjust_contrast_with_mean_subtraction(x, factor)),
            factor=factor,
        )
    for factor in (0.0, 0.8, 1.2):
        case("saturation", f"{vision} adjust_saturation", inputs.probes(T.adjust_saturation(x, factor)), factor=factor)
        case(
            "saturation of another gray",
            of("kornia", "enhance.adjust_saturation_with_gray_subtraction"),
            inputs.probes(kornia.enhance.adjust_saturation_with_gray_subtraction(x, factor)),
            factor=factor,
        )
    for turn in (-0.1, 0.03, 0.1, 0.5):
        case("hue", f"{vision} adjust_hue", inputs.probes(T.adjust_hue(x, turn)), turn=turn)
        case(
            "hue",
            of("kornia", "enhance.adjust_hue"),
            inputs.probes(kornia.enhance.adjust_hue(x, turn * 2 * np.pi)),
            turn=turn,
        )
        planes = [nhwc[..., c] for c in range(3)]
        rgb = theirs.hsv_to_rgb(*theirs.adjust_hue(*theirs.rgb_to_hsv(*planes), turn))
        case("hue", f"{AUTHORS}/augmentations.py adjust_hue", inputs.probes(back(jnp.stack(rgb, -1))), turn=turn)
    case("grayscale", f"{vision} rgb_to_grayscale", inputs.probes(T.rgb_to_grayscale(x, 3)))
    case(
        "grayscale",
        f"{AUTHORS}/augmentations.py _to_grayscale",
        inputs.probes(back(jnp.stack([theirs._to_grayscale(i) for i in nhwc]))),
    )
    for threshold in (0.25, 0.5, 0.9):
        case("solarize", f"{vision} solarize", inputs.probes(T.solarize(x, threshold)), threshold=threshold)
        every = [theirs._solarize_single_image(i, jax.random.PRNGKey(0), threshold, 1.0) for i in nhwc]
        case(
            "solarize",
            f"{AUTHORS}/augmentations.py solarize",
            inputs.probes(back(jnp.stack(every))),
            threshold=threshold,
        )
    for sigma in (0.1, 0.7, 2.0):
        case("blur", f"{vision} gaussian_blur", inputs.probes(T.gaussian_blur(x, [3, 3], [sigma, sigma])), sigma=sigma)
        value = kornia.filters.gaussian_blur2d(x, (3, 3), (sigma, sigma), border_type="reflect")
        case("blur", of("kornia", "filters.gaussian_blur2d, reflect"), inputs.probes(value), sigma=sigma)
        inner = [theirs._gaussian_blur_single_image(i.astype(jnp.float32), 2, "VALID", sigma) for i in nhwc]
        case(
            "blur_inside",
            f"{AUTHORS}/augmentations.py gaussian_blur, without the edge",
            inputs.probes(back(jnp.stack(inner))),
            sigma=sigma,
        )
    for box in ((0, 0, 20, 24), (3, 5, 10, 12), (1, 2, 17, 9), (6, 0, 5, 24)):
        for size in ((20, 24), (8, 8), (32, 16)):
            value = T.resized_crop(x.float(), *box, list(size), T.InterpolationMode.BICUBIC, True).clamp(0, 1)
            case("crop", f"{vision} resized_crop, bicubic, antialias", inputs.probes(value), box=box, size=size)
    case("mirror", f"{vision} horizontal_flip", inputs.probes(T.horizontal_flip(x)))


def crops() -> None:
    from torchvision.transforms import RandomResizedCrop

    for height, width in ((32, 32), (24, 64)):
        torch.manual_seed(0)
        image = torch.zeros(3, height, width)
        boxes = torch.tensor(
            [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(200000)]
        ).double()
        case(
            "draw_boxes",
            of("torchvision", "RandomResizedCrop.get_params, 200,000 draws"),
            inputs.statistics(boxes, height, width),
            size=(height, width),
        )


def lars(authors: Path) -> None:
    from lightly.utils.lars import LARS

    theirs, wrapper = module(authors / "optimizers.py"), part("solo", "utils/lars.py").LARSWrapper
    for name, rates in inputs.RATES.items():
        for decay in (0.0, 1e-6, 0.05):
            given = {"rates": name, "decay": decay}
            weights = {
                "linear": {
                    "w": jnp.asarray(inputs.rows(5, 4, 1.1).numpy()),
                    "b": jnp.asarray(inputs.rows(1, 5, 1.3)[0].numpy()),
                }
            }
            state = None
            for k, rate in enumerate(rates):
                chain = theirs.lars(rate, decay, 0.9, 1e-3, theirs.exclude_bias_and_norm, theirs.exclude_bias_and_norm)
                state = chain.init(weights) if state is None else state
                slopes = {
                    "linear": {
                        "w": jnp.asarray(inputs.rows(5, 4, 2.0 + k).numpy()),
                        "b": jnp.asarray(inputs.rows(1, 5, 2.5 + k)[0].numpy()),
                    }
                }
                updates, state = chain.update(slopes, state, weights)
                weights = jax.tree_util.tree_map(lambda w, u: w + u, weights, updates)
            value = [*np.asarray(weights["linear"]["w"]).ravel().tolist(), *np.asarray(weights["linear"]["b"]).tolist()]
            case("lars", f"{AUTHORS}/optimizers.py lars", value, **given)
            if decay == 0.05:  # theirs adapts only what is decayed, and has the decay's norm added to the gradient's
                continue
            for whose, build in (
                (of("lightly", "utils/lars.py"), lambda p, d: LARS(p, 1.0, 0.9, weight_decay=d)),
                (
                    of("solo-learn", "solo/utils/lars.py"),
                    lambda p, d: wrapper(torch.optim.SGD(p, 1.0, 0.9, weight_decay=d), 1e-3, exclude_bias_n_norm=True),
                ),
            ):
                if decay == 0.0 and "lightly" in whose:
                    continue
                weight = torch.nn.Parameter(inputs.rows(5, 4, 1.1))
                optimizer = build([weight], decay)
                for k, rate in enumerate(rates):
                    weight.grad = inputs.rows(5, 4, 2.0 + k)
                    for group in optimizer.param_groups:
                        group["lr"] = rate
                    optimizer.step()
                case("lars_weight", whose, weight.detach().flatten(), **given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", type=Path, required=True)
    authors = parser.parse_args().authors
    losses(authors)
    schedules(authors)
    averages()
    neighbors()
    probes()
    health()
    views(authors)
    crops()
    lars(authors)
    lines = ",\n".join(json.dumps(each) for each in found)
    (HERE / "values.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(found)} values of {len({each['source'] for each in found})} sources", file=sys.stderr)


if __name__ == "__main__":
    main()
