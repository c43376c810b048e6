"""The judge of the tilting study's animation: whether both ends of the path and z share a plane."""

from advdim.ledger.claims import Claim
from advdim.ledger.tilting_paths import lambda_of, reaches_both, scale_of_paths, source_path
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import outcome
from advdim.statistics.collect import Results

LEVELS = 3
"""Both ends, and something between them that can leave the plane."""
FIGURE = "tilting.html#rotation"


def judge_rotation(claim: Claim, results: Results) -> Verdict:
    """T07: see whether the strongest w is parallel to z, and whether the angles add up in one plane."""
    net, levels = source_path(results, "projections", "rotation")
    if net is None or len(levels) < LEVELS or not reaches_both(levels):
        return unjudged(claim)
    weakest, strongest = levels.iloc[0], levels.iloc[-1]
    farthest = levels.iloc[int(levels["outside"].argmax())]
    turned = float(weakest["angle_deg"] - strongest["angle_deg"])
    deviation = abs(float(strongest["to_weakest_deg"]) - turned)
    found = (
        f"At {lambda_of(strongest)} w is tilted by {strongest['angle_deg']:.2g} degrees against z, at "
        f"{lambda_of(weakest)} by {weakest['angle_deg']:.2f}. The angle between the two weight vectors differs from "
        f"the difference of these by {deviation:.2g} degrees. Between the ends the weight vectors leave the plane: up "
        f"to {farthest['outside']:.2f} of the length of w lies outside, at {lambda_of(farthest)}."
    )
    holds = strongest["angle_deg"] <= claim.limit("parallel") and deviation <= claim.limit("rotation")
    return judged(claim, outcome(bool(holds)), deviation, found, scale=scale_of_paths([net]), figure=FIGURE)
