"""What the scripts of perf/ do alike."""

import signal
import sys
from pathlib import Path


def run(main) -> None:
    """Ends with the status of `main()`. A reader that closes the pipe ends the script quietly; output that cannot be written, or a
    program that fails, is one line on standard error and status 2."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    name = Path(sys.argv[0]).name
    try:
        status = main()
        sys.stdout.flush()
    except (OSError, RuntimeError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        status = 2
        # The interpreter would try once more and complain in words of its own.
        sys.stdout = None
    sys.exit(status)
