"""Judges of the spheres study that compute: the perfect initialisation, the formula for rare errors, caps."""

import bisect
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, observations, published
from advdim.ledger.spheres_nets import DIMENSION, HIDDEN, OUTER_RADIUS
from advdim.ledger.verdict import Judge, Outcome, Verdict, judged
from advdim.ledger.wording import listed, outcome
from advdim.seeds import named_seed
from advdim.statistics.collect import Results
from advdim.statistics.intervals import Estimate, mean
from advdim.theory import caps, quadratic
from advdim.theory.ellipsoid import nearest_error_on_sphere
from advdim.theory.perfect_start import perfect_output_layer
from advdim.theory.quadratic_forms import (
    log_tail_clt,
    log_tail_clt_as_printed,
    log_tail_exact,
    log_tail_saddlepoint,
)

FloatArray = NDArray[np.float64]

INITIALISATION_POINTS = 10_000
HALF_INPUT_DIMENSION = 3000
MEASURES = (1e-4, 1e-3, 1e-2, 0.1, 0.3)
CAP_DIMENSIONS = (100, 500, 3000)
CAP_POINTS = 1_000_000
ELLIPSOID_STARTS = 1000
SHAPES: dict[str, FloatArray] = {
    "two values": np.repeat([-1.0, 1.0], DIMENSION // 2),
    "evenly spread": np.linspace(-1.0, 1.0, DIMENSION),
    "a few large": np.repeat([7.0, -3.0], [150, 350]),
    "a few small": np.repeat([-7.0, 3.0], [150, 350]),
}
"""Constructed spectra of S14 and S16, about their mean."""
DEPTHS = (0.25, 0.5, 1.0, 1.6, 4.0, 8.0)
"""How far a constructed spectrum's mean lies below 1, in standard deviations of the weighted sum."""


@dataclass(frozen=True)
class _Spectrum:
    """A spectrum's weights c = alpha - 1, and the logarithms of its error rate: exact and by three approximations."""

    weights: FloatArray
    exact: float
    normal: float
    as_printed: float
    saddlepoint: float

    @property
    def participation(self) -> float:
        """How many weights carry the sum."""
        return float(np.sum(self.weights**2) ** 2 / np.sum(self.weights**4))

    @property
    def relative_error(self) -> float:
        """Error of the normal approximation relative to the exact rate."""
        return math.expm1(self.normal - self.exact)


def judge_perfect_initialisation(claim: Claim, _: Results) -> Verdict:
    """S12: sample the probabilities of a quadratic net with orthonormal columns and the output layer they fix."""
    inner, outer = published(claim)
    weight, bias = perfect_output_layer(inner, outer, OUTER_RADIUS)
    generator = np.random.default_rng(named_seed(0, "ledger", claim.id))
    matrix = np.linalg.qr(generator.standard_normal((HIDDEN, DIMENSION)))[0]
    means = []
    for radius in (1.0, OUTER_RADIUS):
        points = generator.standard_normal((INITIALISATION_POINTS, DIMENSION))
        points *= radius / np.linalg.norm(points, axis=1, keepdims=True)
        squares = np.sum((points @ matrix.T) ** 2, axis=1)
        means.append(float(special.expit(weight * squares + bias).mean()))
    alpha = quadratic.alphas(np.linalg.svd(matrix, compute_uv=False), weight, bias)
    wrong = int(quadratic.wrong_alphas(alpha, OUTER_RADIUS).sum())
    off = max(abs(means[0] - inner), abs(means[1] - outer))
    found = (
        f"Output weight {weight:.2f} and bias {bias:.2f} on a W1 with orthonormal columns give mean probabilities "
        f"{means[0]:.6f} (inner) and {means[1]:.6f} (outer); every alpha is {alpha.mean():.3f}, {wrong} of "
        f"{len(alpha)} are wrong. The output layer is computed from the published figures, so this shows that they "
        "belong to a perfect net, not how the source found it."
    )
    scale = f"d = {DIMENSION}, {HIDDEN:,} hidden units, no training, {INITIALISATION_POINTS:,} points of each sphere"
    holds = off <= claim.limit() and wrong == 0
    return judged(claim, outcome(holds), means[0], found, scale=scale)


def judge_normal_approximation(claim: Claim, results: Results) -> Verdict:
    """S14: compare the normal approximation with the exact rate on constructed and trained spectra."""
    constructed, trained = list(_constructed()), list(_trained(results))
    fitting = [spectrum for spectrum in constructed + trained if _qualifies(claim, spectrum)]
    worst = max((spectrum.relative_error for spectrum in fitting), key=abs, default=math.nan)
    middle, far = constructed[2], min(constructed, key=lambda spectrum: spectrum.exact)
    saddlepoint = max(abs(math.expm1(spectrum.saddlepoint - spectrum.exact)) for spectrum in constructed)
    found = (
        f"{len(fitting)} of {len(constructed) + len(trained)} spectra are judged; the largest relative error is "
        f"{100 * worst:+.1f} %. Both versions at an exact rate of {math.exp(middle.exact):.3f}: "
        f"{math.exp(middle.normal):.3f} with sigma squared as derived, {math.exp(middle.as_printed):.3f} as printed. "
        f"Of the constructed spectra's rates the approximation is off by a factor of up to "
        f"{_largest_factor(constructed, 1e-2, 1.0):.2g} above 1e-2, {_largest_factor(constructed, 1e-6, 1e-2):.2g} "
        f"between 1e-6 and 1e-2, and without bound below: it gives {_power(far.normal)} for {_power(far.exact)}. The "
        f"saddlepoint formula stays within {100 * saddlepoint:.2g} % throughout."
    )
    scale = f"d = {DIMENSION}, {len(constructed)} constructed spectra, {len(trained)} of trained nets"
    holds = bool(fitting) and abs(worst) <= claim.limit("relative")
    return judged(claim, outcome(holds), worst, found, scale=scale, figure="spheres.html#tails")


def judge_half_input(claim: Claim, _: Results) -> Verdict:
    """S15: evaluate the source's formula where half of the input is seen, and find where it gives what is claimed."""
    (claimed,) = published(claim)
    dimension, target, log10 = HALF_INPUT_DIMENSION, math.log10(claimed), math.log(10.0)
    value = quadratic.partial_model_log_error(dimension, dimension // 2) / log10
    exact = quadratic.partial_model_log_error_exact(dimension, dimension // 2) / log10

    def depth(d: int, k: int) -> float:
        return -quadratic.partial_model_log_error(d, k) / log10

    halves = range(2, 2 * dimension, 2)
    enough = halves[bisect.bisect_left(halves, -target, key=lambda d: depth(d, d // 2))]
    seen = range(1, dimension)
    fewest = seen[bisect.bisect_left(seen, -target, key=lambda k: depth(dimension, k))]
    found = (
        f"The formula gives {_power(value * log10)} at d = {dimension}, k = {dimension // 2} (exactly: "
        f"{_power(exact * log10)}), where the source states {claimed:g}. It falls below that from d = {enough} on at "
        f"half of the input, or at d = {dimension} from k = {fewest} on ({100 * fewest / dimension:.0f} %)."
    )
    verdict: Outcome = "reproduced" if abs(value - target) <= claim.limit("log10") else "erratum"
    scale = f"theory: d = {dimension}"
    return judged(claim, verdict, 10.0**value, found, scale=scale, figure="spheres.html#half-input")


def judge_cap_distance(claim: Claim, _: Results) -> Verdict:
    """S16: compare the exact mean distance to a cap with a simulation, with ellipsoids, and with the source's curve."""
    generator = np.random.default_rng(named_seed(0, "ledger", claim.id))
    deviations, errors = [], []
    for dimension in CAP_DIMENSIONS:
        distances = _simulated_distances(dimension, generator)
        expected = caps.mean_distance_to_cap(MEASURES, dimension)
        deviations.append(np.abs(distances.mean(axis=1) / expected - 1.0))
        errors.append(distances.std(axis=1) / math.sqrt(CAP_POINTS) / expected)
    largest, noise = float(np.max(deviations)), float(np.max(errors))
    ratios = [_over_cap(spectrum, generator) for spectrum in _constructed()]
    nearer = sum(ratio.high <= 1.0 for ratio in ratios)
    measure = MEASURES[2]
    curves = (caps.mean_distance_to_cap, caps.mean_distance_to_cap_first_order, caps.mean_distance_to_cap_source)
    exact, first_order, source = (float(curve(measure, DIMENSION)) for curve in curves)
    found = (
        f"Exact and simulated mean distance differ by at most {100 * largest:.2f} % (standard error of the simulation "
        f"at most {100 * noise:.2f} %). At measure {measure:g} and d = {DIMENSION} the distance is {exact:.4f} "
        f"exactly, {first_order:.4f} to first order, and {source:.4f} on the source's curve, which is sqrt(2) too "
        f"high. Of {len(ratios)} ellipsoids (S14's) {nearer} have their errors nearer than a cap of the same measure: "
        f"at {min(ratio.value for ratio in ratios):.3f} to {max(ratio.value for ratio in ratios):.3f} times its mean "
        "distance."
    )
    scale = (
        f"theory: d = {listed(f'{d:,}' for d in CAP_DIMENSIONS)}, measures {MEASURES[0]:g} to {MEASURES[-1]:g}, "
        f"{CAP_POINTS:,} simulated points each; {len(ratios)} ellipsoids, {ELLIPSOID_STARTS:,} points each"
    )
    holds = largest <= claim.limit() and noise < claim.limit() / 5 and nearer == len(ratios)
    return judged(claim, outcome(holds), largest, found, scale=scale, figure="spheres.html#caps")


def _over_cap(spectrum: _Spectrum, generator: np.random.Generator) -> Estimate:
    """Mean distance to the errors of an ellipsoid, in that to a cap of the same measure, over random points."""
    starts = generator.standard_normal((ELLIPSOID_STARTS, DIMENSION))
    distance = nearest_error_on_sphere(1.0 + spectrum.weights, starts).distance
    latitude = caps.cap_latitude_from_log(spectrum.exact, DIMENSION)
    return mean(distance / caps.mean_distance_to_latitude(latitude, DIMENSION))


def _simulated_distances(dimension: int, generator: np.random.Generator) -> FloatArray:
    """Distances of random points of the sphere to the cap of each measure, shape (measures, points).

    Only the latitude matters: x_1 = g_1 / |g|, and the nearest point of the cap lies on the same meridian.
    """
    first = generator.standard_normal(CAP_POINTS)
    latitude = first / np.sqrt(first**2 + generator.chisquare(dimension - 1, CAP_POINTS))
    across = np.sqrt(1.0 - latitude**2)
    edges = caps.cap_latitude(MEASURES, dimension)
    rows = [
        np.where(latitude >= edge, 0.0, np.hypot(latitude - edge, across - math.sqrt(1.0 - edge**2))) for edge in edges
    ]
    return np.array(rows)


def _constructed() -> Iterator[_Spectrum]:
    """Each shape, shifted so that the mean of the weighted sum lies so many standard deviations below zero."""
    for shape in SHAPES.values():
        for depth in DEPTHS:
            shift = depth * math.sqrt(2.0 * float(shape @ shape) / (shape.size * (shape.size - 2.0 * depth**2)))
            yield _spectrum(shape - shift)


def _trained(results: Results) -> Iterator[_Spectrum]:
    """The spectrum of each snapshot of the trained quadratic nets."""
    table = observations(results, "alphas")
    if not table.empty:
        for _, rows in table.drop_duplicates([*NET, "step", "axis"]).dropna(subset="alpha").groupby([*NET, "step"]):
            yield _spectrum(rows["alpha"].to_numpy(dtype=np.float64) - 1.0)


def _spectrum(weights: FloatArray) -> _Spectrum:
    tails = (log_tail_exact, log_tail_clt, log_tail_clt_as_printed, log_tail_saddlepoint)
    return _Spectrum(weights, *(tail(weights) for tail in tails))


def _largest_factor(spectra: list[_Spectrum], low: float, high: float) -> float:
    """By how much the normal approximation is off, upwards or downwards, at exact rates between two."""
    off = [abs(s.normal - s.exact) for s in spectra if math.log(low) <= s.exact <= math.log(high)]
    return math.exp(max(off))


def _qualifies(claim: Claim, spectrum: _Spectrum) -> bool:
    common = claim.limit("rate_low") <= math.exp(spectrum.exact) <= claim.limit("rate_high")
    return common and spectrum.participation >= claim.limit("participation")


def _power(log_rate: float) -> str:
    """Write a rate that may underflow, from its natural logarithm: ``3.2e-22``."""
    log10 = log_rate / math.log(10.0)
    exponent = math.floor(log10)
    return f"{10.0 ** (log10 - exponent):.1f}e{exponent}"


JUDGES: dict[str, Judge] = {
    "S12": judge_perfect_initialisation,
    "S14": judge_normal_approximation,
    "S15": judge_half_input,
    "S16": judge_cap_distance,
}
