"""The pipeline's steps as Prefect tasks and flows. Prefect orchestrates; the logic is in ``translate``.

Importing this package imports no Prefect. It only says, before Prefect reads its settings, that nothing
is sent home; whoever wants otherwise sets the variables.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
