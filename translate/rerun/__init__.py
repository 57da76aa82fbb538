"""Running again on a draft whose bilingual file exists: the draft's changes go into the file, the file's text stays.

``plan_rerun`` finds out what changed and what the model is needed for; ``merge`` applies it. The file is
patched in place: only what the machine is known to have written is ever replaced.
"""

from translate.rerun.conflict import Conflict, conflict_comment, read_conflict
from translate.rerun.existing import Existing, read_existing
from translate.rerun.merge import Fresh, Merged, Removed, merge, record_of
from translate.rerun.plan import Plan, plan_rerun
from translate.rerun.record import Record, Row

__all__ = [
    "Conflict",
    "Existing",
    "Fresh",
    "Merged",
    "Plan",
    "Record",
    "Removed",
    "Row",
    "conflict_comment",
    "merge",
    "plan_rerun",
    "read_conflict",
    "read_existing",
    "record_of",
]
