"""The judges of the dimension study, by claim."""

from advdim.ledger.dimension_initial import judge_initialisation
from advdim.ledger.dimension_methods import (
    judge_dual_curves,
    judge_one_function,
    judge_proportion,
    judge_through_attack,
    judge_trade_off,
)
from advdim.ledger.dimension_penalties import judge_crossed_norms, judge_l2_threshold, judge_penalties
from advdim.ledger.dimension_pictures import judge_count
from advdim.ledger.dimension_pooling import judge_pooling
from advdim.ledger.dimension_theorems import (
    judge_attack_sizes,
    judge_augmentation,
    judge_average_pooling,
    judge_first_order,
)
from advdim.ledger.dimension_widths import judge_bend, judge_width_sweep
from advdim.ledger.verdict import Judge

JUDGES: dict[str, Judge] = {
    "D01": judge_first_order,
    "D02": judge_augmentation,
    "D03": judge_attack_sizes,
    "D04": judge_initialisation,
    "D05": judge_average_pooling,
    "D06": judge_penalties,
    "D07": judge_dual_curves,
    "D08": judge_one_function,
    "D09": judge_proportion,
    "D10": judge_trade_off,
    "D11": judge_count,
    "D12": judge_width_sweep,
    "D13": judge_bend,
    "D14": judge_pooling,
    "D15": judge_l2_threshold,
    "D16": judge_through_attack,
    "D17": judge_crossed_norms,
}
